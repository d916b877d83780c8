/** What this process does with what it is asked: on the standby it leads drills, on the main it takes part in them. */
import type { Config } from '../config/config.ts';
import { fail, messageOf, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import { type AgentLine, createAgentLine } from './agent-line.ts';
import { fallSilent } from './fall-silent.ts';
import { askAround, endInterrupted, type Lead, leadDrill } from './lead.ts';
import { createPeerQuestions, type PeerDeed, type PeerMessage, packed, readPeerMessage } from './peer.ts';
import { linesOf, ofTakeover, silentMsOf } from './permit.ts';
import type { DrillAsk, DrillPreview, DrillRun, FromDriller, ToDriller } from './protocol.ts';
import { type DrillReport, digestOfReport, summaryOf } from './report.ts';
import { createDrillStore, type DrillStore } from './store.ts';
import { localTime } from './windows.ts';
import { createWitness, type Witness } from './witness.ts';

export interface DrillWorksParts {
  readonly config: Config;
  readonly program: string;
  readonly socket: string;
  readonly agentPid: number;
  readonly say: (message: FromDriller) => void;
}

export interface DrillWorks {
  start(): void;
  take(message: ToDriller): void;
  stop(): void;
}

/** With nothing to do for so long, it is over. */
const IDLE_MS: Millis = 30_000;
const RUN_AGAIN_MS: Millis = 3000;
/** The answer must be on its way before nothing leaves this node any more. */
const GOODBYE_MS: Millis = 150;
const PASS_ON_MS: Millis = 30_000;

interface State {
  readonly parts: DrillWorksParts;
  readonly agent: AgentLine;
  readonly store: DrillStore;
  readonly peer: ReturnType<typeof createPeerQuestions>;
  witness: Witness | null;
  /** Of the drill that is led here; null: none. */
  stop: AbortController | null;
  run: DrillRun | null;
  busyAt: number;
  /** Messages of the agent that are done with. */
  done: number;
}

const send = ({ parts }: State, message: PeerMessage): void => parts.say({ type: 'peer', message });

const showRun = (state: State, run: DrillRun | null): void => {
  state.run = run;
  state.parts.say({ type: 'run', run });
  if (state.parts.config.node.role === 'standby') send(state, { type: 'run', run });
};

const witnessOf = (state: State): Witness => {
  state.witness?.stop();
  const { agent, parts } = state;
  state.witness = createWitness(parts.config, () => ({
    isOpen: agent.snapshot()?.gate.open ?? false,
    agoMs: agent.agoMs(),
  }));
  return state.witness;
};

const leadOf = (state: State): Lead => ({
  config: state.parts.config,
  program: state.parts.program,
  agent: state.agent,
  peer: state.peer,
  store: state.store,
  witness: () => witnessOf(state),
  note: (kind, data) => state.parts.say({ type: 'note', kind, data }),
  tell: (run) => showRun(state, run),
});

const keep = (state: State, report: DrillReport): void => {
  const { parts, store } = state;
  const { outcome, text, remedy, kind } = report;
  try {
    store.keep(report, parts.config.drill.keep);
  } catch (error) {
    const why = messageOf(error);
    parts.say({
      type: 'say',
      level: 'warning',
      code: 'drill-not-kept',
      text: `The report of a drill cannot be kept: ${why}.`,
    });
  }
  const digest = digestOfReport(report);
  parts.say({ type: 'note', kind: 'drill-report', data: { id: report.id, kind, outcome, text, digest } });
  parts.say({ type: 'ended', summary: summaryOf(report) });
  const isLeader = parts.config.node.role === 'standby';
  if (!isLeader) return;
  const isWell = outcome === 'passed' || outcome === 'stopped';
  const level = isWell ? 'info' : 'alarm';
  const words = `The ${kind} drill ${report.id} ${OUTCOME[outcome]}: ${text}${remedy === '' ? '' : ` ${remedy}`}`;
  parts.say({ type: 'say', level, code: isWell ? 'drill-ended' : `drill-${outcome}`, text: words });
};

const OUTCOME: Readonly<Record<DrillReport['outcome'], string>> = {
  passed: 'passed',
  failed: 'failed',
  stopped: 'was stopped',
  'gave-way': 'gave way',
  interrupted: 'was interrupted',
};

/** Whatever becomes of it, what is noted of it as unfinished goes with its end. */
const finish = async (state: State, made: Promise<DrillReport>): Promise<void> => {
  try {
    const report = await made;
    keep(state, report);
    send(state, { type: 'report', report });
  } catch (error) {
    const why = messageOf(error);
    state.parts.say({ type: 'say', level: 'alarm', code: 'drill-failed', text: `A drill came to no end: ${why}.` });
  }
  try {
    state.store.setCurrent(null);
  } catch {
    // The next start ends it again, and finds nothing to do.
  }
  state.stop = null;
  state.busyAt = performance.now();
  showRun(state, null);
};

const running = ({ run }: State) =>
  fail(
    'drill-running',
    `A drill is being made already${run === null ? '' : `: ${run.id}, asked for by ${run.by}`}.`,
    'See `dualtone drill status`; `dualtone drill stop` ends it.',
  );

const begin = async (state: State, ask: Extract<DrillAsk, { name: 'begin' }>, by: string): Promise<Result<unknown>> => {
  if (state.stop !== null) return running(state);
  const stop = new AbortController();
  // From here on nobody else begins one.
  state.stop = stop;
  const lead = leadOf(state);
  const asked = await askAround(lead, ask, by);
  const first = asked.ok ? asked.value.against[0] : undefined;
  if (!asked.ok || first !== undefined) {
    state.stop = null;
    return asked.ok ? { ok: false, error: first ?? running(state).error } : asked;
  }
  if (ask.kind !== 'dry') {
    const text = `A ${ask.kind} drill begins, asked for by ${by}.`;
    state.parts.say({ type: 'say', level: 'info', code: 'drill-begun', text });
  }
  const { promise: begun, resolve } = Promise.withResolvers<string>();
  const told: Lead = {
    ...lead,
    tell: (run) => {
      lead.tell(run);
      resolve(run.id);
    },
  };
  const over = finish(state, leadDrill(told, ask, by, asked.value, stop.signal));
  return ok({ id: await Promise.race([begun, over.then(() => '')]) });
};

const preview = async (
  state: State,
  ask: Extract<DrillAsk, { name: 'preview' }>,
  by: string,
): Promise<Result<unknown>> => {
  const asked = await askAround(leadOf(state), ask, by);
  if (!asked.ok) return asked;
  const { snapshot, loss, against } = asked.value;
  if (snapshot === null) return fail('agent-silent', 'The agent says nothing.', 'See `systemctl status dualtone`.');
  const { config } = state.parts;
  const busy = state.stop === null ? [] : [running(state).error];
  const answer: DrillPreview = {
    kind: ask.kind,
    lines: linesOf({ snapshot, loss, time: localTime(Date.now()) }, ask, config),
    against: [...busy, ...against].map(({ code, message, remedy }) => ({ code, text: message, remedy })),
  };
  return ok(answer);
};

const NOTHING = fail('drill-none', 'No drill is being made.', 'See `dualtone drill list`.');

const obey = async (state: State, ask: DrillAsk, by: string): Promise<Result<unknown>> => {
  state.busyAt = performance.now();
  switch (ask.name) {
    case 'begin':
      return begin(state, ask, by);
    case 'preview':
      return preview(state, ask, by);
    case 'stop':
      if (state.stop === null) return NOTHING;
      state.parts.say({ type: 'note', kind: 'drill', data: { id: state.run?.id ?? '', step: 'stop-asked', by } });
      state.stop.abort();
      return ok({ id: state.run?.id ?? '' });
  }
};

/** The main takes part: it answers what the standby wants, and refuses what is not safe here. */
const takePart = async (state: State, deed: PeerDeed): Promise<Result<unknown>> => {
  const { config, agentPid, say } = state.parts;
  switch (deed.do) {
    case 'clock':
      return ok(Date.now());
    case 'measure': {
      witnessOf(state).start(deed.forMs);
      return ok(null);
    }
    case 'collect':
      return ok(packed(state.witness?.samples() ?? []));
    case 'silence': {
      const looked = await state.agent.look();
      if (!looked.ok) return looked;
      const [against] = ofTakeover(looked.value, config);
      if (against !== undefined) return against;
      const ms = Math.min(deed.ms, silentMsOf(config));
      say({ type: 'note', kind: 'drill', data: { step: 'falls-silent', ms } });
      setTimeout(() => void fallSilent(config, agentPid, ms).then((made) => tellSilence(state, made)), GOODBYE_MS);
      return ok(null);
    }
    case 'ask':
      return obey(state, deed.ask, deed.by);
  }
};

const tellSilence = ({ parts }: State, made: Result<void>): void => {
  if (made.ok) parts.say({ type: 'note', kind: 'drill', data: { step: 'goes-on' } });
  else parts.say({ type: 'say', level: 'warning', code: made.error.code, text: made.error.message });
};

const LEADERS_ALONE = fail('drill-other-node', 'Only the main passes a drill on.', 'Ask at the standby.');

const fromPeer = async (state: State, input: unknown): Promise<void> => {
  const message = readPeerMessage(input);
  if (message === null) return;
  const isMain = state.parts.config.node.role === 'main';
  state.busyAt = performance.now();
  switch (message.type) {
    case 'answer':
      return state.peer.answered(message.id, message.result);
    case 'run':
      if (isMain) showRun(state, message.run);
      return;
    case 'report':
      if (isMain) keep(state, message.report);
      return;
    case 'deed': {
      const fits = isMain !== (message.deed.do === 'ask');
      const result = fits ? await takePart(state, message.deed) : LEADERS_ALONE;
      return send(state, { type: 'answer', id: message.id, result });
    }
  }
};

/** At the main a person’s question goes to the standby, which leads. */
const answer = (state: State, ask: DrillAsk, by: string): Promise<Result<unknown>> =>
  state.parts.config.node.role === 'standby'
    ? obey(state, ask, by)
    : state.peer.ask({ do: 'ask', by, ask }, PASS_ON_MS);

const lookIdle = (state: State): void => {
  const { stop, run, busyAt, parts, done } = state;
  if (stop !== null && run !== null) send(state, { type: 'run', run });
  else if (performance.now() - busyAt > IDLE_MS) {
    if (run !== null) showRun(state, null);
    parts.say({ type: 'idle', done });
  }
};

export const createDrillWorks = (parts: DrillWorksParts): DrillWorks => {
  const state: State = {
    parts,
    agent: createAgentLine(parts.socket),
    store: createDrillStore(parts.config.stateDir),
    peer: createPeerQuestions((message) => parts.say({ type: 'peer', message })),
    witness: null,
    stop: null,
    run: null,
    busyAt: performance.now(),
    done: 0,
  };
  let timer: NodeJS.Timeout | null = null;
  return {
    start: () => {
      timer = setInterval(() => lookIdle(state), RUN_AGAIN_MS);
      const current = parts.config.node.role === 'standby' ? state.store.current() : null;
      if (current === null) return;
      state.stop = new AbortController();
      const { id, kind, by, startedAt } = current;
      showRun(state, {
        id,
        kind,
        by,
        startedAt,
        stage: 'returning',
        text: 'The drill was interrupted, and is ended now.',
      });
      void finish(state, endInterrupted(leadOf(state), current, state.stop.signal));
    },
    take: (message) => {
      const isDone = (): void => {
        state.done += 1;
      };
      if (message.type === 'peer') {
        void fromPeer(state, message.message).then(isDone);
        return;
      }
      const { id, ask, by } = message;
      void answer(state, ask, by)
        .then((result) => parts.say({ type: 'done', id, result }))
        .then(isDone);
    },
    stop: () => {
      if (timer !== null) clearInterval(timer);
      state.witness?.stop();
      state.agent.close();
    },
  };
};
