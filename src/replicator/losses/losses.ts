/** What would be lost if service moved now, for persons; and on the standby, the streams as the main last told of them. */
import type { Config } from '../../config/config.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { isRecord, type Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import { lossNow, spanText } from '../../replication/merge/loss.ts';
import type { StreamStatus } from '../../replication/stream.ts';
import type { Talk } from '../../replication/talk.ts';
import type { Merging } from '../merge/merging.ts';
import type { LossView } from '../protocol.ts';
import { createSuccesses, type Successes } from './successes.ts';

export interface Losses {
  start(): void;
  /** The term under which this node serves, 0 when it does not. */
  setHolding(holding: number): void;
  /** This node's, with what the main says of those that come here. */
  statuses(): readonly StreamStatus[];
  /** From what is known without asking anybody. */
  view(): LossView;
  /** Asks whom it must, 15 s at most; what cannot be told counts as lost. */
  tell(signal: AbortSignal): Promise<Result<LossView>>;
  stop(): void;
}

export interface LossesOptions {
  readonly config: Pick<Config, 'node' | 'streams' | 'stateDir'>;
  readonly talk: Talk;
  readonly clock: Clock;
  readonly own: () => readonly StreamStatus[];
  readonly merging: Pick<Merging, 'merges' | 'wholeAt'>;
}

const LOOK_MS: Millis = 5000;
const ASK_MS: Millis = 5000;
const TELL_MS: Millis = 15_000;
const PREVIEW_MS: Millis = 10_000;

const COUNT_HOLDS_MS: Millis = 2 * LOOK_MS;

const isNumberOrNull = (input: unknown): boolean => input === null || typeof input === 'number';

const isPending = (input: unknown): boolean =>
  input === undefined ||
  input === null ||
  (isRecord(input) && typeof input['count'] === 'number' && typeof input['text'] === 'string');

const isStatus = (input: unknown): input is StreamStatus => {
  if (!isRecord(input)) return false;
  const { name, condition, text, lagMs, lastSuccess, lastError, nextRun, tookMs, pending } = input;
  const texts = typeof name === 'string' && typeof condition === 'string' && typeof text === 'string';
  const error = lastError === null || (isRecord(lastError) && typeof lastError['message'] === 'string');
  return texts && error && isPending(pending) && [lagMs, lastSuccess, nextRun, tookMs].every(isNumberOrNull);
};

const isView = (input: unknown): input is LossView =>
  isRecord(input) &&
  typeof input['exceedsLimit'] === 'boolean' &&
  typeof input['text'] === 'string' &&
  Array.isArray(input['items']);

const badAnswer = () =>
  fail('peer-bad-answer', 'The other node said something odd of its streams.', 'Run the same version on both nodes.');

const sentence = (items: LossView['items']): string =>
  items.length === 0 ? 'Nothing would be lost now.' : items.map(({ text }) => text).join(' ');

const viewOf = (move: LossView['move'], items: LossView['items'], exceedsLimit: boolean): LossView => ({
  move,
  exceedsLimit,
  text: sentence(items),
  items,
});

const NOT_HOME =
  'What the standby collected is not all at home; it stays on the standby until `dualtone merge run` brings it.';
const NOT_ASKED = 'The standby cannot be asked whether it collected what is not at home.';

interface State {
  readonly options: LossesOptions;
  readonly successes: Successes;
  readonly limitMs: Millis;
  holding: number;
  /** On the standby: the main's streams, and when it told of them. */
  heard: { readonly at: number; readonly streams: readonly StreamStatus[] } | null;
  /** On the main: whether the standby has something to bring, null when it was never asked. */
  due: boolean | null;
  /** On the standby that serves: what the main last said of a failback. */
  failback: LossView | null;
}

const takeover = (state: State, streams: readonly StreamStatus[]): LossView => {
  const { clock } = state.options;
  const input = { now: clock.wall(), streams, uncollected: [], mergeDue: false, limitMs: state.limitMs };
  const { items, exceedsLimit } = lossNow({ move: 'takeover', ...input });
  return viewOf('takeover', items, exceedsLimit);
};

const ownOf = ({ options, successes }: State): readonly StreamStatus[] => successes.filled(options.own());

/** What was heard is older by now, whatever the two wall clocks say. Before anything is heard: what was kept of former times. */
const aged = (state: State): readonly StreamStatus[] | null => {
  const { options, heard, successes } = state;
  if (heard === null) return successes.isEmpty() ? null : ownOf(state);
  const sinceMs = options.clock.now() - heard.at;
  return heard.streams.map((status) => ({
    ...status,
    lagMs: status.lagMs === null ? null : status.lagMs + sinceMs,
    // What the main counted says nothing of what it did since it was last heard.
    pending: sinceMs > COUNT_HOLDS_MS ? null : (status.pending ?? null),
  }));
};

const NEVER_HEARD = 'The main has not told yet how far its data is here.';

const unheard = (): LossView => viewOf('takeover', [{ stream: 'all', text: NEVER_HEARD }], true);

/** A pass was through a moment ago, and the rest follows by itself after the move. Null: there was none, or it was too long ago. */
const restView = ({ options, limitMs }: State): LossView | null => {
  const wholeAt = options.merging.wholeAt();
  if (wholeAt === null || !options.config.streams.merge.automatic) return null;
  const lagMs = options.clock.now() - wholeAt;
  if (lagMs > limitMs) return null;
  const text = `What the standby collected in the last ${spanText(lagMs)} comes to the main right after the move.`;
  return viewOf('failback', [{ stream: 'merge', text }], false);
};

