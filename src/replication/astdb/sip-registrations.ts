/**
 * Registrations with chan_sip (`SIP/Registry`): it reads them only when it loads, and counts each from then. So a passive node loads it
 * anew when they have changed, and before the first of them would expire there, which would take its row away too.
 */
import type { Result } from '../../core/result.ts';
import type { Instant, Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';

const family = 'SIP/Registry/';

export const isSipRegistration = (key: string): boolean => key.startsWith(family);

/** `absent`: this Asterisk has no chan_sip. `busy`: it has calls, and keeps what it knows. */
export type Refreshed = 'done' | 'absent' | 'busy';

export interface SipRegistrations {
  /** These rows are in our Asterisk now; all others of `rows` are passed over. */
  hold(rows: ReadonlyMap<string, string>): void;
  /** At once; resolves when it is done or cannot be. */
  refresh(): Promise<void>;
  /** Nothing more by itself, until the next `hold`: this node begins to serve. */
  rest(): void;
  /** What it has not read yet is read now, before there are calls. */
  settle(): Promise<void>;
  /** Asterisk was started anew: it may have a chan_sip now. */
  reopened(): void;
}

interface State {
  readonly ask: () => Promise<Result<Refreshed>>;
  readonly clock: Clock;
  readonly enqueue: (task: () => Promise<void>) => void;
  rows: string;
  /** Of the shortest of them. */
  lifeMs: Millis;
  /** What chan_sip has read; null: not known. */
  read: string | null;
  lastAt: Instant | null;
  absent: boolean;
  resting: boolean;
  cancel: () => void;
}

/** Changes that come together are read together. */
const settleMs: Millis = 300;
/** Reading takes chan_sip some tens of milliseconds, in which nobody is answered. */
const leastBetweenMs: Millis = 5_000;
/** chan_sip drops a registration ten seconds after its time. */
const soonestAgainMs: Millis = 15_000;
/** `address:port:seconds:user:contact`; an address of IPv6 is in brackets. */
const VALUE = /^(?:\[[^\]]*\]|[^:]*):\d+:(\d{1,7}):/;

/** How long the shortest lasts from when it is read; endless where there is none. */
export const shortestMs = (values: Iterable<string>): Millis => {
  let least = Number.POSITIVE_INFINITY;
  for (const value of values)
    least = Math.min(least, Number(VALUE.exec(value)?.[1] ?? Number.POSITIVE_INFINITY) * 1000);
  return least;
};

/** When chan_sip is to read its rows next; null: never. Pure. */
export const dueAt = (
  { rows, read, lastAt, lifeMs }: Pick<State, 'rows' | 'read' | 'lastAt' | 'lifeMs'>,
  now: Instant,
): Instant | null => {
  if (rows === (read ?? '')) {
    if (lastAt === null || !Number.isFinite(lifeMs)) return null;
    return lastAt + Math.max(soonestAgainMs, lifeMs * 0.75);
  }
  return Math.max(now + settleMs, (lastAt ?? Number.NEGATIVE_INFINITY) + leastBetweenMs);
};

/** `enqueue`: between what else is done to Asterisk's rows. */
export const createSipRegistrations = (
  ask: State['ask'],
  clock: Clock,
  enqueue: State['enqueue'],
): SipRegistrations => {
  const state: State = {
    ask,
    clock,
    enqueue,
    rows: '',
    lifeMs: Number.POSITIVE_INFINITY,
    read: null,
    lastAt: null,
    absent: false,
    resting: true,
    cancel: () => undefined,
  };
  return {
    hold: (rows) => {
      const own: (readonly [string, string])[] = [];
      for (const row of rows) if (isSipRegistration(row[0])) own.push(row);
      own.sort(([a], [b]) => (a < b ? -1 : 1));
      state.rows = own.map(([key, value]) => `${key}\n${value}\n`).join('');
      state.lifeMs = shortestMs(own.map(([, value]) => value));
      state.resting = false;
      plan(state);
    },
    refresh: () => refresh(state),
    rest: () => {
      state.resting = true;
      state.cancel();
    },
    settle: async () => {
      if (state.read !== null && state.rows !== state.read) await refresh(state);
    },
    reopened: () => {
      state.absent = false;
      state.read = null;
    },
  };
};

const plan = (state: State): void => {
  state.cancel();
  if (state.resting || state.absent) return;
  const at = dueAt(state, state.clock.now());
  if (at === null) return;
  state.cancel = state.clock.at(at, () => {
    state.enqueue(async () => {
      if (!state.resting) await refresh(state);
    });
  });
};

const refresh = async (state: State): Promise<void> => {
  if (state.absent) return;
  const { rows } = state;
  state.lastAt = state.clock.now();
  const done = await state.ask();
  if (done.ok && done.value === 'done') state.read = rows;
  if (done.ok && done.value === 'absent') state.absent = true;
  plan(state);
};
