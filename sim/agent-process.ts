/** The agent of one node: runs the real core, keeps its memory before any effect leaves, and can be killed, frozen or held up by its disk. */
import { type Decision, decide } from '../src/core/decide.ts';
import type { Effect } from '../src/core/effect.ts';
import type { Command, Event, Sample } from '../src/core/event.ts';
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
  receive(from: VoterName, message: Message): void;
  command(command: Command): void;
  look(): void;
  clockJump(jumpMs: number, paused: boolean): void;
  /** The machine was resumed: what waited is handled. */
  drain(): void;
}

export interface AgentHooks {
  send(to: VoterName, message: Message): void;
  decided(before: State, decision: Decision, event: Event): void;
  /** The memory on tmpfs was written: promises are in force from now. */
  kept(): void;
  replied(effect: Extract<Effect, { kind: 'reply' }>): void;
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
const BACKLOG_MAX = 400;
export const WALL_START = 1_800_000_000_000;

export const createAgentProcess = (m: Machine, timeline: Timeline, random: Random, hooks: AgentHooks): AgentProcess => {
  let incarnation = 0;
  let wakeDue = Number.POSITIVE_INFINITY;
  let busyUntil = 0;
  let backlog: (() => Event)[] = [];
  let commands = 0;

  const scheduleWake = (at: number): void => {
    if (at === wakeDue) return;
    wakeDue = at;
    const born = incarnation;
    // A hair later, so that rounding never wakes it before its time.
    timeline.at(m.trueTime(at) + 1e-6, () => {
      if (incarnation !== born || wakeDue !== at) return;
      wakeDue = Number.POSITIVE_INFINITY;
      handle(() => ({ kind: 'wake', at: m.local() }));
    });
  };

  /** Handles the event now, or as soon as the agent runs and is free. The event is made then: it carries the time at which it is read. */
  const handle = (makeEvent: () => Event): void => {
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
    const wroteDisk = a.state.disk !== before.disk;
    if (a.state.boot !== before.boot) {
      m.tmpfs = a.state.boot;
      hooks.kept();
    }
    // A disk that refuses is an alarm, not a halt; what it missed is written as soon as it takes it.
    if (!m.diskFull) m.disk = a.state.disk;
    if (wroteDisk && m.diskSlowMs > 0) afterDisk(decision);
    else applyEffects(decision);
  };

  /** The disk takes its time, and no effect leaves before. */
  const afterDisk = (decision: Decision): void => {
    const born = incarnation;
    busyUntil = timeline.now + m.diskSlowMs;
    timeline.at(busyUntil, () => {
      if (incarnation !== born || a.status === 'dead') return;
      applyEffects(decision);
      drain();
    });
  };

  const applyEffects = (decision: Decision): void => {
    for (const effect of decision.effects) applyEffect(effect);
    scheduleWake(decision.wakeAt);
  };

  const applyEffect = (effect: Effect): void => {
    const born = incarnation;
    switch (effect.kind) {
      case 'send':
        return hooks.send(effect.to, effect.message);
      case 'gate':
        return m.gate(effect.action, () => {
          if (incarnation === born) handle(() => ({ kind: 'gate', at: m.local(), op: effect.op, ok: true }));
        });
      case 'step':
        return runStep(effect);
      case 'reply':
        return hooks.replied(effect);
      case 'keep':
      case 'notify':
        return;
    }
  };

  const runStep = (effect: Extract<Effect, { kind: 'step' }>): void => {
    if (m.stepsLost && random.chance(0.5)) return;
    const born = incarnation;
    timeline.after(2 + random.next() * 8 + m.stepsSlowMs * random.next(), () => {
      if (effect.direction === 'restart' && m.up) m.telephony = 'well';
      if (incarnation === born)
        handle(() => ({ kind: 'step', at: m.local(), op: effect.op, outcome: 'done', detail: '' }));
    });
  };

  const drain = (): void => {
    const waiting = backlog;
    backlog = [];
    for (const makeEvent of waiting) handle(makeEvent);
    if (a.status === 'running' && !m.paused && wakeDue < m.local()) handle(() => ({ kind: 'wake', at: m.local() }));
  };

  const a: AgentProcess = {
    machine: m,
    status: 'dead',
    state: initialState(m.settings),
    start() {
      if (a.status !== 'dead' || !m.up) return;
      a.status = 'running';
      a.state = initialState(m.settings);
      const seed = random.integer(1, 2 ** 31);
      handle(() => ({
        kind: 'started',
        at: m.local(),
        wall: WALL_START + timeline.now,
        boot: m.tmpfs,
        disk: m.disk,
        seed,
      }));
    },
    kill() {
      if (a.status === 'dead') return;
      a.status = 'dead';
      incarnation += 1;
      backlog = [];
      busyUntil = 0;
      wakeDue = Number.POSITIVE_INFINITY;
      m.orphanPipe();
    },
    freeze() {
      if (a.status === 'running') a.status = 'frozen';
    },
    thaw() {
      if (a.status !== 'frozen') return;
      a.status = 'running';
      drain();
    },
    receive: (from, message) => handle(() => ({ kind: 'message', at: m.local(), from, message })),
    command(command) {
      commands += 1;
      const id = `c${commands}`;
      handle(() => ({
        kind: 'command',
        at: m.local(),
        id,
        by: 'sim',
        expiresAt: m.local() + 5000,
        epoch: null,
        command,
      }));
    },
    look() {
      const samples = [samplesOf[m.telephony], m.networkUp ? GATEWAY_ANSWERS : GATEWAY_SILENT];
      const { calls } = m;
      handle(() => ({ kind: 'look', at: m.local(), look: { samples, calls } }));
    },
    clockJump: (jumpMs, paused) => handle(() => ({ kind: 'clock-jump', at: m.local(), jumpMs, paused })),
    drain,
  };
  return a;
};
