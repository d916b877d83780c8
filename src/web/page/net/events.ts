/** The line of events: connected while somebody looks, and again after it was lost, later each time. */
import { API, type EventByName } from '../../contract.ts';
import type { PageEvent } from '../state/state.ts';

/** What of the browser it needs, so that a test can be one. */
export interface Source {
  addEventListener(name: string, listener: (event: { readonly data: string }) => void): void;
  close(): void;
}

export interface EventLine {
  readonly open: () => void;
  readonly close: () => void;
  /** Does not wait for the time that was set. */
  readonly tryNow: () => void;
}

export interface LineAround {
  readonly connect: (address: string) => Source;
  readonly now: () => number;
  /** Calls `fire` later; returns what cancels it. */
  readonly later: (ms: number, fire: () => void) => () => void;
  /** From 0 to 1. */
  readonly chance: () => number;
  readonly dispatch: (event: PageEvent) => void;
  /** The line would not open, or its session is over: is there still one? */
  readonly onDoubt: () => void;
  /** It is open again after it was lost: what was missed must be fetched. */
  readonly onBack: () => void;
}

const FIRST_MS = 500;
const LONGEST_MS = 15_000;
/** A change comes each second, for ages change; so long without one, and the line is dead whatever TCP believes. */
const SILENCE_MS = 8000;

/** How long to wait before try number `tries` (from 0); between half and all of it, so that viewers do not come all at once. */
export const backoffMs = (tries: number, chance: number): number =>
  Math.round(Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(tries, 10)) * (0.5 + chance / 2));

interface Handlers {
  readonly opened: () => void;
  readonly failed: () => void;
  readonly heard: () => void;
  readonly bye: (data: EventByName['bye']) => void;
}

/** What each event of the server means for the page. */
const attach = (source: Source, { dispatch, now }: LineAround, { opened, failed, heard, bye }: Handlers): void => {
  const on = <N extends keyof EventByName>(name: N, handle: (data: EventByName[N]) => void): void =>
    source.addEventListener(name, ({ data }) => {
      heard();
      handle(JSON.parse(data) as EventByName[N]);
    });
  source.addEventListener('open', opened);
  source.addEventListener('error', failed);
  on('pair', (pair) => dispatch({ type: 'pair', pair, now: now() }));
  on('change', (change) => dispatch({ type: 'change', change, now: now() }));
  on('journal', (entries) => dispatch({ type: 'journal', entries }));
  on('job', (job) => dispatch({ type: 'jobs', jobs: [job] }));
  on('bye', bye);
};

/** A timer that is set anew each time, and can be put off. */
const createAlarm = (later: LineAround['later']) => {
  let cancel: (() => void) | null = null;
  const stop = (): void => {
    cancel?.();
    cancel = null;
  };
  const set = (ms: number, fire: () => void): void => {
    stop();
    cancel = later(ms, () => {
      cancel = null;
      fire();
    });
  };
  return { set, stop, isSet: () => cancel !== null };
};

export const createEventLine = (around: LineAround): EventLine => {
  const { dispatch, now } = around;
  const next = createAlarm(around.later);
  const silence = createAlarm(around.later);
  let source: Source | null = null;
  let tries = 0;
  let lostAt: number | null = null;

  const drop = (): void => {
    source?.close();
    source = null;
    next.stop();
    silence.stop();
  };
  const lose = (waitMs: number): void => {
    drop();
    lostAt ??= now();
    tries += 1;
    dispatch({ type: 'link', link: { name: 'lost', since: lostAt, retryAt: now() + waitMs } });
    next.set(waitMs, connect);
  };
  const heard = (): void => silence.set(SILENCE_MS, () => lose(backoffMs(tries, around.chance())));
  const opened = (): void => {
    dispatch({ type: 'link', link: { name: 'open' } });
    if (lostAt !== null) around.onBack();
    lostAt = null;
    tries = 0;
    heard();
  };
  const failed = (): void => {
    if (lostAt === null || tries % 4 === 3) around.onDoubt();
    lose(backoffMs(tries, around.chance()));
  };
  const bye = ({ reason, retryMs }: EventByName['bye']): void => {
    if (reason === 'session-over') around.onDoubt();
    lose(Math.max(retryMs, 200));
  };
  const connect = (): void => {
    drop();
    if (lostAt === null) dispatch({ type: 'link', link: { name: 'connecting' } });
    const fresh = around.connect(`${API}/events`);
    source = fresh;
    attach(fresh, around, { opened, failed, heard, bye });
  };
  return {
    open: () => {
      if (source === null && !next.isSet()) connect();
    },
    close: () => {
      drop();
      lostAt = null;
      tries = 0;
    },
    tryNow: () => {
      tries = 0;
      connect();
    },
  };
};
