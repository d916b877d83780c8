/** What the checker of a node consists of: its checks in their turns, the other node's report, readiness, history. */
import type { NodeSnapshot } from '../api/snapshot.ts';
import type { Config } from '../config/config.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { Instant, Millis } from '../core/words.ts';
import type { Clock } from '../ports.ts';
import { createTalk, type Talk } from '../replication/talk.ts';
import { type Around, createAround, type PeerDesk } from './around.ts';
import { createCatalogue } from './catalogue.ts';
import { bind } from './check.ts';
import { edgeFacts } from './edge-settings.ts';
import { agreementOf, type Facts, ownHardwareAddresses, readFacts } from './facts.ts';
import { systemVersion } from './families/telephone-system.ts';
import { createHistory, type History } from './history.ts';
import { createMemo } from './memo.ts';
import { readOwnDatabase } from './own-database.ts';
import type { CheckerStatus, FromChecker, ToChecker } from './protocol.ts';
import { readinessOf } from './readiness.ts';
import { type CheckResult, type NodeReport, type Outcome, type ReadinessState, readReport } from './report.ts';
import { createRunner, type Runner } from './runner.ts';
import { type Settling, settle } from './settle.ts';
import { standingOf } from './standing.ts';

export interface CheckWorks {
  start(): void;
  take(message: ToChecker): void;
  stop(): Promise<void>;
}

export interface CheckWorksOptions {
  readonly config: Config;
  readonly configPath: string | null;
  /** Of the file, when this program read it. */
  readonly configText: string | null;
  readonly program: string;
  readonly clock: Clock;
  readonly chance: () => number;
  readonly say: (message: FromChecker) => void;
  /** How often readiness is looked at, and how long it must hold before it is told. */
  readonly pace?: { readonly lookMs: Millis; readonly settleMs: Millis };
}

/** Each look costs the agent a snapshot. */
const LOOK_MS: Millis = 10_000;
const ASK_PEER_MS: Millis = 10_000;
const ANSWER_MS: Millis = 5000;
/** For all checks of a node at once. */
const RUN_MS: Millis = 75_000;
/** The other's checker may have to be started. */
const AWAKE_MS: Millis = 10_000;
const FACTS_MS: Millis = 30_000;
/** What only got older is told seldom. */
const TELL_MS: Millis = 10_000;
const SHOWN_HISTORY = 20;

interface State {
  readonly options: CheckWorksOptions;
  readonly around: Around;
  readonly talk: Talk;
  readonly runner: Runner;
  readonly history: History;
  heardOther: { readonly report: NodeReport; readonly at: Instant } | null;
  settling: Settling;
  told: { readonly key: string; readonly at: Instant };
  askedOtherAt: Instant;
  cancel: () => void;
  stopped: boolean;
}

/** The other node's checker, through both agents. */
const transportOf = (say: (message: FromChecker) => void) => {
  let onMessage: (message: unknown) => void = () => undefined;
  let onConnected = (): void => undefined;
  return {
    heard: (message: unknown) => onMessage(message),
    connected: () => onConnected(),
    transport: {
      send: (message: unknown) => {
        say({ type: 'peer', message });
        return true;
      },
      onMessage: (listener: (message: unknown) => void) => {
        onMessage = listener;
      },
      onConnected: (listener: () => void) => {
        onConnected = listener;
      },
    },
  };
};

/** What was asked without a connection is answered at once. */
const unsent = (message: unknown): unknown => ({
  answer: typeof message === 'object' && message !== null ? (message as { ask?: unknown }).ask : null,
  ...fail(
    'checks-not-connected',
    'The other node is not connected: its checks cannot be asked.',
    'See `dualtone status` there, and open TCP `listen.port` (4577) from main to standby.',
  ),
});

const badAnswer = () =>
  fail('peer-bad-answer', 'The other node said something odd of itself.', 'Run the same version on both nodes.');

const deskOf = (talk: Talk, clock: Clock): PeerDesk => ({
  facts: createMemo(
    async (): Promise<Result<Facts>> => {
      const asked = await talk.ask('facts', null, ANSWER_MS);
      if (!asked.ok) return asked;
      const facts = readFacts(asked.value);
      return facts === null ? badAnswer() : ok(facts);
    },
    FACTS_MS,
    clock.now,
    // A pair that has just met would be told for half a minute that it has not.
    (asked) => asked.ok,
  ),
  clock: async () => {
    const [askedAt, before] = [clock.now(), clock.wall()];
    const asked = await talk.ask('time', null, ANSWER_MS);
    if (!asked.ok) return asked;
    const roundTripMs = clock.now() - askedAt;
    if (typeof asked.value !== 'number' || !Number.isFinite(asked.value)) return badAnswer();
    return ok({ aheadMs: asked.value - (before + roundTripMs / 2), roundTripMs });
  },
});

