/** The agent of one node: runs the real core, keeps its memory before any effect leaves, and can be killed, frozen or held up by its disk. */
import { type Decision, decide } from '../src/core/decide.ts';
import type { Effect } from '../src/core/effect.ts';
import type { Command, Event, FenceOutcome, Sample } from '../src/core/event.ts';
import type { Message } from '../src/core/message.ts';
import { initialState, type State } from '../src/core/state.ts';
import type { VoterName } from '../src/core/words.ts';
import type { Machine, Telephony } from './machine.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

export interface AgentProcess {
  readonly machine: Machine;
  status: 'running' | 'frozen' | 'dead';
  state: State;
  start(): void;
  kill(): void;
  freeze(): void;
  thaw(): void;
  /** Its end was ordered: it renews for longer before it goes. */
  ending(): void;
  receive(from: VoterName, message: Message): void;
  command(command: Command): void;
  look(): void;
  /** A look at the rival, as the originals' presets make them. */
  lookAtRival(outcomes: readonly Sample['outcome'][]): void;
  /** What the checkpoints that cannot promise said of the main. */
  lookAtMain(outcomes: readonly Sample['outcome'][]): void;
  clockJump(jumpMs: number, paused: boolean): void;
  /** Whether what callers left here is at home at the main. */
  mayReturn(ready: boolean): void;
  /** The machine was resumed: what waited is handled. */
  drain(): void;
}

export interface AgentHooks {
  send(to: VoterName, message: Message): void;
  decided(before: State, decision: Decision, event: Event): void;
  /** The memory on tmpfs was written: promises are in force from now. */
  kept(): void;
  replied(effect: Extract<Effect, { kind: 'reply' }>): void;
  /** The device is asked; its answer comes once, or never. */
  fence(order: Extract<Effect, { kind: 'fence' }>, answer: (outcome: FenceOutcome) => void): void;
  fenceEnd(op: number): void;
}

const samplesOf: Record<Telephony, Sample> = {
  well: { probe: 'sip', outcome: 'ok', about: 'telephony', crashed: false, reason: '' },
  crashed: { probe: 'ami', outcome: 'failed', about: 'telephony', crashed: true, reason: 'connection refused' },
  hung: { probe: 'sip', outcome: 'failed', about: 'telephony', crashed: false, reason: 'no answer' },
};
const GATEWAY_ANSWERS: Sample = { probe: 'gateway', outcome: 'ok', about: 'network', crashed: false, reason: '' };
const GATEWAY_SILENT: Sample = {
  probe: 'gateway',
  outcome: 'silent',
  about: 'network',
  crashed: false,
  reason: 'silent',
};
const PING: Sample = { probe: 'ping-rival', outcome: 'ok', about: 'rival', crashed: false, reason: '' };
const BACKLOG_MAX = 400;
export const WALL_START = 1_800_000_000_000;

/** The process behind the interface: what it is doing, and what waits for it. */
interface Inner {
  readonly m: Machine;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly hooks: AgentHooks;
  /** Rises with each death, so that what was begun before is heard by nobody. */
  incarnation: number;
  wakeDue: number;
  busyUntil: number;
  backlog: (() => Event)[];
}

type Process = AgentProcess & { readonly inner: Inner };

const scheduleWake = (a: Process, at: number): void => {
  const { inner } = a;
  if (at === inner.wakeDue) return;
  inner.wakeDue = at;
  const born = inner.incarnation;
  // A hair later, so that rounding never wakes it before its time.
  inner.timeline.at(inner.m.trueTime(at) + 1e-6, () => {
    if (inner.incarnation !== born || inner.wakeDue !== at) return;
    inner.wakeDue = Number.POSITIVE_INFINITY;
    handle(a, () => ({ kind: 'wake', at: inner.m.local() }));
  });
};

/** Handles the event now, or as soon as the agent runs and is free. The event is made then: it carries the time at which it is read. */
const handle = (a: Process, makeEvent: () => Event): void => {
  const { m, hooks, timeline, backlog, busyUntil } = a.inner;
  if (a.status === 'dead' || !m.up) return;
  if (a.status === 'frozen' || m.paused || timeline.now < busyUntil) {
    if (backlog.length < BACKLOG_MAX) backlog.push(makeEvent);
    return;
  }
  const event = makeEvent();
  const before = a.state;
  const decision = decide(m.settings, before, event, WALL_START + timeline.now);
  a.state = decision.state;
  hooks.decided(before, decision, event);
  if (a.state.boot !== before.boot) {
    m.tmpfs = a.state.boot;
    hooks.kept();
  }
  // A disk that refuses is an alarm, not a halt; what it missed is written as soon as it takes it.
  m.diskOnTmpfs = a.state.disk;
  if (!m.diskFull) m.disk = a.state.disk;
  if (a.state.disk !== before.disk && m.diskSlowMs > 0) afterDisk(a, decision);
  else applyEffects(a, decision);
};

/** The disk takes its time, and no effect leaves before. */
const afterDisk = (a: Process, decision: Decision): void => {
  const { inner } = a;
  const born = inner.incarnation;
  inner.busyUntil = inner.timeline.now + inner.m.diskSlowMs;
  inner.timeline.at(inner.busyUntil, () => {
    if (inner.incarnation !== born || a.status === 'dead') return;
    applyEffects(a, decision);
    drain(a);
  });
};

