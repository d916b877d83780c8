export interface Ledger<Kind extends string> {
  readonly note: (kind: Kind, atMs: number) => void;
  /** How often each kind was noted in a window. */
  readonly count: (sinceMs: number, untilMs: number) => Readonly<Record<Kind, number>>;
  /** When a kind was first noted at or after a moment. */
  readonly first: (kind: Kind, sinceMs: number) => number | undefined;
}

/** Remembers when things happened. Moments are noted in their order. */
export function createLedger<Kind extends string>(kinds: readonly Kind[]): Ledger<Kind> {
  const momentsByKind = new Map<Kind, number[]>(kinds.map((kind) => [kind, []]));
  return {
    note: (kind, atMs) => momentsByKind.get(kind)?.push(atMs),
    first: (kind, sinceMs) => momentsByKind.get(kind)?.find((atMs) => atMs >= sinceMs),
    count: (sinceMs, untilMs) => {
      const counts = kinds.map((kind) => {
        const moments = momentsByKind.get(kind) ?? [];
        return [kind, moments.filter((atMs) => atMs >= sinceMs && atMs <= untilMs).length] as const;
      });
      return Object.fromEntries(counts) as Record<Kind, number>;
    },
  };
}