/** N/A is as good as a pass for those who read the history. */
const wordOf = (outcome: Outcome): string => (outcome === 'not-applicable' ? 'pass' : outcome);

const textOf = ({ finding }: CheckResult): string =>
  finding.outcome === 'pass' || finding.outcome === 'fail' ? finding.evidence : finding.why;

const onResult = (state: State, result: CheckResult, before: CheckResult | null): void => {
  const { history, options } = state;
  const { id, finding, severity, at } = result;
  const from = before === null ? (history.last(id)?.to ?? 'unknown') : wordOf(before.finding.outcome);
  const to = wordOf(finding.outcome);
  if (from === to) return;
  // The first pass of all is no news.
  if (before === null && from === 'unknown' && to === 'pass') return;
  history.append({ wall: at, what: id, from, to, text: textOf(result) });
  const text = `${id}: ${from} -> ${to}: ${textOf(result)}`;
  if (severity !== 'advice') options.say({ type: 'note', kind: 'check', data: { id, from, to, text } });
};

const reportOf = ({ options: { config, clock }, runner }: State): NodeReport => ({
  node: config.node.name,
  role: config.node.role,
  at: clock.wall(),
  results: runner.results(),
});

const LEVEL = { ready: 'info', degraded: 'warning', 'not-ready': 'alarm', unknown: 'info' } as const;
const CODE = {
  ready: 'takeover-ready',
  degraded: 'takeover-degraded',
  'not-ready': 'takeover-not-ready',
  unknown: 'takeover-unknown',
} as const;

/** Both nodes know it; the one that serves tells people, and whoever hears of nobody that serves. */
const tellChange = (state: State, snapshot: NodeSnapshot): void => {
  const { options, history, runner, heardOther } = state;
  const { clock, say } = options;
  if (runner.results().length === 0) return;
  const otherHeardMsAgo = heardOther === null ? null : clock.now() - heardOther.at;
  const other = heardOther?.report ?? null;
  const readiness = readinessOf(standingOf(snapshot, reportOf(state), other, otherHeardMsAgo));
  const { after, change } = settle(state.settling, readiness.state, clock.now(), clock.wall(), options.pace?.settleMs);
  state.settling = after;
  if (change === null) return;
  const { from, to, wall } = change;
  history.append({ wall, what: 'readiness', from, to, text: readiness.text });
  say({ type: 'note', kind: 'readiness', data: { from, to, text: readiness.text, reasons: readiness.reasons } });
  const quiet = snapshot.server === 'other' || (from === 'unknown' && to === 'ready');
  if (!quiet) say({ type: 'say', level: LEVEL[to], code: CODE[to], text: `The pair is ${readiness.text}.` });
};

const statusOf = (state: State): CheckerStatus => ({
  own: reportOf(state),
  other: state.heardOther?.report ?? null,
  otherHeardAt: state.heardOther?.at ?? null,
  settled: state.settling.settled,
  history: state.history.newest(SHOWN_HISTORY),
});

/** What is new at once, what only got older now and then. */
const tellStatus = (state: State, always: boolean): void => {
  const { clock, say } = state.options;
  const status = statusOf(state);
  const news = [...status.own.results, ...(status.other?.results ?? [])].map((each) => [
    each.id,
    each.finding.outcome,
    each.since,
  ]);
  const key = JSON.stringify([news, status.settled, status.history.length]);
  const now = clock.now();
  if (!always && key === state.told.key && now - state.told.at < TELL_MS) return;
  state.told = { key, at: now };
  say({ type: 'status', status });
};

const askOther = async (
  state: State,
  question: 'report' | 'run',
  only: string | null,
  limit: Millis,
): Promise<void> => {
  const { talk, options } = state;
  state.askedOtherAt = options.clock.now();
  const asked = await talk.ask(question, { only }, limit);
  const report = asked.ok ? readReport(asked.value) : null;
  // A node that takes itself for the same one is a mistake of the configuration, which another check tells.
  if (report !== null && report.role !== options.config.node.role)
    state.heardOther = { report, at: options.clock.now() };
};

const look = async (state: State): Promise<void> => {
  const { around, options } = state;
  const { clock } = options;
  if (clock.now() - state.askedOtherAt >= ASK_PEER_MS) await askOther(state, 'report', null, ANSWER_MS);
  const asked = await around.agent();
  if (state.stopped) return;
  if (asked.ok) tellChange(state, asked.value);
  tellStatus(state, false);
  state.cancel = clock.at(clock.now() + (options.pace?.lookMs ?? LOOK_MS), () => void look(state));
};

