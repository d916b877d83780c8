/** The pure core: what one node does next. No I/O, no clock, no chance of its own, no logging. */
import { recallStandby, standbyMayCount } from './arbiter/standby-may-serve.ts';
import { onCommand, tendErrand } from './command.ts';
import { tendCompany } from './company.ts';
import { beginDoubt } from './doubt.ts';
import {
  askAll,
  askVoters,
  because,
  createDraft,
  type Draft,
  isManual,
  isWell,
  notify,
  orderGate,
  setBoot,
  setDisk,
} from './draft.ts';
import type { Effect } from './effect.ts';
import type { Event } from './event.ts';
import { onFence, tendFence } from './fence.ts';
import { applyLook } from './health.ts';
import { endOfOpenEnd, onArmed, renewForRestart, tendLease, tendReleasing } from './lease.ts';
import { tendLoose } from './loose.ts';
import { onMessage } from './messages-in.ts';
import { rememberMaintenance, tendMode, tendOrders } from './orders.ts';
import { closeAgain, closed, tendClosing } from './phases/closing.ts';
import { tendDraining } from './phases/draining.ts';
import { restartInPlace, tendServing } from './phases/serving.ts';
import { aimPlan, onStep, tendPlan } from './plan.ts';
import { countSwitch, tendPassive, tendUnserved } from './policy.ts';
import { longestPromiseMs, type Settings } from './settings.ts';
import { emptyDisk, FOR_EVER, freshBootMemory, NEVER, type State, startPlan } from './state.ts';
import { nextWake } from './wake.ts';
import type { Instant, Reason, WallTime } from './words.ts';

export interface Decision {
  readonly state: State;
  readonly effects: readonly Effect[];
  readonly reasons: readonly Reason[];
  /** The core wants a `wake` event at this instant at the latest. */
  readonly wakeAt: Instant;
}

const onStarted = (d: Draft, e: Extract<Event, { kind: 'started' }>): void => {
  const disk = e.disk ?? emptyDisk;
  d.s.startedAt = d.now;
  d.s.awakeSince = d.now;
  d.s.chance = e.seed;
  d.s.life = Math.floor(e.wall);
  d.s.disk = disk;
  d.s.freshBoot = e.boot === null;
  d.s.boot = e.boot ?? freshBootMemory(disk, d.now + longestPromiseMs(d.settings.timing));
  if (disk.maintenanceUntilWall > e.wall) d.s.maintenanceUntil = d.now + disk.maintenanceUntilWall - e.wall;
  recallStandby(d);
  d.s.health = { ...d.s.health, since: d.now, rivalBad: d.s.boot.looksBad };
  d.s.helloAt = d.now;
  d.s.lease = { name: 'none', since: d.now, retryAt: d.now };
  // Voters count as heard for the moment: a restart is no loss of theirs. That they answer it has still to be said.
  d.s.voters = d.s.voters.map((v) => ({ ...v, answeredAt: d.now }));
  d.s.votersBackAt = d.now;
  because(d, 'started', { freshBoot: e.boot === null, holding: d.s.boot.holding, ceiling: disk.epochCeiling });
  const mayResume = d.s.boot.heldOpen || d.now < lastTicketEnds(d);
  if (d.s.boot.holding > 0 && mayResume) return resume(d);
  if (d.s.boot.holding > 0) standbyMayCount(d, lastTicketEnds(d));
  setBoot(d, { holding: 0, heldOpen: false });
  orderGate(d, { type: 'close' });
  d.s.plan = startPlan('passivate', d.settings.plan, d.s.boot.highest, d.now);
};

/** When the longest ticket of a former agent of this boot runs out, if it was granted. */
const lastTicketEnds = (d: Draft): Instant => {
  const { promiseMs, leaseMs } = d.settings.timing;
  return d.s.boot.openUntil - promiseMs + leaseMs;
};

/** A former agent of this boot held the right: its tickets may still run, so go on where it was. */
const resume = (d: Draft): void => {
  const { boot } = d.s;
  const { heldOpen } = boot;
  const openEnd = heldOpen && (isManual(d.s) || d.settings.onIsolation === 'serve');
  const ticketsEnd = heldOpen ? d.now + d.settings.timing.leaseMs : lastTicketEnds(d);
  d.s.lease = {
    name: 'held',
    epoch: boot.holding,
    since: d.now,
    leaseUntil: openEnd ? FOR_EVER : ticketsEnd,
    renewAt: d.now,
    rounds: [],
    heldOpen,
    proved: heldOpen,
    doubted: false,
    endOp: 0,
  };
  d.s.phase = { name: 'serving' };
  d.s.gateOpen = true;
  // The former agent may have died in closing it, and no renewal would open it again.
  if (heldOpen) orderGate(d, { type: 'hold-open' });
  d.s.plan = startPlan('activate', d.settings.plan, boot.holding, d.now);
  because(d, 'resumed', { epoch: boot.holding });
};

