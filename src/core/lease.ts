/** Winning, renewing and losing the right to serve (lease.md). Who should ask is decided in policy.ts. */
import { standbyIsSettled } from './arbiter/standby-may-serve.ts';
import { applyRelease, voteForSelf } from './arbiter/voter.ts';
import { askAll, because, chance, type Draft, isManual, noteEpoch, orderGate, send, setBoot } from './draft.ts';
import { knowsAll } from './in-force.ts';
import type { Answer } from './message.ts';
import { longestPromiseMs } from './settings.ts';
import { FOR_EVER, type Lease, NEVER, NO_FENCE, type Round } from './state.ts';
import { type Epoch, type Millis, nextEpoch, type Role, rivalOf, type VoterName } from './words.ts';

type Held = Extract<Lease, { name: 'held' }>;
type Asking = Extract<Lease, { name: 'asking' }>;

/** Nobody else needs to agree: arbiter `none`, or the agreement to leave the lost checkpoints out. */
export const needsNoVotes = (d: Draft): boolean => d.settings.arbiter.kind === 'none' || d.s.disk.loose;

/** Votes of the two nodes and `k` checkpoints that make a majority. */
export const majority = (checkpoints: number): number => Math.floor((checkpoints + 2) / 2) + 1;

/** Own vote and a majority, or the rival's word alone: the only other one that could serve has then promised not to. */
const wins = (d: Draft, own: boolean, yes: readonly VoterName[]): boolean => {
  if (yes.includes(rivalOf(d.settings.role))) return true;
  // In manual mode the rival's gate may be held open without any promise: only its own word says that it is closed.
  return !isManual(d.s) && own && yes.length + 1 >= majority(d.s.voters.length);
};

export const rivalIsSilent = (d: Draft): boolean => d.now - d.s.rival.heardAt > d.settings.timing.promiseMs;

/** A person typed the confirmation that the unreachable rival does not serve (manual mode only). */
const isConfirmed = (d: Draft): boolean => isManual(d.s) && d.s.errand?.confirmed === true && rivalIsSilent(d);

/** The rival knows of manual mode, or so many checkpoints that it wins no majority without learning of it from an answer. */
export const manualIsKnown = (d: Draft): boolean => {
  const { orders } = d.s.disk;
  if (knowsAll(d.s.rival.knows, orders)) return true;
  const count = d.s.voters.length;
  const know = d.s.voters.filter((v) => knowsAll(v.knows, orders)).length;
  return count > 0 && know >= count - majority(count) + 2;
};

/**
 * Where silence alone would decide and a device is configured, it must have turned the silent rival off, or a person vouch for it: a pause
 * or a cut looks like a death.
 */
export const lacksProof = (d: Draft): boolean =>
  d.settings.fencing !== null && d.s.fence.name !== 'off' && d.s.errand?.confirmed !== true;

const ownWouldVote = (d: Draft): boolean =>
  voteForSelf(d.s.boot, d.settings.role, 0, d.now, d.settings.timing.promiseMs) !== null;

export const loseLease = (d: Draft, retryAt: number): void => {
  d.s.lease = { name: 'none', since: d.now, retryAt };
  if (d.s.boot.holding !== 0 || d.s.boot.heldOpen) setBoot(d, { holding: 0, heldOpen: false });
};

/** Pre-vote: would you? Changes nothing anywhere. */
export const sound = (d: Draft): void => {
  const seq = d.s.boot.seq + 1;
  setBoot(d, { seq });
  const until = d.now + d.settings.timing.askMs;
  d.s.lease = { name: 'sounding', seq, until, yes: [], answered: 0, waitMs: 0 };
  const epoch = nextEpoch(d.settings.role, d.s.boot.highest);
  askAll(d, { question: 'sound', epoch, seq, release: 0 }, false);
};

/** Puts the ticket into the kernel; the request leaves when the kernel has taken it. */
const armRound = (d: Draft, ticketMs: Millis = d.settings.timing.leaseMs): Round => {
  const seq = d.s.boot.seq + 1;
  const slot = seq % d.settings.slots;
  setBoot(d, { seq });
  orderGate(d, { type: 'arm', slot, ms: ticketMs }, seq);
  return { seq, slot, ticketMs, armedAt: d.now, sentAt: NEVER, own: false, yes: [], granted: false };
};

