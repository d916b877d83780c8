/**
 * Plays one node for tests: feeds events to the core at the times it asks for, answers for the kernel, the steps and the
 * voters as the test lets it, and keeps what was decided. Each state is frozen, and each decision held against the laws.
 */
import { type Decision, decide } from '../decide.ts';
import type { Effect, GateAction } from '../effect.ts';
import type { Command, Event, Look } from '../event.ts';
import { checkInvariants } from '../invariants.ts';
import type { Answer, Ask, Message } from '../message.ts';
import type { Settings } from '../settings.ts';
import { initialState, type State } from '../state.ts';
import type { Reason, VoterName } from '../words.ts';
import { answerTo, started, WALL } from './builders.ts';

/** What a voter answers; null: nothing. */
export type Voice = (ask: Ask) => Partial<Answer> | null;

type StepEffect = Extract<Effect, { kind: 'step' }>;
export type StepResult = 'done' | 'failed' | 'unknown' | 'never';

export interface TestNode {
  readonly settings: Settings;
  state: State;
  now: number;
  /** The kernel obeys (after 0.2 ms), refuses, or never answers. */
  kernel: 'obeys' | 'refuses' | 'silent';
  /** What a step comes to, 5 ms after its order. */
  steps: (step: StepEffect) => StepResult;
  /** Repeated each heartbeat, when not null. */
  look: Look | null;
  /** Answers come 1 ms after the question. Who has no voice is silent. */
  readonly voices: Map<VoterName, Voice>;
  readonly reasons: (Reason & { readonly at: number })[];
  readonly effects: (Effect & { readonly at: number })[];
  readonly events: Event[];
  feed(event: Event): Decision;
  /** Time passes: wakes, looks, answers and results come when they are due. */
  pass(ms: number): void;
  passUntil(what: string, holds: (state: State) => boolean, withinMs?: number): void;
  hear(from: VoterName, message: Message): void;
  see(look: Look): void;
  command(
    command: Command,
    change?: { readonly id?: string; readonly expiresAt?: number; readonly epoch?: number | null },
  ): void;
  /** Forgets what was decided so far. */
  forget(): void;
  rules(): readonly string[];
  facts(rule: string): Reason['facts'];
  sent(to?: VoterName): readonly Message[];
  gateActions(): readonly GateAction['type'][];
  stepsOrdered(): readonly string[];
  notices(): readonly string[];
  replies(): readonly string[];
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Freezes a value and all that it holds. */
export const deepFreeze = <T>(value: T): T => {
  if (!isObject(value) || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const held of Object.values(value)) deepFreeze(held);
  return value;
};

interface Due {
  readonly at: number;
  readonly make: () => void;
}

const takeDue = (due: Due[], until: number): Due | undefined => {
  const [next] = due.toSorted((a, b) => a.at - b.at);
  if (next === undefined || next.at > until) return undefined;
  due.splice(due.indexOf(next), 1);
  return next;
};

/** What was decided, by kind. */
const recordOf = (n: Pick<TestNode, 'reasons' | 'effects'>) => {
  const of = <K extends Effect['kind']>(kind: K) =>
    n.effects.filter((e): e is Extract<Effect, { kind: K }> & { readonly at: number } => e.kind === kind);
  return {
    forget: () => {
      n.reasons.length = 0;
      n.effects.length = 0;
    },
    rules: () => n.reasons.map((reason) => reason.rule),
    facts: (rule: string): Reason['facts'] => {
      const found = n.reasons.findLast((reason) => reason.rule === rule);
      if (found === undefined)
        throw new Error(`no reason "${rule}"; there are: ${n.reasons.map((r) => r.rule).join(' ')}`);
      return found.facts;
    },
    sent: (to?: VoterName) => of('send').flatMap((e) => (to === undefined || e.to === to ? [e.message] : [])),
    gateActions: () => of('gate').map((e) => e.action.type),
    stepsOrdered: () => of('step').map((e) => `${e.direction} ${e.stepId}`),
    notices: () => of('notify').map((e) => e.code),
    replies: () => of('reply').map((e) => e.code),
  };
};

/** Answers for everybody but the core: kernel, steps, voters. */
const answerFor = (n: TestNode, due: Due[], effect: Effect): void => {
  if (effect.kind === 'gate' && n.kernel !== 'silent') {
    const ok = n.kernel === 'obeys';
    due.push({ at: n.now + 0.2, make: () => n.feed({ kind: 'gate', at: n.now, op: effect.op, ok }) });
  }
  if (effect.kind === 'step') {
    const outcome = n.steps(effect);
    if (outcome === 'never') return;
    due.push({ at: n.now + 5, make: () => n.feed({ kind: 'step', at: n.now, op: effect.op, outcome, detail: '' }) });
  }
  if (effect.kind === 'send' && effect.message.type === 'ask') {
    const { message, to } = effect;
    const said = n.voices.get(to)?.(message) ?? null;
    if (said !== null) due.push({ at: n.now + 1, make: () => n.hear(to, answerTo(message, said)) });
  }
};

interface Inner {
  wakeAt: number;
  lookAt: number;
  commands: number;
  readonly due: Due[];
}

const feedTo = (n: TestNode, inner: Inner, event: Event): Decision => {
  const before = n.state;
  n.events.push(event);
  const decision = decide(n.settings, before, deepFreeze(event), WALL + n.now);
  const broken =
    event.kind === 'started' ? null : checkInvariants(n.settings, before, decision.state, decision.effects);
  if (broken !== null) throw new Error(`${broken}, after ${JSON.stringify(event)}`);
  n.state = deepFreeze(decision.state);
  inner.wakeAt = decision.wakeAt;
  for (const reason of decision.reasons) n.reasons.push({ ...reason, at: n.now });
  for (const effect of decision.effects) {
    n.effects.push({ ...effect, at: n.now });
    answerFor(n, inner.due, effect);
  }
  return decision;
};

/** The next thing that is due by `end` happens; false when there is none. */
const oneStep = (n: TestNode, inner: Inner, end: number): boolean => {
  const lookDue = n.look === null ? Number.POSITIVE_INFINITY : inner.lookAt;
  const at = Math.min(inner.wakeAt, lookDue, ...inner.due.map((each) => each.at));
  if (at > end) return false;
  n.now = Math.max(n.now, at);
  const next = takeDue(inner.due, n.now);
  if (next !== undefined) next.make();
  else if (n.look !== null && inner.lookAt <= n.now) {
    inner.lookAt = n.now + n.settings.timing.heartbeatMs;
    n.see(n.look);
  } else n.feed({ kind: 'wake', at: n.now });
  return true;
};

/** A node that has just begun, or stands in the state given. By default: an agent restarted within a boot, at instant 10,000. */
export const createNode = (settings: Settings, from: Event | State = started(10_000)): TestNode => {
  const beganAt = 'kind' in from ? from.at : from.now;
  const inner: Inner = { wakeAt: beganAt, lookAt: beganAt, commands: 0, due: [] };
  const recorded = { reasons: [] as TestNode['reasons'], effects: [] as TestNode['effects'] };
  const n: TestNode = {
    settings,
    state: deepFreeze('kind' in from ? initialState(settings) : from),
    now: beganAt,
    kernel: 'obeys',
    steps: () => 'done',
    look: null,
    voices: new Map(),
    events: [],
    ...recorded,
    ...recordOf(recorded),
    feed: (event) => feedTo(n, inner, event),
    pass(ms) {
      const end = n.now + ms;
      for (let i = 0; oneStep(n, inner, end); i += 1)
        if (i > 100_000) throw new Error('the core does not come to rest');
      n.now = end;
    },
    passUntil(what, holds, withinMs = 5000) {
      const end = n.now + withinMs;
      while (!holds(n.state)) {
        if (!oneStep(n, inner, end))
          throw new Error(`not within ${withinMs} ms: ${what}; reasons: ${n.rules().join(' ')}`);
      }
    },
    hear: (from, message) => void n.feed({ kind: 'message', at: n.now, from, message }),
    see: (look) => void n.feed({ kind: 'look', at: n.now, look }),
    command(command, change = {}) {
      inner.commands += 1;
      const event = { kind: 'command', at: n.now, id: `c${inner.commands}`, by: 'anna', command } as const;
      n.feed({ expiresAt: n.now + 5000, epoch: null, ...event, ...change });
    },
  };
  if ('kind' in from) n.feed(from);
  return n;
};
