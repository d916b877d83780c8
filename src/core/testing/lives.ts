/** Random lives of one node, for properties: settings, a start, and a row of events that may or may not make sense. */
import * as fc from 'fast-check';
import { decide } from '../decide.ts';
import type { Command, Event, Look } from '../event.ts';
import type { Message, Refusal } from '../message.ts';
import type { Settings } from '../settings.ts';
import { initialState, type State } from '../state.ts';
import { rivalOf } from '../words.ts';
import {
  answerTo,
  askOf,
  badLook,
  bootMemory,
  byEtcd,
  checkpoints,
  crashLook,
  cutLook,
  diskMemory,
  fastTiming,
  goodLook,
  handoverRequest,
  looksOf,
  noArbiter,
  orders,
  quickTiming,
  releaseOf,
  rivalLook,
  settings,
  silentLook,
  started,
  status,
  step,
  WALL,
} from './builders.ts';
import { deepFreeze } from './node.ts';

/** Settings of every kind that the core distinguishes. */
export const anySettings: fc.Arbitrary<Settings> = fc
  .record({
    role: fc.constantFrom('main', 'standby'),
    timing: fc.constantFrom(fastTiming, quickTiming),
    arbiter: fc.constantFrom(
      noArbiter,
      checkpoints(1),
      checkpoints(3),
      checkpoints(1, 'likely'),
      checkpoints(3, 'likely'),
      byEtcd(),
    ),
    watch: fc.constantFrom({ kind: 'lease' } as const, looksOf.classic, looksOf.blog2012, looksOf.remsys),
    onIsolation: fc.constantFrom('stop', 'serve'),
    telephony: fc.constantFrom('warm', 'cold'),
    restartStep: fc.constantFrom(null, 'telephony'),
    fencing: fc.constantFrom(null, null, { timeoutMs: 900, retryMs: 250, standbyDelayMs: 300, unheardMs: 150 }),
    unfit: fc.record({
      policy: fc.constantFrom('takeover', 'restart-first'),
      restartWaitMs: fc.constant(1000),
      lastResortMs: fc.constant(1000),
    }),
    failback: fc.record({
      policy: fc.constantFrom('auto', 'when-idle', 'manual'),
      holdMs: fc.constantFrom(0, 500),
      maxWaitMs: fc.constantFrom(0, 2000),
    }),
    plan: fc.constantFrom([], [step('telephony')], [step('virtual-ip', 'stop'), step('telephony'), step('hook')]),
  })
  .map((change) => settings(change as Partial<Settings>));

/** What happens, before it is known to whom and when. `ms` after the one before. */
export interface Happening {
  readonly ms: number;
  readonly make: (s: Settings, state: State, at: number) => Event;
}

const looks: readonly Look[] = [
  goodLook,
  goodLook,
  badLook,
  crashLook,
  silentLook,
  cutLook,
  cutLook,
  cutLook,
  cutLook,
  rivalLook('ok', 'ok'),
  rivalLook('failed', 'failed'),
  rivalLook('ok', 'failed'),
];
const commands: readonly Command[] = [
  { name: 'start', confirmed: true },
  { name: 'start', confirmed: false },
  { name: 'stop' },
  { name: 'takeover', confirmed: true },
  { name: 'takeover', confirmed: false },
  { name: 'switchover', whenIdle: true, maxWaitMs: 500 },
  { name: 'switchover', whenIdle: false, maxWaitMs: 0 },
  { name: 'failback', whenIdle: false, maxWaitMs: 0 },
  { name: 'mode', mode: 'manual' },
  { name: 'mode', mode: 'automatic' },
  { name: 'maintenance-on', forMs: 700, reason: 'x' },
  { name: 'maintenance-off' },
  { name: 'acknowledge' },
];
const refusals: readonly (Refusal | null)[] = [
  null,
  null,
  null,
  'silent',
  'released',
  'older',
  'promised',
  'held-open',
  'rival',
  'not-asked',
];

const message = (
  from: (s: Settings) => string,
  make: (s: Settings, state: State) => Message,
  ms: number,
): Happening => ({
  ms,
  make: (s, state, at) => ({ kind: 'message', at, from: from(s), message: make(s, state) }),
});
const rival = (s: Settings): string => rivalOf(s.role);