/** Takes the next epoch of one's own and asks for promises. `handed`: the released epoch that was handed to us, or 0. */
export const ask = (d: Draft, handed: Epoch): void => {
  const epoch = nextEpoch(d.settings.role, d.s.boot.highest);
  noteEpoch(d, epoch);
  d.s.lease = { name: 'asking', epoch, until: d.now + d.settings.timing.askMs, round: armRound(d), handed };
  because(d, 'ask', { epoch, handed });
};

/** The request leaves: own vote first, then the others'. */
const sendRound = (d: Draft, round: Round, epoch: Epoch, question: 'ask' | 'renew', handed: Epoch): Round => {
  const { role, timing } = d.settings;
  const restarts = isLonger(d, round);
  const forMs = restarts ? longestPromiseMs(timing) : timing.promiseMs;
  // A longer ticket of before may be open still.
  setBoot(d, { openUntil: Math.max(d.s.boot.openUntil, d.now + forMs) });
  const voted = voteForSelf(d.s.boot, role, epoch, d.now, forMs);
  if (voted !== null) d.s.boot = voted;
  askAll(d, { question, epoch, seq: round.seq, release: handed, restarts }, true);
  return { ...round, sentAt: d.now, own: voted !== null };
};

const grant = (d: Draft, round: Round): number => orderGate(d, { type: 'grant', slot: round.slot }, round.seq);

/** The kernel has answered the grant that was to end the open end: from now on tickets close the gate, or the next grant will. */
export const endOfOpenEnd = (d: Draft, op: number, taken: boolean): void => {
  const { lease } = d.s;
  if (lease.name !== 'held' || lease.endOp !== op) return;
  d.s.lease = { ...lease, heldOpen: !taken, endOp: 0 };
  if (taken) setBoot(d, { heldOpen: false });
};

/** The kernel has taken the ticket `seq`. */
export const onArmed = (d: Draft, seq: number): void => {
  const { lease } = d.s;
  if (lease.name === 'asking' && lease.round.seq === seq) {
    // The kernel took its time, and a newer epoch has been seen meanwhile: the rival may have served under it.
    if (lease.epoch < d.s.boot.highest) return withdraw(d, lease);
    const round = sendRound(d, lease.round, lease.epoch, 'ask', lease.handed);
    d.s.lease = { ...lease, round };
    countAsking(d);
  } else if (lease.name === 'held') {
    const round = lease.rounds.find((r) => r.seq === seq);
    if (round === undefined || round.sentAt !== NEVER) return;
    replaceRound(d, lease, sendRound(d, round, lease.epoch, 'renew', 0));
    countHeld(d, seq);
  }
};

const replaceRound = (d: Draft, lease: Held, round: Round): void => {
  d.s.lease = { ...lease, rounds: lease.rounds.map((r) => (r.seq === round.seq ? round : r)) };
};

/** Its ticket has run out in the kernel: a grant would open nothing. */
const isOver = (d: Draft, round: Round): boolean => d.now >= round.armedAt + round.ticketMs;

const countAsking = (d: Draft): void => {
  const lease = d.s.lease as Asking;
  const { round } = lease;
  if (round.sentAt === NEVER || isOver(d, round)) return;
  // A rival that was heard a moment ago has an answer; only one that has been silent for long may be gone, and not where this node is the one cut off.
  const alone = needsNoVotes(d) && rivalIsSilent(d) && !lacksProof(d) && d.s.health.network !== 'down';
  if (wins(d, round.own, round.yes) || alone || isConfirmed(d)) hold(d, lease);
};

const hold = (d: Draft, lease: Asking): void => {
  const { timing } = d.settings;
  const manual = isManual(d.s) && (manualIsKnown(d) || isConfirmed(d));
  if (manual) orderGate(d, { type: 'hold-open' });
  else grant(d, lease.round);
  const round = { ...lease.round, granted: !manual };
  d.s.lease = {
    name: 'held',
    epoch: lease.epoch,
    since: d.now,
    leaseUntil: manual ? FOR_EVER : round.armedAt + timing.leaseMs,
    renewAt: round.sentAt + timing.heartbeatMs,
    rounds: [round],
    heldOpen: manual,
    proved: true,
    doubted: false,
    endOp: 0,
  };
  setBoot(d, { holding: lease.epoch, heldOpen: manual });
  standbyIsSettled(d);
  // One proof, one term: whoever is put back into service by hand meanwhile is not heard of.
  if (needsNoVotes(d) && d.s.fence.name === 'off') d.s.fence = NO_FENCE;
  because(d, 'won', {
    epoch: lease.epoch,
    own: round.own,
    yes: round.yes.join(' '),
    needed: needsNoVotes(d) ? 0 : majority(d.s.voters.length),
    confirmed: isConfirmed(d),
  });
};