const onGate = (d: Draft, op: number, ok: boolean): void => {
  const pending = d.s.pendingGates.find((p) => p.op === op);
  if (pending === undefined) return;
  d.s.pendingGates = d.s.pendingGates.filter((p) => p.op !== op);
  if (!ok) {
    notify(d, 'alarm', 'gate-failed', `The kernel gate refused the order "${pending.what}".`);
    closeAgain(d, op);
    endOfOpenEnd(d, op, false);
    return;
  }
  if (pending.what === 'arm') return onArmed(d, pending.seq);
  if (pending.what === 'close') {
    if (d.s.phase.name === 'closing' && d.s.phase.op === op) closed(d);
    // A passive node whose gate is closed for certain may give its rival its word at once.
    else if (d.s.lease.name === 'none') setBoot(d, { openUntil: NEVER });
    return;
  }
  endOfOpenEnd(d, op, true);
  if (d.s.lease.name === 'held' && d.s.phase.name !== 'closing') d.s.gateOpen = true;
};

const onClockJump = (d: Draft, e: Extract<Event, { kind: 'clock-jump' }>): void => {
  because(d, 'clock-jump', { jumpMs: Math.round(e.jumpMs), paused: e.paused });
  notify(
    d,
    'warning',
    'clock-jump',
    `The clocks disagree by ${Math.round(e.jumpMs)} ms${e.paused ? '; one was set, or this machine was paused' : ''}.`,
  );
  if (e.paused && !isManual(d.s)) beginDoubt(d);
};

/** What callers left here comes home before service does. */
const onReturn = (d: Draft, e: Extract<Event, { kind: 'return' }>): void => {
  const held = e.ready ? '' : e.why;
  if (held === d.s.returnHeld) return;
  d.s.returnHeld = held;
  because(d, 'return', { ready: e.ready, why: e.why });
};

const apply = (d: Draft, e: Event): void => {
  switch (e.kind) {
    case 'started':
      return onStarted(d, e);
    case 'wake':
      return;
    case 'ending':
      return renewForRestart(d);
    case 'look':
      return applyLook(d, e.look);
    case 'message':
      return onMessage(d, e.from, e.message);
    case 'gate':
      return onGate(d, e.op, e.ok);
    case 'step':
      if (onStep(d, e.op, e.outcome, e.detail)) return;
      if (d.s.restartOp === e.op) d.s.restartOp = 0;
      because(d, 'step', { step: 'restart', outcome: e.outcome, detail: e.detail });
      return;
    case 'command':
      return onCommand(d, e);
    case 'return':
      return onReturn(d, e);
    case 'fence':
      return onFence(d, e);
    case 'clock-jump':
      return onClockJump(d, e);
  }
};

/** The lease was won since the last look: serve. */
const tendWon = (d: Draft): boolean => {
  if (d.s.phase.name !== 'passive' || d.s.lease.name !== 'held') return false;
  d.s.phase = { name: 'serving' };
  d.s.gateOpen = false;
  setDisk(d, { serving: true });
  aimPlan(d, 'activate', d.s.lease.epoch);
  notify(d, 'info', 'serving', `This node serves now, under epoch ${d.s.lease.epoch}.`);
  return true;
};

/**
 * A passive node says that it lives, at each heartbeat. A holder hears it in the answers to its own heartbeats; the checkpoints are told in
 * the same breath, which spares both nodes a packet and an awakening each.
 */
const tendHello = (d: Draft): void => {
  const { heartbeatMs } = d.settings.timing;
  const { answeredAt } = d.s.rival;
  const early = answeredAt === d.now && d.now >= d.s.helloAt - heartbeatMs;
  if (d.now < d.s.helloAt && !early) return;
  const holderHears = d.now - answeredAt < 1.5 * heartbeatMs;
  d.s.helloAt = d.now + (holderHears ? 1.5 : 1) * heartbeatMs;
  if (d.s.lease.name === 'held') return;
  const hello = { question: 'hello', epoch: d.s.boot.highest, seq: 0, release: 0 } as const;
  if (holderHears) askVoters(d, hello, false);
  else askAll(d, hello, false);
};

const advance = (d: Draft): void => {
  tendOrders(d);
  tendMode(d);
  tendLease(d);
  tendReleasing(d);
  tendClosing(d);
  tendLoose(d);
  tendFence(d);
  if (d.s.phase.name === 'passive') tendPassive(d);
  const began = tendWon(d);
  if (!began && (d.s.phase.name === 'serving' || d.s.phase.name === 'draining')) tendServing(d);
  if (d.s.phase.name === 'draining') tendDraining(d);
  if (d.s.phase.name === 'passive' && !isWell(d.s)) restartInPlace(d);
  tendUnserved(d);
  tendCompany(d);
  tendPlan(d);
  tendErrand(d);
  tendHello(d);
};

/**
 * Decides what follows from one event. Deterministic: the same settings, state and event give the same decision.
 * `wall` is only used to write down spans that must outlive a boot.
 */
export const decide = (settings: Settings, state: State, event: Event, wall: WallTime): Decision => {
  const d = createDraft(settings, state, event.at, wall);
  const heldBefore = state.lease.name === 'held';
  if (event.at - state.now > settings.timing.promiseMs / 2) d.s.awakeSince = event.at;
  if (d.s.phase.name !== 'halted') {
    apply(d, event);
    advance(d);
    if (!heldBefore && d.s.lease.name === 'held' && event.kind !== 'started') countSwitch(d, wall);
    if (state.maintenanceUntil !== d.s.maintenanceUntil) rememberMaintenance(d, wall);
  }
  return { state: d.s, effects: d.effects, reasons: d.reasons, wakeAt: nextWake(d) };
};
