/** Brings one switch to where service is and keeps it there: one thing at a time, retried as long as it is wanted, called off when it is not. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, Result } from '../core/result.ts';
import type { Epoch, Millis, WallTime } from '../core/words.ts';
import { persist } from '../switches/persist.ts';
import type { Service, SwitchNote, SwitchView } from './protocol.ts';
import type { Switch } from './switch.ts';

/** Under which term of this node a switch was last done; outlives the process. */
export interface DoneMemory {
  /** 0: never, or in a former boot. */
  read(name: string): Epoch;
  write(name: string, epoch: Epoch): void;
}

export interface FollowerOptions {
  readonly memory: DoneMemory;
  readonly retryMs: Millis;
  readonly retryMostMs: Millis;
  readonly wall: () => WallTime;
  readonly note: (note: SwitchNote) => void;
  readonly changed: () => void;
  /** For tests. */
  readonly wait?: (ms: Millis, signal: AbortSignal) => Promise<void>;
}

export interface Follower {
  follow(service: Service): void;
  view(): SwitchView;
  /** Calls off what is under way, and waits for it. */
  stop(): Promise<void>;
}

type Direction = SwitchNote['direction'];

interface State {
  readonly which: Switch;
  readonly options: FollowerOptions;
  service: Service | null;
  view: SwitchView;
  cancel: AbortController;
  /** What was under way before has ended, called off or not: never two at once at one machine. */
  working: Promise<void>;
}

const waitUnless = async (ms: Millis, signal: AbortSignal): Promise<void> => {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
};

const show = (state: State, change: Partial<SwitchView>): void => {
  const { view, options } = state;
  const isNew = change.state !== undefined && (change.state !== view.state || change.direction !== view.direction);
  state.view = { ...view, ...change, since: isNew ? options.wall() : view.since };
  options.changed();
};

const noteDone = (state: State, direction: Direction, text: string): void => {
  const { name, failed } = state.view;
  const tries = failed === 0 ? '' : ` after ${failed + 1} tries`;
  const outcome = 'done';
  state.options.note({ name, direction, outcome, code: 'switch-done', text: `${name}: ${text}${tries}` });
};

/** Until it comes about or is called off; each new reason is told once. */
const insist = async <T>(
  state: State,
  direction: Direction,
  attempt: (signal: AbortSignal) => Promise<Result<T>>,
  signal: AbortSignal,
): Promise<Result<T>> => {
  const { options, which } = state;
  let last = '';
  const onFault = ({ code, message, remedy }: Fault, tries: number): void => {
    show(state, { state: 'trying', direction, failed: tries, trouble: message, remedy });
    if (code === last) return;
    last = code;
    const text = `${which.name}: ${message} It is tried again.`;
    options.note({ name: which.name, direction, outcome: 'failed', code, text });
  };
  const { retryMs: firstMs, retryMostMs: mostMs, wait } = options;
  return persist(attempt, { firstMs, mostMs, signal, onFault, ...(wait === undefined ? {} : { wait }) });
};

const done = (state: State, direction: Direction): void =>
  show(state, { state: 'done', direction, failed: 0, trouble: null, remedy: null });

/** Of the term that is served now: it may be renewed under another number in between. */
const epochOf = ({ service }: State): Epoch => service?.epoch ?? 0;

const keepLooking = async (state: State, signal: AbortSignal): Promise<void> => {
  const { which, options } = state;
  const { wait = waitUnless, note } = options;
  for (;;) {
    await wait(which.lookMs, signal);
    if (signal.aborted) return;
    const looked = await insist(state, 'activate', (each) => which.look(each, epochOf(state)), signal);
    if (!looked.ok) return;
    if (looked.value !== null) {
      const text = `${which.name}: ${looked.value}`;
      note({ name: which.name, direction: 'activate', outcome: 'mended', code: 'switch-mended', text });
    } else if (state.view.failed > 0) noteDone(state, 'activate', 'it is well again');
    done(state, 'activate');
  }
};

const activate = async (state: State, epoch: Epoch, continued: boolean, signal: AbortSignal): Promise<void> => {
  const { which, options } = state;
  show(state, { state: 'trying', direction: 'activate', failed: 0, trouble: null, remedy: null });
  const came = await insist(state, 'activate', (each) => which.activate(continued, each, epochOf(state)), signal);
  if (!came.ok) return;
  options.memory.write(which.name, epoch);
  noteDone(state, 'activate', came.value);
  done(state, 'activate');
  await keepLooking(state, signal);
};

const passivate = async (state: State, signal: AbortSignal): Promise<void> => {
  const act = state.which.passivate;
  if (act === null) return;
  show(state, { state: 'trying', direction: 'passivate', failed: 0, trouble: null, remedy: null });
  const came = await insist(state, 'passivate', act, signal);
  if (!came.ok) return;
  noteDone(state, 'passivate', came.value);
  done(state, 'passivate');
};

const same = (a: Service | null, b: Service): boolean =>
  a !== null && a.active === b.active && a.epoch === b.epoch && a.others === b.others;

/** Calls off what is under way; what follows begins when that has ended. */
const turnTo = (state: State, work: (signal: AbortSignal) => Promise<void>): void => {
  state.cancel.abort();
  const cancel = new AbortController();
  state.cancel = cancel;
  const before = state.working;
  state.working = (async () => {
    await before;
    if (!cancel.signal.aborted) await work(cancel.signal);
  })();
};

const follow = (state: State, service: Service): void => {
  const { which, options, service: before } = state;
  if (same(before, service)) return;
  state.service = service;
  const doneEpoch = options.memory.read(which.name);
  if (service.active) {
    // A term that is renewed under another number, or just seen from elsewhere, is the same service.
    if (before?.active === true) {
      if (doneEpoch > 0 && service.epoch > doneEpoch && state.view.state === 'done')
        options.memory.write(which.name, service.epoch);
      return;
    }
    const continued = doneEpoch > 0 && service.others < doneEpoch;
    turnTo(state, (signal) => activate(state, service.epoch, continued, signal));
    return;
  }
  const isOthers = service.others > doneEpoch;
  const isBegun = state.view.direction === 'passivate';
  // A short loss of the right is no reason to stop anything: only the other's term is.
  if (before?.active === true || (isOthers && !isBegun)) {
    show(state, { state: 'waiting', direction: null, failed: 0, trouble: null, remedy: null });
    turnTo(state, (signal) => (isOthers ? passivate(state, signal) : Promise.resolve()));
  }
};

export const createFollower = (which: Switch, options: FollowerOptions): Follower => {
  const state: State = {
    which,
    options,
    service: null,
    view: {
      name: which.name,
      state: 'waiting',
      direction: null,
      since: options.wall(),
      failed: 0,
      trouble: null,
      remedy: null,
    },
    cancel: new AbortController(),
    working: Promise.resolve(),
  };
  return {
    follow: (service) => follow(state, service),
    view: () => state.view,
    stop: async () => {
      state.cancel.abort();
      await state.working;
    },
  };
};