const failbackView = (state: State): LossView => {
  if (state.due === false) return viewOf('failback', [], false);
  const text = state.due === null ? NOT_ASKED : NOT_HOME;
  return restView(state) ?? viewOf('failback', [{ stream: 'merge', text }], true);
};

const ask = 'ask' as const;

/** Counted by a preview of the merge; where that fails, it is said without counts. */
const counted = async (state: State, signal: AbortSignal): Promise<LossView> => {
  const { merges } = state.options.merging;
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(PREVIEW_MS)]);
  const decisions = { all: ask, byId: {} };
  const told = await merges?.preview({ decisions, signal: bounded, onProgress: () => undefined });
  if (told === undefined || !told.ok || told.value.failed.length > 0) return failbackView(state);
  const uncollected = told.value.parts.map(({ part, count, what }) => ({ part, count, what }));
  const input = { now: state.options.clock.wall(), streams: [], uncollected, mergeDue: true, limitMs: state.limitMs };
  const { items, exceedsLimit } = lossNow({ move: 'failback', ...input });
  return viewOf('failback', items, exceedsLimit);
};

const lookAtStandby = async (state: State): Promise<void> => {
  const asked = await state.options.talk.ask('standby-view', null, ASK_MS);
  if (asked.ok && isRecord(asked.value) && Array.isArray(asked.value['terms']))
    state.due = asked.value['terms'].length > 0;
};

const lookAtMain = async (state: State): Promise<void> => {
  const { talk, clock } = state.options;
  if (state.holding > 0) {
    const asked = await talk.ask('loss', { counts: false }, ASK_MS);
    state.failback = asked.ok && isView(asked.value) ? asked.value : null;
    return;
  }
  const asked = await talk.ask('streams', null, ASK_MS);
  const streams = asked.ok && isRecord(asked.value) ? asked.value['streams'] : null;
  if (Array.isArray(streams) && streams.every(isStatus)) state.heard = { at: clock.now(), streams };
};

const tellOnMain = async (state: State, signal: AbortSignal): Promise<LossView> => {
  if (state.holding > 0) return takeover(state, ownOf(state));
  await lookAtStandby(state);
  if (state.due !== true || restView(state) !== null) return failbackView(state);
  return counted(state, signal);
};

const tellOnStandby = async (state: State): Promise<Result<LossView>> => {
  if (state.holding === 0) {
    await lookAtMain(state);
    const streams = aged(state);
    return ok(streams === null ? unheard() : takeover(state, streams));
  }
  const asked = await state.options.talk.ask('loss', { counts: true }, TELL_MS);
  if (!asked.ok) return asked;
  return isView(asked.value) ? ok(asked.value) : badAnswer();
};

/** What comes here, with what only the main knows of it. */
const filled = (own: StreamStatus, heard: readonly StreamStatus[] | null): StreamStatus => {
  const there = heard?.find(({ name }) => name === own.name);
  // A continuous stream is told by who receives.
  const isTold = own.condition !== 'waiting' || own.lagMs !== null;
  if (there === undefined || own.direction !== 'in' || isTold) return own;
  const { name: _name, direction: _direction, text: _text, ...known } = there;
  return { ...own, ...known };
};

const quickView = (state: State, isMain: boolean): LossView => {
  if (isMain) return state.holding > 0 ? takeover(state, ownOf(state)) : failbackView(state);
  if (state.holding > 0) return state.failback ?? viewOf('failback', [{ stream: 'merge', text: NOT_HOME }], true);
  const streams = aged(state);
  return streams === null ? unheard() : takeover(state, streams);
};

/** Tells persons, and decides nothing: an automatic takeover never asks. */
export const createLosses = (options: LossesOptions): Losses => {
  const { config, talk, clock } = options;
  const isMain = config.node.role === 'main';
  const state: State = {
    options,
    successes: createSuccesses(`${config.stateDir}/streams.json`),
    limitMs: config.streams.lossLimitMs,
    holding: 0,
    heard: null,
    due: null,
    failback: null,
  };
  let cancel = (): void => undefined;
  let stopped = false;
  const look = async (): Promise<void> => {
    await (isMain ? lookAtStandby(state) : lookAtMain(state));
    state.successes.keep(isMain ? options.own() : (state.heard?.streams ?? []));
    if (!stopped) cancel = clock.at(clock.now() + LOOK_MS, () => void look());
  };
  return {
    start: () => {
      if (isMain) {
        talk.answer('streams', async () => ok({ streams: ownOf(state) }));
        talk.answer('loss', async (parameters) => {
          const counts = isRecord(parameters) && parameters['counts'] === true;
          return ok(counts ? await tellOnMain(state, new AbortController().signal) : quickView(state, isMain));
        });
      }
      talk.onConnected(() => void (isMain ? lookAtStandby(state) : lookAtMain(state)));
      void look();
    },
    setHolding: (holding) => {
      if (holding === 0) state.failback = null;
      state.holding = holding;
    },
    statuses: () => {
      const heard = isMain ? null : aged(state);
      return ownOf(state).map((status) => filled(status, heard));
    },
    view: () => quickView(state, isMain),
    tell: async (signal) => (isMain ? ok(await tellOnMain(state, signal)) : tellOnStandby(state)),
    stop: () => {
      stopped = true;
      cancel();
    },
  };
};