/** The question that the node is waiting on, as far as one can tell from its state. */
const openQuestion = (s: Settings, state: State) => {
  const { lease } = state;
  if (lease.name === 'sounding') return askOf(s.role, 'sound', state.boot.highest + 2, { seq: lease.seq });
  if (lease.name === 'asking') return askOf(s.role, 'ask', lease.epoch, { seq: lease.round.seq });
  if (lease.name === 'held') return askOf(s.role, 'renew', lease.epoch, { seq: lease.rounds.at(-1)?.seq ?? 0 });
  return askOf(s.role, 'hello', state.boot.highest);
};

const anyMs = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 120 }) },
  { weight: 1, arbitrary: fc.integer({ min: 120, max: 1500 }) },
);
const anyOrders = fc
  .record({
    revision: fc.integer({ min: 0, max: 6 }),
    knew: fc.integer({ min: 0, max: 6 }),
    mode: fc.constantFrom('automatic', 'automatic', 'manual'),
    maintenanceMs: fc.constantFrom(0, 0, 800),
  })
  .map(orders);
const anyStatus = (s: Settings, holding: number, [well, wantsLoose, loose]: readonly boolean[]) =>
  status(rivalOf(s.role), { holding, well: well ?? true, wantsLoose: wantsLoose ?? false, loose: loose ?? false });
const flags = fc.tuple(fc.boolean(), fc.boolean(), fc.boolean());

/** An epoch of the rival's, near what the node has seen. */
const near = (s: Settings, state: State, offset: number): number => {
  const parity = s.role === 'main' ? 1 : 0;
  const epoch = Math.max(0, state.boot.highest + offset);
  return epoch % 2 === parity ? epoch : epoch + 1;
};

const anyRivalAsk = fc
  .record({
    ms: anyMs,
    question: fc.constantFrom('sound', 'ask', 'renew', 'hello'),
    offset: fc.integer({ min: -3, max: 3 }),
    serves: fc.boolean(),
    flags,
    orders: anyOrders,
  })
  .map(({ ms, question, offset, serves, flags: f, orders: o }) =>
    message(
      rival,
      (s, state) => {
        const epoch = near(s, state, offset);
        return askOf(rivalOf(s.role), question, epoch, {
          status: anyStatus(s, serves ? epoch : 0, f),
          orders: o,
        });
      },
      ms,
    ),
  );
const anyAnswer = fc
  .record({
    ms: anyMs,
    who: fc.constantFrom('rival', 'c1', 'c2', 'c3'),
    why: fc.constantFrom(...refusals),
    offset: fc.integer({ min: -2, max: 2 }),
    flags,
    orders: anyOrders,
  })
  .map(({ ms, who, why, offset, flags: f, orders: o }) =>
    message(
      (s) => (who === 'rival' ? rival(s) : who),
      (s, state) =>
        answerTo(openQuestion(s, state), {
          yes: why === null,
          why,
          highest: Math.max(0, state.boot.highest + offset),
          waitMs: why === 'promised' ? 50 : 0,
          status: who === 'rival' ? anyStatus(s, 0, f) : null,
          heard: who === 'rival' ? null : { agoMs: 30, status: anyStatus(s, 0, f) },
          orders: o,
        }),
      ms,
    ),
  );
const anyHandover = fc
  .record({
    ms: anyMs,
    offset: fc.integer({ min: -3, max: 3 }),
    toUs: fc.boolean(),
    ordered: fc.boolean(),
    request: fc.boolean(),
    lateMs: fc.constantFrom(0, 0, 20_000),
  })
  .map(({ ms, offset, toUs, ordered, request, lateMs }) =>
    message(
      rival,
      (s, state) =>
        request
          ? handoverRequest(state.boot.highest + offset, {
              heard: state.now - lateMs,
              whenIdle: ordered,
              maxWaitMs: 300,
            })
          : releaseOf(rivalOf(s.role), near(s, state, offset), { addressee: toUs ? s.role : null, ordered }),
      ms,
    ),
  );