const applyEffects = (a: Process, decision: Decision): void => {
  for (const effect of decision.effects) applyEffect(a, effect);
  scheduleWake(a, decision.wakeAt);
};

const applyEffect = (a: Process, effect: Effect): void => {
  const { inner } = a;
  const born = inner.incarnation;
  switch (effect.kind) {
    case 'send':
      return inner.hooks.send(effect.to, effect.message);
    case 'gate':
      return inner.m.gate(effect.action, () => {
        if (inner.incarnation !== born) return;
        handle(a, () => ({ kind: 'gate', at: inner.m.local(), op: effect.op, ok: true }));
      });
    case 'step':
      return runStep(a, effect);
    case 'reply':
      return inner.hooks.replied(effect);
    case 'fence':
      return inner.hooks.fence(effect, (outcome) => {
        if (inner.incarnation !== born) return;
        handle(a, () => ({ kind: 'fence', at: inner.m.local(), op: effect.op, outcome, detail: outcome }));
      });
    case 'fence-end':
      return inner.hooks.fenceEnd(effect.op);
    case 'keep':
    case 'notify':
      return;
  }
};

const runStep = (a: Process, effect: Extract<Effect, { kind: 'step' }>): void => {
  const { inner } = a;
  const { m, random } = inner;
  if (m.stepsLost && random.chance(0.5)) return;
  const born = inner.incarnation;
  inner.timeline.after(2 + random.next() * 8 + m.stepsSlowMs * random.next(), () => {
    if (effect.direction === 'restart' && m.up) m.telephony = 'well';
    if (inner.incarnation !== born) return;
    handle(a, () => ({ kind: 'step', at: m.local(), op: effect.op, outcome: 'done', detail: '' }));
  });
};

/** Handles what waited while the agent could not. */
const drain = (a: Process): void => {
  const { inner } = a;
  const waiting = inner.backlog;
  inner.backlog = [];
  for (const makeEvent of waiting) handle(a, makeEvent);
  if (a.status === 'running' && !inner.m.paused && inner.wakeDue < inner.m.local()) {
    handle(a, () => ({ kind: 'wake', at: inner.m.local() }));
  }
};

const start = (a: Process): void => {
  const { m, random, timeline } = a.inner;
  if (a.status !== 'dead' || !m.up) return;
  a.status = 'running';
  a.state = initialState(m.settings);
  const seed = random.integer(1, 2 ** 31);
  const { tmpfs: boot } = m;
  const disk = m.diskOnTmpfs ?? m.disk;
  handle(a, () => ({ kind: 'started', at: m.local(), wall: WALL_START + timeline.now, boot, disk, seed }));
  if (!m.returnReady) a.mayReturn(false);
};

const kill = (a: Process): void => {
  if (a.status === 'dead') return;
  a.status = 'dead';
  Object.assign(a.inner, { backlog: [], busyUntil: 0, wakeDue: Number.POSITIVE_INFINITY });
  a.inner.incarnation += 1;
  a.inner.m.orphanPipe();
};

const look = (a: Process): void => {
  const { m } = a.inner;
  handle(a, () => {
    const samples = [samplesOf[m.telephony], m.networkUp ? GATEWAY_ANSWERS : GATEWAY_SILENT];
    return { kind: 'look', at: m.local(), look: { samples, calls: m.calls } };
  });
};

export const createAgentProcess = (m: Machine, timeline: Timeline, random: Random, hooks: AgentHooks): AgentProcess => {
  let commands = 0;
  const never = Number.POSITIVE_INFINITY;
  const inner: Inner = { m, timeline, random, hooks, incarnation: 0, wakeDue: never, busyUntil: 0, backlog: [] };
  const a: Process = {
    inner,
    machine: m,
    status: 'dead',
    state: initialState(m.settings),
    start: () => start(a),
    kill: () => kill(a),
    freeze() {
      if (a.status === 'running') a.status = 'frozen';
    },
    thaw() {
      if (a.status !== 'frozen') return;
      a.status = 'running';
      drain(a);
    },
    ending: () => handle(a, () => ({ kind: 'ending', at: m.local() })),
    receive: (from, message) => handle(a, () => ({ kind: 'message', at: m.local(), from, message })),
    command(command) {
      commands += 1;
      const given = { kind: 'command', id: `c${commands}`, by: 'sim', epoch: null, command } as const;
      handle(a, () => ({ ...given, at: m.local(), expiresAt: m.local() + 5000 }));
    },
    look: () => look(a),
    lookAtRival(outcomes) {
      const samples = outcomes.map((outcome) => ({ ...PING, outcome, reason: outcome === 'ok' ? 'echo' : 'no echo' }));
      handle(a, () => ({ kind: 'look', at: m.local(), look: { samples, calls: m.calls } }));
    },
    lookAtMain(outcomes) {
      const samples = outcomes.map((outcome): Sample => ({ ...PING, probe: 'nrpe', about: 'main', outcome }));
      handle(a, () => ({ kind: 'look', at: m.local(), look: { samples, calls: m.calls } }));
    },
    mayReturn(ready) {
      if (m.returnReady !== ready) Object.assign(m, { returnReady: ready, returnSince: timeline.now });
      handle(a, () => ({ kind: 'return', at: m.local(), ready, why: ready ? '' : 'mail is to be merged' }));
    },
    clockJump: (jumpMs, paused) => handle(a, () => ({ kind: 'clock-jump', at: m.local(), jumpMs, paused })),
    drain: () => drain(a),
  };
  return a;
};
