/** What the process that refuses callers (`src/refuser`) says to the agent; it is told nothing. */
export type FromRefuser =
  /** Callers are answered from here on. */
  { readonly type: 'listening' } | { readonly type: 'failed'; readonly code: string; readonly text: string };