const anyGate = fc.record({ ms: fc.integer({ min: 0, max: 5 }), ok: fc.boolean() }).map(
  ({ ms, ok }): Happening => ({
    ms,
    make: (_s, state, at) => ({
      kind: 'gate',
      at,
      op: state.pendingGates[0]?.op ?? 0,
      ok: ok || state.pendingGates.length % 7 !== 0,
    }),
  }),
);
const anyStep = fc.record({ ms: anyMs, outcome: fc.constantFrom('done', 'done', 'failed', 'unknown') }).map(
  ({ ms, outcome }): Happening => ({
    ms,
    make: (_s, state, at) => ({
      kind: 'step',
      at,
      op: state.plan.leftover[0]?.op ?? state.plan.running?.op ?? state.restartOp,
      outcome: outcome as 'done',
      detail: '',
    }),
  }),
);
const anyFence = fc.record({ ms: anyMs, outcome: fc.constantFrom('off', 'off', 'on', 'failed', 'unknown') }).map(
  ({ ms, outcome }): Happening => ({
    ms,
    make: (_s, { fence }, at) => ({
      kind: 'fence',
      at,
      op: fence.name === 'asked' ? fence.op : 0,
      outcome: outcome as 'off',
      detail: '',
    }),
  }),
);
const anyOther = fc.oneof(
  fc
    .record({ ms: anyMs, look: fc.constantFrom(...looks) })
    .map(({ ms, look }): Happening => ({ ms, make: (_s, _state, at) => ({ kind: 'look', at, look }) })),
  fc.record({ ms: anyMs, command: fc.constantFrom(...commands), late: fc.boolean() }).map(
    ({ ms, command, late }): Happening => ({
      ms,
      make: (_s, state, at) => ({
        kind: 'command',
        at,
        id: 'x',
        by: 'anna',
        expiresAt: at + (late ? -1 : 100),
        epoch: late ? state.boot.highest - 1 : null,
        command,
      }),
    }),
  ),
  anyMs.map((ms): Happening => ({ ms, make: (_s, _state, at) => ({ kind: 'ending', at }) })),
  fc.record({ ms: anyMs, paused: fc.boolean() }).map(
    ({ ms, paused }): Happening => ({
      ms,
      make: (_s, _state, at) => ({ kind: 'clock-jump', at, jumpMs: 5000, paused }),
    }),
  ),
  anyMs.map((ms): Happening => ({ ms, make: (_s, _state, at) => ({ kind: 'wake', at }) })),
  fc
    .record({ ms: anyMs, ready: fc.boolean() })
    .map(
      ({ ms, ready }): Happening => ({ ms, make: (_s, _state, at) => ({ kind: 'return', at, ready, why: 'mail' }) }),
    ),
);
/** What may happen to a node, sense or nonsense, in any order. */
export const anyHappenings = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: anyRivalAsk },
    { weight: 5, arbitrary: anyAnswer },
    { weight: 5, arbitrary: anyGate },
    { weight: 2, arbitrary: anyStep },
    { weight: 1, arbitrary: anyFence },
    { weight: 4, arbitrary: anyOther },
    { weight: 1, arbitrary: anyHandover },
  ),
  { minLength: 10, maxLength: 120 },
);
export const anyStart = fc.constantFrom(
  started(10_000),
  started(10_000, { boot: null }),
  started(10_000, { boot: bootMemory({ holding: 2, highest: 2, openUntil: 10_300 }) }),
  started(10_000, { boot: null, disk: diskMemory({ loose: true, epochCeiling: 17, serving: true }) }),
  started(10_000, {
    boot: bootMemory({ holding: 4, highest: 4, heldOpen: true }),
    disk: diskMemory({ orders: orders({ revision: 2, mode: 'manual' }) }),
  }),
);

/** A start that could have been this node's: an epoch held is its own. */
const startFor = (s: Settings, event: Event): Event =>
  event.kind === 'started' && event.boot !== null && event.boot.holding > 0 && s.role === 'standby'
    ? { ...event, boot: { ...event.boot, holding: event.boot.holding + 1, highest: event.boot.highest + 1 } }
    : event;

/** Plays a random life; `each` looks at every decision. Wakes come when the core asked for them. */
export const play = (
  s: Settings,
  first: Event,
  happenings: readonly Happening[],
  each: (before: State, event: Event, after: ReturnType<typeof decide>) => void,
): void => {
  let state = deepFreeze(initialState(s));
  let now = 10_000;
  let wakeAt = 0;
  const feed = (event: Event): void => {
    const before = state;
    const decision = decide(s, before, deepFreeze(event), WALL + now);
    each(before, event, decision);
    state = deepFreeze(decision.state);
    wakeAt = decision.wakeAt;
  };
  const wakeUntil = (end: number): void => {
    for (let i = 0; i < 500; i += 1) {
      if (wakeAt > end) return;
      now = Math.max(now, wakeAt);
      feed({ kind: 'wake', at: now });
    }
    throw new Error(`it does not come to rest at ${now}`);
  };
  feed(startFor(s, first));
  for (const { ms, make } of happenings) {
    const end = now + ms;
    wakeUntil(end);
    now = end;
    feed(make(s, state, now));
  }
};
