/** What the standby collected comes home: the main merges, by itself or when asked; the standby answers, and says whether service may go back. */
import type { Config } from '../../config/config.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { type Instant, isRecord, type Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import type { StandbyView } from '../../replication/merge/machine.ts';
import { createMerges, type MergeRunOptions, type Merges } from '../../replication/merge/orchestrate.ts';
import { type MergeReport, phaseSentence } from '../../replication/merge/report.ts';
import { createMergeStore } from '../../replication/merge/store.ts';
import type { MysqlNode } from '../../replication/mysql/node.ts';
import type { StreamReporter, StreamRight } from '../../replication/stream.ts';
import type { Talk } from '../../replication/talk.ts';
import type { PeerWay } from '../peer-way.ts';
import type { FromReplicator, MergeView, Term } from '../protocol.ts';
import { createCollected } from './collected.ts';
import type { Mailboxes } from './mailboxes.ts';
import { mergeParts } from './merge-parts.ts';

export interface Merging {
  start(): void;
  setRight(right: StreamRight, terms: readonly Term[]): void;
  /** Null on the standby. */
  readonly merges: Merges | null;
  /** On the main: when the last pass began that brought all there was, whoever asked for it; null: there was none yet. */
  wholeAt(): Instant | null;
  view(): MergeView | null;
  stop(): Promise<void>;
}

interface Surroundings {
  readonly config: Config;
  readonly talk: Talk;
  readonly way: PeerWay;
  readonly clock: Clock;
  readonly reporter: StreamReporter;
  readonly say: (message: FromReplicator) => void;
  readonly mailboxes: Mailboxes;
  readonly mysql: MysqlNode | null;
  /** All is home: what the main has may follow to the standby again. */
  readonly onSettled: () => void;
}

const ASK_MS = 5000;
/** How often the main asks whether there is something to bring. */
const LOOK_MS = 3000;
/** While the standby serves on, what it collects is brought this often. */
const AGAIN_MS = 30_000;
/** How often finished merges that are too old to be undone are looked for. */
const PRUNE_MS: Millis = 3_600_000;

const termOf = (input: unknown): Term | null => {
  if (!isRecord(input)) return null;
  const { epoch, from, to, settled } = input;
  const times = typeof from === 'number' && (to === null || typeof to === 'number');
  return typeof epoch === 'number' && times && typeof settled === 'boolean' ? { epoch, from, to, settled } : null;
};

const viewOf = (answer: unknown): Result<StandbyView> => {
  const terms = isRecord(answer) && Array.isArray(answer['terms']) ? answer['terms'].map(termOf) : [null];
  if (!isRecord(answer) || typeof answer['serving'] !== 'boolean' || terms.includes(null))
    return fail('peer-bad-answer', 'The standby said something odd of itself.', 'Run the same version on both nodes.');
  return ok({ serving: answer['serving'], terms: terms.filter((term) => term !== null) });
};

/** The standby's part: it answers what it collected, is told that it is home, and says whether service may go back. */
const createStandbySide = ({ config, talk, clock, reporter, say, mailboxes }: Surroundings): Merging => {
  const collected = createCollected({ config, talk, clock, reporter, mailboxes });
  let right: StreamRight = { holding: 0, highest: 0 };
  let terms: readonly Term[] = [];
  /** The last term of which the first pass is through. */
  let brought = 0;
  let told: boolean | null = null;
  let cancelLate = (): void => undefined;
  const open = () => terms.filter(({ settled }) => !settled);
  const tellReturn = (): void => {
    const ready = !config.streams.merge.automatic || right.holding === 0 || brought >= right.holding;
    if (ready === told) return;
    told = ready;
    cancelLate();
    say({ type: 'return', ready, why: ready ? '' : 'what is left here is not at home at the main yet' });
    if (ready) return;
    cancelLate = clock.at(clock.now() + config.streams.merge.waitMs, () =>
      reporter.say('alarm', 'merge-late', 'Service does not go back by itself: what was left here is not at home yet.'),
    );
  };
  return {
    start: () => {
      talk.answer('standby-view', async () => ok({ serving: right.holding > 0, terms: open() }));
      talk.answer('first-pass', async (parameters) => {
        const epoch = isRecord(parameters) && typeof parameters['epoch'] === 'number' ? parameters['epoch'] : 0;
        brought = Math.max(brought, epoch);
        tellReturn();
        return ok(null);
      });
      talk.answer('settle', async (parameters) => {
        const epoch = isRecord(parameters) && typeof parameters['epoch'] === 'number' ? parameters['epoch'] : 0;
        if (right.holding > 0 || open().some((term) => term.epoch > epoch))
          return fail('merge-not-all', 'This node has served since.', 'The next merge brings the rest.');
        reporter.note('settled', { untilEpoch: epoch });
        say({ type: 'settled', untilEpoch: epoch });
        return ok(null);
      });
    },
    setRight: (now, all) => {
      right = now;
      terms = all;
      collected.setRight(now, all);
      tellReturn();
    },
    merges: null,
    wholeAt: () => null,
    view: () => {
      const count = open().length;
      if (count === 0) return { condition: 'nothing', text: 'nothing is left here', last: null };
      return {
        condition: right.holding > 0 ? 'waiting' : 'rest',
        text: `what this node collected in ${count === 1 ? 'a term' : `${count} terms`} of service is to be brought home`,
        last: null,
      };
    },
    stop: async () => {
      cancelLate();
      await collected.stop();
    },
  };
};

