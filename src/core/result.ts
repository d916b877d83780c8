/** An expected failure, as a value: what happened, in one sentence, and what the reader can do about it. */
export interface Fault {
  /** Stable, kebab-case; documented in docs/faults.md. */
  readonly code: string;
  readonly message: string;
  /** The next step for the person who reads it. */
  readonly remedy: string;
}

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Fault };

export const ok = <T>(value: T): Result<T> => ({ ok: true, value });

export const fail = (code: string, message: string, remedy: string): { readonly ok: false; readonly error: Fault } => ({
  ok: false,
  error: { code, message, remedy },
});

/** What was thrown, in words. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The system's code of what was thrown, such as `ENOENT`; `unknown` where it has none. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
