import { beginCountAnew, heardOfStandby, standbyMayServe } from './arbiter/standby-may-serve.ts';
import { answerOf, applyRelease, heldOpenAfter, vote } from './arbiter/voter.ts';
import { because, type Draft, noteEpoch, ownOrders, ownStatus, setDisk } from './draft.ts';
import { heardDespiteFence } from './fence.ts';
import { highestKnown, knownOf, knowsAll } from './in-force.ts';
import { loseLease, onAnswer, rivalIsSilent } from './lease.ts';
import type { Answer, Ask, HandoverRequest, Heard, Message, Orders, Release, Status } from './message.ts';
import { adoptOrders } from './orders.ts';
import { yieldTo } from './phases/closing.ts';
import { beginDraining } from './phases/draining.ts';
import { handedOver } from './policy.ts';
import { mainIsUnheard } from './rival-view.ts';
import { NEVER, type Rival } from './state.ts';
import { type Role, rivalOf, type VoterName } from './words.ts';

const isRival = (d: Draft, from: VoterName): from is Role => from === rivalOf(d.settings.role);

/** The rival serves, or asks to: who hears that does not ask. */
const claims = (d: Draft, epoch: number): void => {
  if (epoch <= d.s.rival.releasedEpoch) return;
  d.s.rival = { ...d.s.rival, claimAt: d.now, claimEpoch: epoch };
};

/**
 * A packet that was overtaken by a newer word of the same sender. An agent that seems to have started earlier than the one that is
 * known may have had its clock set back: once the known one is missed, it is heard, well before it would pass for silent.
 */
const isOvertaken = (d: Draft, { status: last, heardAt }: Rival, status: Status): boolean => {
  if (last === null) return false;
  if (status.life === last.life) return status.at < last.at;
  return status.life < last.life && d.now - heardAt < d.settings.timing.promiseMs / 2;
};

/** An agent that was started anew may have to listen first, like its voters. */
const met = (d: Draft, { life }: Status): Rival['met'] =>
  life > d.s.rival.met.life ? { life, at: d.now } : d.s.rival.met;

/** True when the word is the newest. */
const sawRival = (d: Draft, status: Status): boolean => {
  const { rival } = d.s;
  if (isOvertaken(d, rival, status)) return false;
  heardDespiteFence(d, status);
  // Silence is a break: a cable that comes and goes begins the hold anew.
  const unbroken = rival.wellSince >= 0 && !rivalIsSilent(d);
  const wellSince = status.well ? (unbroken ? rival.wellSince : d.now) : -1;
  // A rival that says it is passive takes back its claim.
  const claimAt = status.holding === 0 ? NEVER : rival.claimAt;
  d.s.rival = { ...rival, heardAt: d.now, status, wellSince, claimAt, met: met(d, status) };
  if (status.holding > 0) claims(d, status.holding);
  heardOfStandby(d, status.holding > 0);
  if (!mainIsUnheard(d)) beginCountAnew(d);
  // It serves now: in hold, this node no longer may by itself.
  if (status.holding === 0 || !d.s.disk.serving || d.s.lease.name === 'held') return true;
  setDisk(d, { serving: false });
  if (d.s.lease.name === 'sounding') loseLease(d, d.now);
  return true;
};

const noteHeldOpen = (d: Draft, status: Status, told: Orders): void => {
  const heldOpenBy = heldOpenAfter(d.s.disk.heldOpenBy, status, told, d.s.disk.orders);
  if (heldOpenBy !== d.s.disk.heldOpenBy) setDisk(d, { heldOpenBy });
};

const rivalKnows = (d: Draft, orders: Orders): void => {
  if (knowsAll(d.s.rival.knows, orders)) return;
  const knows = highestKnown(d.s.rival.knows, knownOf(orders));
  d.s.rival = { ...d.s.rival, knows };
};

const onAsk = (d: Draft, from: Role, ask: Ask): void => {
  const fresh = sawRival(d, ask.status);
  adoptOrders(d, ask.orders);
  if (fresh) noteHeldOpen(d, ask.status, ask.orders);
  rivalKnows(d, ask.orders);
  if (ask.question === 'renew' || ask.question === 'ask') claims(d, ask.epoch);
  const { lease, phase } = d.s;
  if (ask.question === 'renew' && ask.status.holding > 0 && ask.epoch > d.s.rival.releasedEpoch) {
    if (lease.name === 'held' && phase.name !== 'closing' && ask.epoch > lease.epoch) yieldTo(d, ask.epoch);
  }
  const holds = d.s.lease.name === 'held';
  const result = vote(d.s.boot, ask, from, d.now, d.settings.timing, d.s.disk.heldOpenBy, {
    holds,
  });
  d.s.boot = result.boot;
  // It may have won with that, and not be heard again.
  if (ask.question === 'ask' && result.yes) standbyMayServe(d);
  noteEpoch(d, result.boot.highest);
  if (ask.question === 'renew') d.s.rival = { ...d.s.rival, answeredAt: d.now };
  d.effects.push({ kind: 'send', to: from, message: answerOf(ask, result, null, ownStatus(d), ownOrders(d.s)) });
};

