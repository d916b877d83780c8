/** Who should ask for the right to serve, and when. Each condition is named, so that `explain` says what is in the way. */
import { byCheckpoints } from './arbiter/looks.ts';
import { because, type Draft, inMaintenance, isManual, isWell, notify, setDisk } from './draft.ts';
import { askForProof, missingProof } from './fence.ts';
import { inForce } from './in-force.ts';
import { ask, needsNoVotes, rivalIsSilent, sound } from './lease.ts';
import { rivalIsFit, rivalServes } from './rival-view.ts';
import { longestPromiseMs } from './settings.ts';
import { type Instant, rivalOf } from './words.ts';

/** What keeps a passive node from asking; null: it may. `until` tells when it will have passed by itself. */
export interface Obstacle {
  readonly rule: string;
  readonly until: Instant | null;
  readonly text: string;
}

const obstacle = (rule: string, text: string, until: Instant | null = null): Obstacle => ({ rule, until, text });

/** A person's errand that this node serve. */
const isWanted = (d: Draft): boolean => d.s.errand?.wants === 'serve';

const claimEnds = (d: Draft): Instant => d.s.rival.claimAt + d.settings.timing.promiseMs;

/** Since when nobody is known to serve. */
const freeSince = (d: Draft): Instant =>
  Math.max(d.s.startedAt, d.s.boot.silentUntil, d.s.rival.claimAt, d.s.lease.name === 'none' ? d.s.lease.since : d.now);

const orderObstacle = (d: Draft): Obstacle | null => {
  if (isWanted(d)) return null;
  if (isManual(d.s)) return obstacle('manual-mode', 'the pair is in manual mode: only a person starts service');
  if (inMaintenance(d.s) && !d.s.disk.serving) {
    return obstacle('maintenance', `maintenance: ${inForce(d.s.disk.orders).maintenanceReason}`, d.s.maintenanceUntil);
  }
  return null;
};

const handObstacle = (d: Draft): Obstacle | null =>
  d.s.disk.heldOpenBy === rivalOf(d.settings.role) && !isManual(d.s) && d.s.errand?.confirmed !== true
    ? obstacle(
        'left-manual',
        'manual mode has ended, and the other node, which may still serve by hand, has not been heard to know it',
      )
    : null;

const claimObstacle = (d: Draft): Obstacle | null => {
  const { promise } = d.s.boot;
  const given = promise !== null && promise.holder !== d.settings.role ? promise.until : 0;
  const until = Math.max(claimEnds(d), given);
  return d.now < until ? obstacle('rival-serves', 'the other node claims the right to serve', until) : null;
};

const fitObstacle = (d: Draft): Obstacle | null => {
  if (isWell(d.s) || isWanted(d)) return null;
  const { reason, verdict } = d.s.health;
  if (rivalIsFit(d)) return obstacle('unfit', `telephony here is ${verdict} (${reason}); the other node is fit`);
  // Somebody must: an unfit node serves as well as it can when nobody else does.
  const until = freeSince(d) + d.settings.unfit.lastResortMs;
  return d.now < until ? obstacle('unfit', `telephony here is ${verdict} (${reason})`, until) : null;
};

const headStartObstacle = (d: Draft): Obstacle | null => {
  if (d.settings.role === 'main' || isWanted(d) || !rivalIsFit(d)) return null;
  const { timing } = d.settings;
  // A main that boots with this node listens as long as it, from its own start.
  const until = Math.max(freeSince(d), d.s.rival.met.at + longestPromiseMs(timing)) + timing.headStartMs;
  return d.now < until ? obstacle('head-start', 'the main is well and goes first', until) : null;
};

/** Where only looks tell and service goes back by hand, a main that is well again does not take the silence of a standby that may serve for its end. */
const standbyObstacle = (d: Draft): Obstacle | null =>
  d.now >= d.s.standbyMayServeAt && d.settings.failback.policy === 'manual' && !isWanted(d) && rivalIsSilent(d)
    ? obstacle('standby-may-serve', 'the standby may have served since this node stopped, and has not been heard')
    : null;

/** Without votes, silence must not be one's own fault, and looks decide where the preset says so. */
const loneObstacle = (d: Draft): Obstacle | null => {
  if (!needsNoVotes(d)) return null;
  const { health, rival } = d.s;
  if (isWanted(d)) {
    // Heard, the other answers for itself; silent, a person must have confirmed that it does not serve.
    if (!rivalIsSilent(d)) return null;
    if (isManual(d.s)) {
      return d.s.errand?.confirmed === true
        ? null
        : obstacle('unconfirmed', 'the other node has fallen silent, and nobody has confirmed that it does not serve');
    }
  }
  if (health.network === 'down') return obstacle('own-network', 'this node itself is cut off');
  if (!rivalIsSilent(d) || (isWanted(d) && d.s.errand?.confirmed === true)) return null;
  // A cable that is out silences the other first and the gateway a moment later.
  const { promiseMs, heartbeatMs } = d.settings.timing;
  const proved = health.networkBad === 0 && health.networkProvedAt >= rival.heardAt + promiseMs - heartbeatMs;
  if (health.network !== 'unknown' && !proved) {
    return obstacle('own-network', 'nothing beyond this node has answered since the other fell silent');
  }
  const { watch, role, loneWaitMs } = d.settings;
  // Just connected again, it has not had the time to hear the other: both would serve at each healing.
  const listensUntil = health.networkBackAt + loneWaitMs;
  if (d.now < listensUntil) return obstacle('lone-wait', 'its network has just come back', listensUntil);
  if (rival.heardAt < d.s.startedAt) {
    const until = d.s.startedAt + loneWaitMs * (role === 'main' ? 1 : 2);
    if (d.now < until) return obstacle('lone-wait', 'the other node has not been heard yet', until);
  }
  if (role === 'standby' && watch.kind === 'looks' && health.rivalBad < watch.badLooks) {
    return obstacle('looks', `${health.rivalBad} of ${watch.badLooks} bad looks at the main`);
  }
  // Stopped before its first look, it takes its own sleep for the other's silence.
  const looksUntil = d.s.awakeSince + loneWaitMs;
  if (health.network === 'unknown' && d.now < looksUntil) {
    return obstacle(
      'lone-wait',
      'it has just been started or stood still, and has not looked beyond itself yet',
      looksUntil,
    );
  }
  return null;
};

