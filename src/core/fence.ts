/** The other node's power, by its devices (ADR 0048): asked where silence alone would decide, and after a takeover that votes have decided. */
import { because, type Draft, nextOp, notify } from './draft.ts';
import type { FenceAction } from './effect.ts';
import type { Event } from './event.ts';
import { lacksProof, needsNoVotes, rivalIsSilent } from './lease.ts';
import type { Status } from './message.ts';
import { latestOfRival } from './rival-view.ts';
import { NEVER, NO_FENCE } from './state.ts';
import type { Instant } from './words.ts';

/** What a passive node waits for; null: nothing. The sentence follows "this node does not serve:". */
export const missingProof = (d: Draft): string | null => {
  if (!needsNoVotes(d) || !rivalIsSilent(d) || !lacksProof(d)) return null;
  const { fence } = d.s;
  if (fence.name === 'asked') return 'a device is asked to make sure that the silent other node is off';
  const tried = fence.name === 'none' && fence.failure !== '' ? `: ${fence.failure}` : '';
  return `no device has proved that the silent other node is off${tried}`;
};

/** Who has just booted, unheard, may itself have been turned off by a node that serves: it reads, and turns nobody off. */
const actionOf = (d: Draft): FenceAction => (d.s.freshBoot && d.s.rival.heardAt < d.s.startedAt ? 'status' : 'off');

/** A rival that served by its last word turns nobody off, so there is nobody to wait for. */
const asksFrom = (d: Draft): Instant => {
  const { role, timing, fencing } = d.settings;
  if (role === 'main' || fencing === null || (d.s.rival.status?.holding ?? 0) > 0) return NEVER;
  return Math.max(d.s.rival.heardAt, d.s.startedAt) + timing.promiseMs + fencing.standbyDelayMs;
};

const order = (d: Draft, action: FenceAction): void => {
  const { fencing } = d.settings;
  if (fencing === null) return;
  const op = nextOp(d);
  const epoch = d.s.boot.highest;
  const until = d.now + fencing.timeoutMs;
  d.s.fence = { name: 'asked', op, action, until };
  d.effects.push({ kind: 'fence', op, action, epoch, expiresAt: until });
  because(d, 'ask-fence', { action, epoch, rivalSilentMs: Math.round(Math.min(d.now - d.s.rival.heardAt, 1e6)) });
};

const mayAsk = (d: Draft): boolean => d.s.fence.name === 'none' && d.now >= d.s.fence.retryAt;

/** Nothing but the proof is missing. */
export const askForProof = (d: Draft): void => {
  const action = actionOf(d);
  if (mayAsk(d) && (action === 'status' || d.now >= asksFrom(d))) order(d, action);
};

const tellFailure = (d: Draft, why: string): void => {
  const text = needsNoVotes(d)
    ? `${why}. This node does not take over, since nothing else proves that the other one is off.`
    : `${why}. This node serves by its votes; if the other one only stands still, it may answer for a moment when it wakes.`;
  notify(d, 'alarm', 'fence-failed', text);
};

const ended = (d: Draft, outcome: 'on' | 'failed' | 'unknown', detail: string): void => {
  const { fencing } = d.settings;
  if (d.s.fence.name !== 'asked' || fencing === null) return;
  const { action } = d.s.fence;
  because(d, 'fence', { action, outcome, detail });
  const failure =
    outcome === 'on'
      ? `the device says that it is on, and a node that has just booted turns nobody off (${detail})`
      : `the last try ${outcome === 'failed' ? 'failed' : 'had no answer in time'} (${detail})`;
  d.s.fence = { name: 'none', retryAt: d.now + fencing.retryMs, failure };
  if (d.s.fenceTold) return;
  d.s.fenceTold = true;
  tellFailure(d, `The other node is silent, and ${failure}`);
};

/** A device's answer; one to a request that is over proves nothing: the rival may have come back since. */
export const onFence = (d: Draft, { op, outcome, detail }: Extract<Event, { kind: 'fence' }>): void => {
  const { fence } = d.s;
  if (fence.name !== 'asked' || fence.op !== op) return;
  if (outcome !== 'off') return ended(d, outcome, detail);
  because(d, 'fence', { action: fence.action, outcome, detail });
  d.s.fence = { name: 'off', since: d.now };
  d.s.saidOffAt = d.now;
  d.s.fenceTold = false;
  notify(d, 'warning', 'fenced', `The other node is off, by its device (${detail}).`);
};

/** A word of the rival: no proof outlives it. Called before the word is taken in. */
export const heardDespiteFence = (d: Draft, { life }: Status): void => {
  const { fence, rival, saidOffAt } = d.s;
  if (fence.name === 'none' && !d.s.fenceTold && fence.failure === '' && saidOffAt === NEVER) return;
  if (fence.name === 'asked') d.effects.push({ kind: 'fence-end', op: fence.op });
  if (saidOffAt !== NEVER && life === rival.met.life) {
    because(d, 'fence-contradicted', { offMs: Math.round(d.now - saidOffAt) });
    const text = 'The device said that the other node is off, and the same agent is heard: the device is wrong.';
    notify(d, 'alarm', 'fence-contradicted', text);
  }
  d.s.saidOffAt = NEVER;
  d.s.fence = NO_FENCE;
  d.s.fenceTold = false;
};

/** Votes made this node serve; the other one has not been heard since, and may be a machine that stands still and will wake. */
const tendUnheard = (d: Draft): void => {
  const { lease, phase, rival, startedAt } = d.s;
  const unheardMs = d.settings.fencing?.unheardMs ?? null;
  if (unheardMs === null || needsNoVotes(d) || lease.name !== 'held' || phase.name !== 'serving') return;
  if (rival.heardAt < startedAt || latestOfRival(d).at >= lease.since || d.now - lease.since < unheardMs) return;
  // Won a moment after its last word, for another reason than its silence.
  if (rivalIsSilent(d) && mayAsk(d)) order(d, 'off');
};

export const tendFence = (d: Draft): void => {
  if (d.settings.fencing === null) return;
  const { fence } = d.s;
  if (fence.name === 'asked' && d.now >= fence.until) ended(d, 'unknown', 'none answered in time');
  tendUnheard(d);
};
