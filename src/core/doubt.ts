/**
 * The wall clock went further than time did: it was set, or this machine stood still and its rival may have served meanwhile. From inside the two
 * look the same. So the gate is closed before anything else; those who vote tell them apart: whoever confirms this very term, asked after that,
 * has promised no other since.
 */
import { because, type Draft, orderGate } from './draft.ts';
import { needsNoVotes, withdraw } from './lease.ts';
import { beginClosing } from './phases/closing.ts';

/** Two questions and their answers, should one be lost; until then this node is silent and keeps its term. */
const DOUBT_HEARTBEATS = 2.5;

export const beginDoubt = (d: Draft): void => {
  const { lease, phase } = d.s;
  // Answers that waited while it stood still would be counted for new ones.
  if (lease.name === 'asking') return withdraw(d, lease);
  if (lease.name !== 'held') return;
  // A gate that is held open, or being closed, is closed until the kernel says so; and without votes nobody knows of a later term.
  if (lease.heldOpen || phase.name === 'closing' || needsNoVotes(d)) return beginClosing(d, 'lost');
  // What was ordered before tells nothing of the gate any more.
  d.s.pendingGates = [];
  orderGate(d, { type: 'close' });
  d.s.gateOpen = false;
  const { heartbeatMs, leaseMs } = d.settings.timing;
  const leaseUntil = d.now + Math.min(DOUBT_HEARTBEATS * heartbeatMs, leaseMs);
  d.s.lease = { ...lease, leaseUntil, renewAt: d.now, rounds: [], proved: false, doubted: true, endOp: 0 };
  because(d, 'doubt', { epoch: lease.epoch });
};