const heardThrough = (d: Draft, heard: Heard | null): void => {
  if (heard === null) return;
  const at = d.now - heard.agoMs;
  if (at <= d.s.rival.relayedAt) return;
  d.s.rival = { ...d.s.rival, relayedAt: at, relayed: heard.status, met: met(d, heard.status) };
};

/** The rival's own word that it serves under a newer epoch: yield to it, do not outbid it. */
const yieldToAnswer = (d: Draft, holding: number): void => {
  const { lease, phase } = d.s;
  if (lease.name !== 'held' || phase.name === 'closing') return;
  if (holding > lease.epoch && holding > d.s.rival.releasedEpoch) yieldTo(d, holding);
};

/** It heard a request of ours, when that left at the earliest. */
const noteHeard = (d: Draft, { question, seq }: Answer): void => {
  const { lease, rival } = d.s;
  if (question !== 'renew' && question !== 'ask') return;
  const rounds = lease.name === 'held' ? lease.rounds : lease.name === 'asking' ? [lease.round] : [];
  const sentAt = rounds.find((round) => round.seq === seq)?.sentAt ?? NEVER;
  if (sentAt > rival.hearsUsAt) d.s.rival = { ...rival, hearsUsAt: sentAt };
};

const onVoterAnswer = (d: Draft, from: VoterName, answer: Answer): void => {
  if (isRival(d, from)) {
    adoptOrders(d, answer.orders);
    rivalKnows(d, answer.orders);
    noteHeard(d, answer);
    if (answer.status !== null) {
      if (sawRival(d, answer.status)) noteHeldOpen(d, answer.status, answer.orders);
      yieldToAnswer(d, answer.status.holding);
    }
  } else {
    heardThrough(d, answer.heard);
    d.s.voters = d.s.voters.map((v) =>
      v.name === from
        ? {
            name: v.name,
            answeredAt: d.now,
            lastYes: answer.yes,
            lastWhy: answer.why ?? 'yes',
            knows: knownOf(answer.orders),
          }
        : v,
    );
  }
  adoptOrders(d, answer.orders);
  noteEpoch(d, answer.highest);
  if (d.s.phase.name !== 'closing') onAnswer(d, from, answer);
};

const onRelease = (d: Draft, release: Release): void => {
  if (release.role === d.settings.role) return;
  const fresh = release.epoch > d.s.rival.releasedEpoch;
  if (fresh) d.s.rival = { ...d.s.rival, releasedEpoch: release.epoch };
  d.s.boot = applyRelease(d.s.boot, release.role, release.epoch);
  noteEpoch(d, d.s.boot.highest);
  if (d.s.rival.claimEpoch <= release.epoch) d.s.rival = { ...d.s.rival, claimAt: NEVER };
  // After a boot an old release looks new: who has claimed a newer epoch since has handed nothing over.
  const claimed = Math.max(d.s.rival.claimEpoch, d.s.rival.status?.holding ?? 0);
  if (fresh && release.addressee === d.settings.role && release.epoch >= claimed) {
    handedOver(d, release.epoch, release.ordered);
  }
};

const onHandoverRequest = (d: Draft, request: HandoverRequest): void => {
  const { lease, phase } = d.s;
  // An older epoch than ours: the sender has not seen this term of service.
  if (lease.name !== 'held' || phase.name !== 'serving' || request.epoch < lease.epoch) return;
  // It names the word of ours that it answers, so that its age is told by one clock.
  if (request.heard > d.now || d.now - request.heard > request.validMs) {
    because(d, 'late-request', { ageMs: Math.round(d.now - request.heard), validMs: request.validMs });
    return;
  }
  because(d, 'asked-to-hand-over', { epoch: lease.epoch, whenIdle: request.whenIdle });
  const { whenIdle, maxWaitMs } = request;
  beginDraining(d, { why: 'a person asked the other node to serve', whenIdle, maxWaitMs, ordered: true });
};

/** A message arrived from `from`, proved to be theirs by the peer link. */
export const onMessage = (d: Draft, from: VoterName, message: Message): void => {
  switch (message.type) {
    case 'ask':
      if (isRival(d, from)) onAsk(d, from, message);
      return;
    case 'answer':
      return onVoterAnswer(d, from, message);
    case 'release':
      return onRelease(d, message);
    case 'handover-request':
      if (isRival(d, from)) onHandoverRequest(d, message);
      return;
  }
};