const isLonger = (d: Draft, round: Round): boolean => round.ticketMs > d.settings.timing.leaseMs;

/** A rival that needs no votes goes by silence: a ticket that would outlast it needs its word. */
const mayGrant = (d: Draft, round: Round): boolean => {
  if (!needsNoVotes(d)) return wins(d, round.own, round.yes);
  return !isLonger(d, round) || round.yes.includes(rivalOf(d.settings.role));
};

const countHeld = (d: Draft, seq: number): void => {
  const lease = d.s.lease as Held;
  const round = lease.rounds.find((r) => r.seq === seq);
  if (round === undefined || round.granted || round.sentAt === NEVER || isOver(d, round)) return;
  if (d.s.phase.name === 'closing' || (lease.heldOpen && isManual(d.s))) return;
  if (!mayGrant(d, round)) return;
  // Nobody was promised a later term: this one went on all the while.
  if (lease.doubted) because(d, 'doubt-over', { epoch: lease.epoch, yes: round.yes.join(' ') });
  const op = grant(d, round);
  const endOp = lease.heldOpen && lease.endOp === 0 ? op : lease.endOp;
  const leaseUntil = Math.max(lease.heldOpen ? 0 : lease.leaseUntil, round.armedAt + round.ticketMs);
  d.s.lease = { ...lease, leaseUntil, proved: true, doubted: false, endOp };
  replaceRound(d, d.s.lease, { ...round, granted: true });
};

/** A voter answered a question of ours. */
export const onAnswer = (d: Draft, from: VoterName, answer: Answer): void => {
  const { lease } = d.s;
  if (lease.name === 'sounding') {
    if (answer.question === 'sound' && answer.seq === lease.seq) countSounding(d, lease, from, answer);
  } else if (lease.name === 'asking') {
    // Sequence numbers begin anew with a boot: a late answer to an older question must not count for this one.
    if (answer.question !== 'ask' || answer.seq !== lease.round.seq || answer.epoch !== lease.epoch) return;
    if (!answer.yes) return;
    if (lease.round.yes.includes(from)) return;
    d.s.lease = { ...lease, round: { ...lease.round, yes: [...lease.round.yes, from] } };
    countAsking(d);
  } else if (lease.name === 'held') {
    onRenewAnswer(d, lease, from, answer);
  }
};

const onRenewAnswer = (d: Draft, lease: Held, from: VoterName, answer: Answer): void => {
  if (!answer.yes) {
    // A refusal for a higher epoch asks again in place with a higher one; it stops nothing.
    if ((answer.why === 'older' || answer.why === 'released') && answer.epoch === lease.epoch) raiseEpoch(d, lease);
    return;
  }
  if (answer.question === 'sound' || answer.epoch !== lease.epoch) return;
  const round = lease.rounds.find((r) => r.seq === answer.seq);
  if (round === undefined || round.yes.includes(from)) return;
  if (round.granted) return;
  replaceRound(d, lease, { ...round, yes: [...round.yes, from] });
  countHeld(d, answer.seq);
};

const raiseEpoch = (d: Draft, lease: Held): void => {
  // The rival may have served under that while this machine stood still: the term ends.
  if (lease.doubted) {
    d.s.lease = { ...lease, leaseUntil: d.now };
    return;
  }
  const epoch = nextEpoch(d.settings.role, d.s.boot.highest);
  noteEpoch(d, epoch);
  d.s.lease = { ...lease, epoch, rounds: [], renewAt: d.now };
  setBoot(d, { holding: epoch });
  because(d, 'raise-epoch', { from: lease.epoch, to: epoch });
};

const countSounding = (
  d: Draft,
  lease: Extract<Lease, { name: 'sounding' }>,
  from: VoterName,
  answer: Answer,
): void => {
  const yes = answer.yes && !lease.yes.includes(from) ? [...lease.yes, from] : lease.yes;
  const waitMs =
    answer.waitMs > 0 ? (lease.waitMs === 0 ? answer.waitMs : Math.min(lease.waitMs, answer.waitMs)) : lease.waitMs;
  const answered = lease.answered + 1;
  d.s.lease = { ...lease, yes, waitMs, answered };
  if (wins(d, ownWouldVote(d), yes)) ask(d, 0);
  else if (answered >= d.s.voters.length + 1) retrySounding(d, waitMs);
};

/** Random waits part two that ask at once; the main's is shorter. */
export const retryDelay = (d: Draft): number => (d.settings.role === 'main' ? chance(d, 4, 20) : chance(d, 15, 50));