/** A whole run is waited for only where somebody answers at all. */
const runThere = async (state: State, only: string | null): Promise<void> => {
  const awake = await state.talk.ask('time', null, AWAKE_MS);
  if (awake.ok) await askOther(state, 'run', only, RUN_MS);
};

const runNow = async (state: State, id: string, only: string | null): Promise<void> => {
  const ids = only === null ? null : [only];
  state.around.refresh();
  await Promise.all([state.runner.runNow(ids), runThere(state, only)]);
  tellStatus(state, true);
  state.options.say({ type: 'done', id, result: ok(null) });
};

const onlyOf = (parameters: unknown): string | null => {
  const only = typeof parameters === 'object' && parameters !== null ? (parameters as { only?: unknown }).only : null;
  return typeof only === 'string' ? only : null;
};

const answerOther = (state: State): void => {
  const { talk, around, options } = state;
  const facts = createMemo(
    async (): Promise<Facts> => {
      const survey = await around.asterisk();
      return {
        program: options.program,
        agreement: agreementOf(options.config),
        hardwareAddresses: ownHardwareAddresses(),
        asterisk: survey.ok ? { version: survey.value.version, modules: survey.value.modules } : null,
        database: await readOwnDatabase(options.config),
        edge: edgeFacts(options.config),
        system: systemVersion(around),
      };
    },
    FACTS_MS,
    options.clock.now,
  );
  talk.answer('facts', async () => ok(await facts()));
  talk.answer('time', async () => ok(options.clock.wall()));
  talk.answer('report', async () => ok(reportOf(state)));
  talk.answer('run', async (parameters) => {
    const only = onlyOf(parameters);
    around.refresh();
    await state.runner.runNow(only === null ? null : [only]);
    tellStatus(state, true);
    return ok(reportOf(state));
  });
  talk.onConnected(() => void askOther(state, 'report', null, ANSWER_MS));
};

const historyOf = ({ config, say }: CheckWorksOptions): History => {
  let isTold = false;
  return createHistory(`${config.stateDir}/checks.jsonl`, (why) => {
    if (!isTold)
      say({
        type: 'say',
        level: 'warning',
        code: 'checks-not-kept',
        text: `The history of checks cannot be kept: ${why}.`,
      });
    isTold = true;
  });
};

const stateOf = (word: string | undefined): ReadinessState | null =>
  word === 'ready' || word === 'degraded' || word === 'not-ready' ? word : null;

const runnerOf = (
  { config, clock, chance }: CheckWorksOptions,
  around: Around,
  history: History,
  onNew: (result: CheckResult, before: CheckResult | null) => void,
): Runner =>
  createRunner({
    checks: createCatalogue()
      .all()
      .map((definition) => bind(definition, around)),
    accepted: config.checks.accept,
    clock,
    chance,
    since: (id, { outcome }) => {
      const entry = history.last(id);
      return entry !== null && entry.to === wordOf(outcome) ? entry.wall : null;
    },
    onResult: onNew,
  });

/** What was told before a restart is not told again. */
const settlingOf = (history: History): Settling => {
  const last = history.last('readiness');
  const state = stateOf(last?.to);
  return { settled: last === null || state === null ? null : { state, since: last.wall }, candidate: null };
};

/** `say` reaches the agent. */
export const createCheckWorks = (options: CheckWorksOptions): CheckWorks => {
  const { config, configPath, configText, program, clock, say } = options;
  const { heard, connected, transport } = transportOf(say);
  const talk = createTalk(transport, clock);
  let digest: string | null = null;
  const peer = deskOf(talk, clock);
  const around = createAround({ config, configPath, configText, configInForce: () => digest, program, clock, peer });
  const history = historyOf(options);
  const state: State = {
    options,
    around,
    talk,
    runner: runnerOf(options, around, history, (result, before) => onResult(state, result, before)),
    history,
    heardOther: null,
    settling: settlingOf(history),
    told: { key: '', at: Number.NEGATIVE_INFINITY },
    askedOtherAt: Number.NEGATIVE_INFINITY,
    cancel: () => undefined,
    stopped: false,
  };
  answerOther(state);
  return {
    start: () => {
      state.runner.start();
      void look(state);
    },
    take: (message) => {
      if (message.type === 'in-force') digest = message.digest;
      else if (message.type === 'peer') heard(message.message);
      else if (message.type === 'peer-connected') connected();
      else if (message.type === 'peer-unsent') heard(unsent(message.message));
      else void runNow(state, message.id, message.only);
    },
    stop: async () => {
      state.stopped = true;
      state.cancel();
      talk.stop();
      await state.runner.stop();
      await history.kept();
    },
  };
};
