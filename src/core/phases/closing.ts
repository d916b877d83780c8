/** The gate is being closed: only when the kernel has confirmed it (or every lease is surely out) is the right released. */
import { standbyMayCount } from '../arbiter/standby-may-serve.ts';
import { because, type Draft, notify, orderGate, setDisk } from '../draft.ts';
import { loseLease, releaseRight } from '../lease.ts';
import { aimPlan } from '../plan.ts';
import { type Closing, FOR_EVER } from '../state.ts';
import { type Epoch, rivalOf } from '../words.ts';

const sentences: Record<Closing, string> = {
  handover: 'Service is handed over to the other node.',
  stop: 'Service was stopped here by a person.',
  yield: 'The other node serves under a newer epoch; this node stops at once.',
  lost: 'This node lost the right to serve and has stopped.',
};

export const beginClosing = (d: Draft, why: Closing, ordered = false): void => {
  const { lease } = d.s;
  if (lease.name !== 'held') return;
  if (why === 'lost') standbyMayCount(d, lease.leaseUntil);
  const op = orderGate(d, { type: 'close' });
  const { leaseMs, gateLagMs, promiseMs } = d.settings.timing;
  const ticketsEnd = Math.max(d.now + Math.max(leaseMs + 2 * gateLagMs, promiseMs), d.s.boot.openUntil);
  // Should the kernel's answer never come, the tickets run out by themselves; a gate held open does not.
  const sureAt = lease.heldOpen ? Number.MAX_SAFE_INTEGER : ticketsEnd;
  d.s.phase = { name: 'closing', op, sureAt, epoch: lease.epoch, why, ordered, againAt: FOR_EVER };
  because(d, 'close', { why, epoch: lease.epoch });
  notify(d, why === 'lost' || why === 'yield' ? 'alarm' : 'info', `closing-${why}`, sentences[why]);
};

/** The gate is closed for certain. */
export const closed = (d: Draft): void => {
  const { phase } = d.s;
  if (phase.name !== 'closing') return;
  const addressee = phase.why === 'handover' ? rivalOf(d.settings.role) : null;
  const { promiseMs } = d.settings.timing;
  // Who handed over or stopped lets the other go first; who lost may ask again as soon as it can.
  loseLease(d, phase.why === 'lost' ? d.now : d.now + promiseMs);
  releaseRight(d, phase.epoch, addressee, phase.ordered);
  // Who lost the right by silence alone is, in hold, still the one that may serve again.
  if (phase.why !== 'lost') setDisk(d, { serving: false });
  d.s.phase = { name: 'passive' };
  d.s.gateOpen = false;
  aimPlan(d, 'passivate', phase.epoch);
};

/** The kernel refused to close the gate: it is told again, until it does. */
export const closeAgain = (d: Draft, op: number): void => {
  if (d.s.phase.name === 'closing' && d.s.phase.op === op) d.s.phase = { ...d.s.phase, againAt: d.now + 250 };
};

export const tendClosing = (d: Draft): void => {
  const { phase } = d.s;
  if (phase.name !== 'closing') return;
  if (d.now >= phase.sureAt) closed(d);
  else if (d.now >= phase.againAt) d.s.phase = { ...phase, op: orderGate(d, { type: 'close' }), againAt: FOR_EVER };
};

/** The rival itself claims a newer epoch. */
export const yieldTo = (d: Draft, epoch: Epoch): void => {
  because(d, 'rival-claims-newer-epoch', { epoch });
  beginClosing(d, 'yield');
};