const retrySounding = (d: Draft, waitMs: number): void => {
  const again = waitMs > 0 ? Math.min(waitMs, d.settings.timing.heartbeatMs) + 0.5 : retryDelay(d);
  loseLease(d, d.now + Math.max(again, waitMs > 0 && waitMs < d.settings.timing.heartbeatMs ? 0.5 : retryDelay(d)));
};

/** What a lease does by itself when its times come. */
export const tendLease = (d: Draft): void => {
  const { lease } = d.s;
  if (lease.name === 'sounding' && d.now >= lease.until) {
    if (needsNoVotes(d) && rivalIsSilent(d)) loseLease(d, d.now);
    else retrySounding(d, lease.waitMs);
  } else if (lease.name === 'asking') {
    if (lease.round.sentAt !== NEVER) countAsking(d);
    if (d.s.lease.name === 'asking' && d.now >= lease.until) withdraw(d, lease);
  } else if (lease.name === 'held' && d.now >= lease.renewAt && (d.s.phase.name !== 'closing' || lease.heldOpen)) {
    renew(d, lease);
  }
};

/** Not won in time: the epoch is given up everywhere. The gate was never opened under it. */
export const withdraw = (d: Draft, lease: Asking): void => {
  const { role } = d.settings;
  d.s.boot = applyRelease(d.s.boot, role, lease.epoch);
  // Nothing was granted, so this node's gate is known to be closed.
  setBoot(d, { openUntil: NEVER });
  tellRelease(d, lease.epoch, null, false);
  because(d, 'withdraw', { epoch: lease.epoch, yes: lease.round.yes.join(' ') });
  loseLease(d, d.now + retryDelay(d));
};

const renew = (d: Draft, lease: Held): void => {
  const { heartbeatMs } = d.settings.timing;
  const renewAt = Math.max(lease.renewAt + heartbeatMs, d.now + heartbeatMs / 2);
  // No ticket closes the gate: what covers it is that all hear so, whatever the kernel does. No promise is asked for, and seq 0 is no round's.
  if (lease.heldOpen) askAll(d, { question: 'renew', epoch: lease.epoch, seq: 0, release: 0 }, false);
  if (lease.heldOpen && (isManual(d.s) || d.s.phase.name === 'closing')) {
    d.s.lease = { ...lease, renewAt };
    return;
  }
  beginRound(d, { ...lease, renewAt }, armRound(d));
};

/** A slot's former round is forgotten: the ticket's transaction emptied its grant. */
const beginRound = (d: Draft, lease: Held, round: Round): void => {
  const live = lease.rounds.filter((r) => r.slot !== round.slot && !isOver(d, r));
  d.s.lease = { ...lease, rounds: [...live, round] };
};

/** The agent is about to restart: one renewal for longer, so that its successor finds the gate open. */
export const renewForRestart = (d: Draft): void => {
  const { lease } = d.s;
  const { timing } = d.settings;
  if (timing.restartMs === 0 || lease.name !== 'held') return;
  beginRound(d, lease, armRound(d, timing.leaseMs + timing.restartMs));
  because(d, 'renew-for-restart', { epoch: lease.epoch, ms: timing.leaseMs + timing.restartMs });
};

export const tellRelease = (d: Draft, epoch: Epoch, addressee: Role | null, ordered: boolean): void => {
  const message = { type: 'release', role: d.settings.role, epoch, addressee, ordered } as const;
  send(d, rivalOf(d.settings.role), message);
  for (const voter of d.s.voters) send(d, voter.name, message);
};

/** The gate is known to be closed: the epoch is dead, and the rival may have this node's word. */
export const releaseRight = (d: Draft, epoch: Epoch, addressee: Role | null, ordered: boolean): void => {
  d.s.boot = applyRelease(d.s.boot, d.settings.role, epoch);
  setBoot(d, { openUntil: NEVER, holding: 0, heldOpen: false });
  tellRelease(d, epoch, addressee, ordered);
  d.s.releasing = { epoch, addressee, ordered, left: 3, nextAt: d.now + 15 };
};

export const tendReleasing = (d: Draft): void => {
  const { releasing } = d.s;
  if (releasing === null || d.now < releasing.nextAt) return;
  tellRelease(d, releasing.epoch, releasing.addressee, releasing.ordered);
  d.s.releasing = releasing.left > 1 ? { ...releasing, left: releasing.left - 1, nextAt: d.now + 15 } : null;
};