/** Without votes, where a device is configured: silence must have been made sure of. */
const proofObstacle = (d: Draft): Obstacle | null => {
  const missing = missingProof(d);
  return missing === null ? null : obstacle('proof-of-power', missing);
};

/** Everything that keeps this passive node from asking for the right to serve now, most decisive first. */
export const obstacles = (d: Draft): readonly Obstacle[] => {
  const { lease } = d.s;
  const retry =
    lease.name === 'none' && d.now < lease.retryAt
      ? obstacle('retry', 'a short wait after the last try', lease.retryAt)
      : null;
  const silent =
    d.now < d.s.boot.silentUntil ? obstacle('listening', 'just started: it listens first', d.s.boot.silentUntil) : null;
  return [
    orderObstacle(d),
    handObstacle(d),
    claimObstacle(d),
    silent,
    standbyObstacle(d),
    loneObstacle(d),
    fitObstacle(d),
    headStartObstacle(d),
    retry,
    proofObstacle(d),
  ].filter((o) => o !== null);
};

const UNSERVED_ALARM_MS = 5000;

/** The checkpoints reach the main that this standby does not hear; should it not serve, it says so itself. */
const mainIsSeen = ({ settings, s }: Draft): boolean =>
  settings.role === 'standby' && byCheckpoints(settings) && s.health.rivalLastGood;

/** That nobody serves, for want of votes or of a fit node, is told before the phones tell it. */
export const tendUnserved = (d: Draft): void => {
  const elsewhere = d.now < claimEnds(d) || rivalServes(d) > 0 || mainIsSeen(d);
  const served = d.s.lease.name === 'held' || elsewhere || isManual(d.s) || inMaintenance(d.s);
  if (served || d.now < d.s.boot.silentUntil) {
    if (d.s.unservedSince < 0) return;
    d.s.unservedSince = -1;
    d.s.unservedTold = false;
    return;
  }
  if (d.s.unservedSince < 0) d.s.unservedSince = d.now;
  if (d.s.unservedTold || d.now - d.s.unservedSince < UNSERVED_ALARM_MS) return;
  d.s.unservedTold = true;
  const [first] = obstacles(d);
  const why = first?.text ?? 'the votes that this node needs do not come';
  because(d, 'nobody-serves', { sinceMs: Math.round(d.now - d.s.unservedSince), why });
  notify(d, 'alarm', 'nobody-serves', `Nobody serves, as far as this node knows: ${why}.`);
};

/** Remembers whether a person put service here. */
const pin = (d: Draft, ordered: boolean): void => {
  if (d.s.disk.pinned !== ordered) setDisk(d, { pinned: ordered });
};

/** A passive node sounds out the voters as soon as nothing is in the way. */
export const tendPassive = (d: Draft): void => {
  if (d.s.lease.name !== 'none') return;
  const [first] = obstacles(d);
  if (first?.rule === 'proof-of-power') return askForProof(d);
  if (first !== undefined) return;
  because(d, 'may-serve', { wanted: isWanted(d), rivalSilentMs: Math.round(Math.min(d.now - d.s.rival.heardAt, 1e6)) });
  pin(d, isWanted(d));
  if (rivalIsSilent(d) && (needsNoVotes(d) || d.s.errand?.confirmed === true)) ask(d, 0);
  else sound(d);
};

/** The holder released its right to us: ask at once, showing the release. */
export const handedOver = (d: Draft, epoch: number, ordered: boolean): void => {
  const { lease, phase } = d.s;
  if (phase.name !== 'passive' || lease.name === 'held' || lease.name === 'asking') return;
  // Where no votes are needed, the word of a node that is heard no more may be old: silence is looked into as ever.
  if (needsNoVotes(d) && rivalIsSilent(d)) return;
  because(d, 'handed-over', { epoch, ordered });
  pin(d, ordered);
  ask(d, epoch);
};

const WINDOW_KEPT = 16;

/** Counts a taking-over, for the cap on switches. */
export const countSwitch = (d: Draft, wall: number): void => {
  const from = wall - d.settings.flapping.windowMs;
  setDisk(d, { switches: [...d.s.disk.switches.filter((at) => at > from && at <= wall), wall].slice(-WINDOW_KEPT) });
};
