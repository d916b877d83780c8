/** The words of the glossary, as types. See docs/glossary.md. */

/** A node's configured role. */
export type Role = 'main' | 'standby';

/** Who may vote: a node (by its role) or a checkpoint (by its configured name). */
export type VoterName = string;

/** Number of a term of service. Main even, standby odd, so that none is ever taken twice; 0 is "none yet". */
export type Epoch = number;

/** Milliseconds on the local monotonic clock (CLOCK_MONOTONIC: comparable between processes within one boot). */
export type Instant = number;

/** A span of time in milliseconds. */
export type Millis = number;

/** Milliseconds since 1970 on the wall clock; only for display and for spans that must outlive a boot. */
export type WallTime = number;

export type Verdict = 'up' | 'degraded' | 'down' | 'unknown';

export type Mode = 'automatic' | 'manual';

/** A rule that names itself and the facts it used; the journal, `explain` and the page show it. */
export interface Reason {
  /** Stable rule name, documented in docs/rules.md. */
  readonly rule: string;
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
}

export const rivalOf = (role: Role): Role => (role === 'main' ? 'standby' : 'main');

/** The smallest epoch above `highest` that belongs to `role`. */
export const nextEpoch = (role: Role, highest: Epoch): Epoch => {
  const parity = role === 'main' ? 0 : 1;
  return (highest + 1) % 2 === parity ? highest + 1 : highest + 2;
};

/** What came from outside and is not known yet, but for having fields. */
export type Fields = Readonly<Record<string, unknown>>;

/** No list and not null: its fields may be looked at. */
export const isRecord = (input: unknown): input is Fields =>
  typeof input === 'object' && input !== null && !Array.isArray(input);
