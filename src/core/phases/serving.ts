/** This node serves: should it go on? Health decides who should serve, the lease who may. */
import { because, type Draft, inMaintenance, isManual, isWell, nextOp, notify, orderGate, setBoot } from '../draft.ts';
import { needsNoVotes } from '../lease.ts';
import { stepsUnderWay } from '../plan.ts';
import { inTouchAt, rivalIsFit } from '../rival-view.ts';
import { FOR_EVER } from '../state.ts';
import { beginClosing } from './closing.ts';
import { beginDraining } from './draining.ts';

const KEEP_MS = 250;

/** Telephony is down here: hand over to a fit rival, or restart in place, or serve as well as one can. */
const tendUnfit = (d: Draft): void => {
  const { unfit, restartStep } = d.settings;
  const { health } = d.s;
  if (health.verdict !== 'down') return;
  const tried = health.restartedAt >= health.since;
  const mayWait = unfit.policy === 'restart-first' && restartStep !== null;
  // A second failure soon after a restart is not waited for: the other node is fit now.
  const waitsUntil = tried ? health.restartedAt + unfit.restartWaitMs : d.now + 1;
  if (mayWait && (tried || mayRestart(d)) && d.now < waitsUntil) return restartInPlace(d);
  if (!isManual(d.s) && !inMaintenance(d.s) && rivalIsFit(d)) {
    because(d, 'unfit', { reason: health.reason, crashed: health.crashed });
    return beginDraining(d, {
      why: `telephony is down here: ${health.reason}`,
      whenIdle: false,
      maxWaitMs: 0,
      ordered: false,
    });
  }
  restartInPlace(d);
};

/** In hold a person restarts. The wait bounds a former restart too, so that a result that never comes stops no later one. */
const mayRestart = (d: Draft): boolean =>
  !isManual(d.s) && !inMaintenance(d.s) && d.now >= d.s.health.restartedAt + 4 * d.settings.unfit.restartWaitMs;

/** Restarts telephony where it is, at most once in each wait. A service that restarts by itself is well before that. */
export const restartInPlace = (d: Draft): void => {
  const { restartStep, unfit } = d.settings;
  const { health } = d.s;
  if (restartStep === null || health.verdict !== 'down' || !mayRestart(d)) return;
  const patience = unfit.policy === 'restart-first' && d.s.phase.name === 'serving' ? 0 : unfit.restartWaitMs;
  if (d.now < health.since + patience) return;
  // The plan is about to start or stop it: that comes first, and may be all that is needed.
  if (stepsUnderWay(d.s.plan).some(({ index }) => d.settings.plan[index]?.id === restartStep)) return;
  const op = nextOp(d);
  d.s.restartOp = op;
  d.s.health = { ...health, restartedAt: d.now };
  const expiresAt = d.now + 4 * unfit.restartWaitMs;
  const epoch = d.s.lease.name === 'held' ? d.s.lease.epoch : d.s.boot.highest;
  d.effects.push({ kind: 'step', op, stepId: restartStep, direction: 'restart', epoch, expiresAt });
  because(d, 'restart-in-place', { step: restartStep, reason: health.reason });
};

const switchesInWindow = (d: Draft): number => {
  const from = d.wall - d.settings.flapping.windowMs;
  return d.s.disk.switches.filter((at) => at > from && at <= d.wall).length;
};

/** The standby serves and the main has been well for long enough: service goes back. */
const tendFailback = (d: Draft): void => {
  const { failback, role, flapping } = d.settings;
  if (role !== 'standby' || failback.policy === 'manual' || isManual(d.s) || inMaintenance(d.s)) return;
  // A person put service here, and takes it back.
  if (d.s.disk.pinned) return;
  const { rival, awakeSince } = d.s;
  // Who stood still begins the hold anew: what it knows, of callers' messages too, is from before.
  if (!rivalIsFit(d) || rival.wellSince < 0 || d.now - Math.max(rival.wellSince, awakeSince) < failback.holdMs) return;
  if (d.settings.watch.kind === 'looks' && !d.s.health.rivalLastGood) return;
  if (d.s.disk.needsAcknowledgement || d.s.returnHeld !== '') return;
  if (switchesInWindow(d) > flapping.maxSwitches) {
    d.s.disk = { ...d.s.disk, needsAcknowledgement: true };
    because(d, 'flapping', { switches: switchesInWindow(d), cap: flapping.maxSwitches });
    notify(d, 'alarm', 'flapping', 'Too many switches: service stays on the standby until a person acknowledges.');
    return;
  }
  beginDraining(d, {
    why: 'the main has been well for long enough',
    whenIdle: failback.policy === 'when-idle',
    maxWaitMs: failback.maxWaitMs,
    ordered: false,
  });
};

/** Under arbiter `none` the lease is renewed on the agent's own health: who is the one cut off stops. */
const tendIsolation = (d: Draft): boolean => {
  if (!needsNoVotes(d) || d.settings.onIsolation === 'serve' || isManual(d.s)) return false;
  const { promiseMs, heartbeatMs } = d.settings.timing;
  // Sooner than the other, which waits for a whole promise: this gate should be closed before that one opens.
  if (d.s.health.network !== 'down' || d.now - inTouchAt(d) <= promiseMs - 2 * heartbeatMs) return false;
  because(d, 'cut-off', { network: d.s.health.network, rivalSilentMs: Math.round(d.now - d.s.rival.heardAt) });
  beginClosing(d, 'lost');
  return true;
};

/** The lease is out: stop, or where a site fears silence more than doubling, go on with the gate held open. */
const tendLost = (d: Draft): boolean => {
  const { lease } = d.s;
  if (lease.name !== 'held' || d.now < lease.leaseUntil) return false;
  because(d, 'lease-out', { epoch: lease.epoch });
  // Serving on is for who is cut off, not for who may have slept through a term of the other.
  if (d.settings.onIsolation === 'stop' || lease.doubted) {
    beginClosing(d, 'lost');
    return true;
  }
  orderGate(d, { type: 'hold-open' });
  d.s.lease = { ...lease, heldOpen: true, endOp: 0, leaseUntil: FOR_EVER, rounds: [] };
  setBoot(d, { heldOpen: true });
  notify(
    d,
    'alarm',
    'serving-cut-off',
    'No vote reaches this node; it serves on by its configuration, and the other may too.',
  );
  return false;
};

export const tendServing = (d: Draft): void => {
  if (tendLost(d) || tendIsolation(d)) return;
  if (d.s.gateOpen && d.now - d.s.keptAt >= KEEP_MS && d.s.lease.name === 'held') {
    d.s.keptAt = d.now;
    d.effects.push({ kind: 'keep', until: d.s.lease.leaseUntil });
  }
  if (d.s.phase.name !== 'serving') return;
  if (isWell(d.s)) tendFailback(d);
  else tendUnfit(d);
};
