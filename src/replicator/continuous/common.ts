/** What both sides of the continuous stream of the database share: what the standby says of itself, and how troubles are told. */
import type { Fault } from '../../core/result.ts';
import type { Instant, Millis, WallTime } from '../../core/words.ts';
import type { StreamCondition, StreamReporter } from '../../replication/stream.ts';

/** What the standby says of itself, and the main shows. */
export interface FollowerView {
  readonly condition: StreamCondition;
  readonly text: string;
  /** How much older the copy is at most; null: not known. */
  readonly lagMs: Millis | null;
  /** Whole copies since its replicator began. */
  readonly copies: number;
  /** Rows and bytes of the last of them. */
  readonly rows: number | null;
  readonly bytes: number | null;
}

const conditions: readonly string[] = ['off', 'waiting', 'running', 'in-step', 'behind', 'blocked', 'failed'];

const isCount = (input: unknown): boolean => typeof input === 'number' && Number.isFinite(input) && input >= 0;
const isCountOrNull = (input: unknown): boolean => input === null || isCount(input);

/** The other node's word, checked; null: it is not understood. */
export const followerViewOf = (input: unknown): FollowerView | null => {
  if (typeof input !== 'object' || input === null) return null;
  const { condition, text, lagMs, copies, rows, bytes } = input as Readonly<Record<string, unknown>>;
  const wellFormed =
    typeof condition === 'string' &&
    conditions.includes(condition) &&
    typeof text === 'string' &&
    text.length < 2000 &&
    [lagMs, rows, bytes].every(isCountOrNull) &&
    isCount(copies);
  return wellFormed ? (input as FollowerView) : null;
};

/** A trouble that has lasted so long is told; what mends itself is no news. */
const TELL_AFTER_MS: Millis = 5000;

export interface Troubles {
  /** How it stands now: the trouble, or null. Cheap; at every look. */
  note(fault: Fault | null): void;
  last(): (Fault & { readonly at: WallTime }) | null;
}

/** Tells people once of each trouble that lasts, and of its end. */
export const createTroubles = (clock: { now(): Instant; wall(): WallTime }, reporter: StreamReporter): Troubles => {
  let current: { readonly fault: Fault & { readonly at: WallTime }; readonly since: Instant } | null = null;
  let told: string | null = null;
  return {
    note: (fault) => {
      if (fault === null) {
        if (told !== null) reporter.say('info', 'database-well', 'The database follows again.');
        current = null;
        told = null;
        return;
      }
      const since = current?.fault.code === fault.code ? current.since : clock.now();
      current = { fault: { ...fault, at: clock.wall() }, since };
      if (fault.code === told || clock.now() - since < TELL_AFTER_MS) return;
      told = fault.code;
      reporter.say('alarm', fault.code, `The database does not follow: ${fault.message} ${fault.remedy}`);
    },
    last: () => current?.fault ?? null,
  };
};

/** Waits on this clock; an abort ends it early. */
export const waitFor = (
  clock: { now(): Instant; at(at: Instant, fire: () => void): () => void },
  ms: Millis,
  signal: AbortSignal,
): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.at(clock.now() + ms, end);
    signal.addEventListener('abort', end, { once: true });
  });

/** What is under way may end by itself for so long; then it is left to die with the process. */
export const STOP_MS: Millis = 2000;

export const withinStop = async (
  clock: { now(): Instant; at(at: Instant, fire: () => void): () => void },
  working: Promise<unknown>,
): Promise<void> => {
  const enough = new AbortController();
  await Promise.race([working, waitFor(clock, STOP_MS, enough.signal)]);
  enough.abort();
};
