import type { Effect, GateAction } from './effect.ts';
import { inForce, withLeft } from './in-force.ts';
import type { BootMemory, DiskMemory } from './memory.ts';
import type { Ask, Message, Orders, Status } from './message.ts';
import type { Settings } from './settings.ts';
import type { PendingGate, State } from './state.ts';
import { type Epoch, type Instant, type Millis, type Reason, rivalOf, type VoterName, type WallTime } from './words.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A decision in the making: the state's fields are replaced, never what they hold. */
export interface Draft {
  readonly settings: Settings;
  readonly now: Instant;
  /** Only to compare with what was written down over a boot. */
  readonly wall: WallTime;
  readonly s: Mutable<State>;
  readonly effects: Effect[];
  readonly reasons: Reason[];
}

export const createDraft = (settings: Settings, state: State, now: Instant, wall: WallTime = 0): Draft => ({
  settings,
  now,
  wall,
  s: { ...state, now },
  effects: [],
  reasons: [],
});

export const because = (d: Draft, rule: string, facts: Reason['facts'] = {}): void => {
  d.reasons.push({ rule, facts });
};

export const notify = (d: Draft, level: 'info' | 'warning' | 'alarm', code: string, text: string): void => {
  d.effects.push({ kind: 'notify', level, code, text });
};

export const setBoot = (d: Draft, change: Partial<BootMemory>): void => {
  d.s.boot = { ...d.s.boot, ...change };
};

export const setDisk = (d: Draft, change: Partial<DiskMemory>): void => {
  d.s.disk = { ...d.s.disk, ...change };
};

export const nextOp = (d: Draft): number => {
  d.s.lastOp += 1;
  return d.s.lastOp;
};

export const orderGate = (d: Draft, action: GateAction, seq = 0): number => {
  const op = nextOp(d);
  const pending: PendingGate = { op, what: action.type, seq };
  d.s.pendingGates = [...d.s.pendingGates, pending];
  d.effects.push({ kind: 'gate', op, action });
  return op;
};

/** A random span in [from, to), from the state's own generator (mulberry32). */
export const chance = (d: Draft, fromMs: Millis, toMs: Millis): Millis => {
  const seed = (d.s.chance + 0x6d2b79f5) | 0;
  d.s.chance = seed;
  let x = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
  return fromMs + (((x ^ (x >>> 14)) >>> 0) / 4294967296) * (toMs - fromMs);
};

/** An epoch was seen or taken: remember it, and write the ceiling some epochs ahead to spare the disk. */
export const noteEpoch = (d: Draft, epoch: Epoch): void => {
  if (epoch > d.s.boot.highest) setBoot(d, { highest: epoch });
  if (epoch > d.s.disk.epochCeiling) setDisk(d, { epochCeiling: epoch + 16 });
};

export const isWell = (s: State): boolean => s.health.verdict === 'up' || s.health.verdict === 'degraded';

/** In hold, only a person's command moves anything. */
export const inMaintenance = (s: State): boolean => s.maintenanceUntil > s.now;

export const isManual = (s: State): boolean => inForce(s.disk.orders).mode === 'manual';

export const ownStatus = (d: Draft): Status => ({
  role: d.settings.role,
  at: d.now,
  life: d.s.life,
  holding: d.s.lease.name === 'held' ? d.s.lease.epoch : 0,
  heldOpen: d.s.lease.name === 'held' && d.s.lease.heldOpen && d.settings.onIsolation === 'stop',
  well: isWell(d.s),
  calls: d.s.health.calls,
  wantsLoose: wantsLoose(d),
  loose: d.s.disk.loose,
});

const wantsLoose = (d: Draft): boolean => {
  const { arbiter } = d.settings;
  return (
    arbiter.kind !== 'none' &&
    arbiter.whenLost === 'likely' &&
    d.s.votersLostSince >= 0 &&
    d.now - d.s.votersLostSince >= arbiter.lostAfterMs
  );
};

export const ownOrders = (s: State): Orders => withLeft(s.disk.orders, Math.max(0, s.maintenanceUntil - s.now));

export const send = (d: Draft, to: VoterName, message: Message): void => {
  d.effects.push({ kind: 'send', to, message });
};

type Question = Pick<Ask, 'question' | 'epoch' | 'seq' | 'release'> & Partial<Pick<Ask, 'restarts'>>;

const askOf = (d: Draft, ask: Question, bind: boolean): Ask => ({
  type: 'ask',
  restarts: false,
  ...ask,
  bind,
  vouched: d.s.errand?.confirmed === true && d.now - d.s.rival.heardAt > d.settings.timing.promiseMs,
  status: ownStatus(d),
  orders: ownOrders(d.s),
});

/** Lately the rival voted for this node, which needs no other vote then. */
const rivalVotes = (d: Draft): boolean => {
  const { lease } = d.s;
  const since = d.now - 1.5 * d.settings.timing.heartbeatMs;
  const rival = rivalOf(d.settings.role);
  return lease.name === 'held' && lease.rounds.some((round) => round.sentAt >= since && round.yes.includes(rival));
};

/** Each promise of etcd costs its disks a write: it is asked for one where it may be needed. A node that does not hear its rival leaves word there. */
const bindsVoters = (d: Draft, { question }: Question, bind: boolean): boolean => {
  if (d.settings.arbiter.kind !== 'etcd') return bind;
  if (question === 'hello') return d.now - d.s.rival.heardAt > d.settings.timing.promiseMs;
  return bind && !(question === 'renew' && rivalVotes(d));
};

/** To the checkpoints alone. */
export const askVoters = (d: Draft, ask: Question, bind: boolean): void => {
  const message = askOf(d, ask, bindsVoters(d, ask, bind));
  for (const voter of d.s.voters) send(d, voter.name, message);
};

/** To the rival and all checkpoints; with `bind` they are asked to promise. */
export const askAll = (d: Draft, ask: Question, bind: boolean): void => {
  send(d, rivalOf(d.settings.role), askOf(d, ask, bind));
  askVoters(d, ask, bind);
};