const ask: MergeRunOptions['decisions'] = { all: 'ask', byId: {} };

/** The main's questions to the standby. */
const standbyOf = ({ talk, onSettled }: Surroundings) => ({
  view: async (): Promise<Result<StandbyView>> => {
    const asked = await talk.ask('standby-view', null, ASK_MS);
    return asked.ok ? viewOf(asked.value) : asked;
  },
  settle: async (epoch: number): Promise<Result<null>> => {
    const settled = await talk.ask('settle', { epoch }, ASK_MS);
    if (settled.ok) onSettled();
    return settled.ok ? ok(null) : settled;
  },
});

const NOTHING: MergeView = { condition: 'nothing', text: 'nothing is to be brought home', last: null };

/** Merges by itself, tells people once of each trouble, and remembers how it stands. */
const createDriver = ({ talk, reporter }: Surroundings, merges: Merges, signal: AbortSignal) => {
  let view = NOTHING;
  let trouble = '';
  const tell = (report: MergeReport, epoch: number): void => {
    const failed = report.failed[0];
    const code = failed?.error.code ?? '';
    if (failed !== undefined && code !== trouble)
      reporter.say('alarm', 'merge-failed', `What the standby collected is not all at home: ${failed.error.message}`);
    trouble = code;
    if (report.settled) reporter.say('info', 'merged', 'All that the standby collected is at home.');
    else if (failed === undefined) void talk.ask('first-pass', { epoch }, ASK_MS);
  };
  return {
    view: () => view,
    rest: (): void => {
      if (view.condition !== 'settled') view = { ...NOTHING, last: view.last };
    },
    run: async (seen: StandbyView): Promise<void> => {
      view = { ...view, condition: 'running', text: 'what the standby collected is being brought home' };
      const done = await merges.run({ decisions: ask, signal, onProgress: () => undefined });
      if (!done.ok) {
        view = { condition: 'blocked', text: done.error.message, last: view.last };
        const isNew = done.error.code !== trouble && !signal.aborted;
        if (isNew) reporter.say('warning', done.error.code, `${done.error.message} ${done.error.remedy}`);
        trouble = done.error.code;
        return;
      }
      const report = done.value;
      reporter.note('merge', { number: report.number, phase: report.phase, settled: report.settled });
      tell(report, Math.max(...seen.terms.map(({ epoch }) => epoch)));
      const condition = report.settled ? 'settled' : report.failed.length > 0 ? 'blocked' : 'rest';
      view = { condition, text: phaseSentence(report), last: `merge ${report.number}` };
    },
  };
};

/** Finished merges that are too old to be undone go, now and then; what fails is tried the next time. */
const createPruner = ({ clock, reporter }: Surroundings, merges: Merges, signal: AbortSignal) => {
  let cancel = (): void => undefined;
  const prune = async (): Promise<void> => {
    const pruned = await merges.prune(signal);
    if (!pruned.ok || pruned.value > 0)
      reporter.note('merges-forgotten', pruned.ok ? { count: pruned.value } : pruned.error);
    if (!signal.aborted) later(PRUNE_MS);
  };
  const later = (ms: Millis): void => {
    cancel = clock.at(clock.now() + ms, () => void prune());
  };
  return { start: () => later(AGAIN_MS), stop: () => cancel() };
};

/** The main's part: it looks whether the standby has collected something, and brings it. */
const createMainSide = (around: Surroundings): Merging => {
  const { config, talk, way, clock, mailboxes, mysql } = around;
  const stopping = new AbortController();
  const standby = standbyOf(around);
  const engine = createMerges({
    store: createMergeStore(`${config.stateDir}/merges`),
    parts: mergeParts(config, { talk, way, mailboxes, mysql }),
    standby: standby.view,
    settle: standby.settle,
    now: () => clock.wall(),
    keepMs: config.streams.merge.keepMs,
  });
  let wholeAt: Instant | null = null;
  const merges: Merges = {
    ...engine,
    run: async (asked) => {
      const begunAt = clock.now();
      const done = await engine.run(asked);
      if (done.ok && done.value.failed.length === 0) wholeAt = begunAt;
      return done;
    },
  };
  const driver = createDriver(around, merges, stopping.signal);
  const pruner = createPruner(around, merges, stopping.signal);
  let cancel = (): void => undefined;
  let lastAt = Number.NEGATIVE_INFINITY;
  const look = async (): Promise<void> => {
    const seen = await standby.view();
    if (seen.ok && seen.value.terms.length === 0) driver.rest();
    else if (seen.ok && (!seen.value.serving || clock.now() - lastAt >= AGAIN_MS)) {
      lastAt = clock.now();
      await driver.run(seen.value);
    }
    next();
  };
  const next = (): void => {
    if (!stopping.signal.aborted) cancel = clock.at(clock.now() + LOOK_MS, () => void look());
  };
  return {
    start: () => {
      if (config.streams.merge.automatic) next();
      pruner.start();
    },
    setRight: () => undefined,
    merges,
    wholeAt: () => wholeAt,
    view: driver.view,
    stop: async () => {
      stopping.abort();
      cancel();
      pruner.stop();
    },
  };
};

/** Of this node's role. */
export const createMerging = (around: Surroundings): Merging =>
  around.config.node.role === 'main' ? createMainSide(around) : createStandbySide(around);
