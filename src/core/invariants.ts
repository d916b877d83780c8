/** What no decision may ever break, whatever happened; checked after each one, in the simulator and in production. */

import type { Effect } from './effect.ts';
import { inForce } from './in-force.ts';
import { majority } from './lease.ts';
import type { Settings } from './settings.ts';
import type { State } from './state.ts';
import { rivalOf } from './words.ts';

interface Step {
  readonly settings: Settings;
  readonly before: State;
  readonly after: State;
  readonly effects: readonly Effect[];
}

const memoryBroken = ({ before, after }: Step): string | null => {
  const [a, b] = [before.boot, after.boot];
  if (a === b) return null;
  if (b.highest < a.highest) return `the highest epoch seen fell from ${a.highest} to ${b.highest}`;
  if (b.releasedMain < a.releasedMain || b.releasedStandby < a.releasedStandby) return 'a released epoch came back';
  const { promise } = a;
  const broken =
    promise !== null &&
    b.promise !== null &&
    b.promise.holder !== promise.holder &&
    after.now < promise.until &&
    promise.epoch > (promise.holder === 'main' ? b.releasedMain : b.releasedStandby);
  return broken ? `a promise to ${promise.holder} was broken before its time` : null;
};

const parityBroken = ({ settings, after }: Step): string | null => {
  const epoch = after.lease.name === 'held' || after.lease.name === 'asking' ? after.lease.epoch : null;
  if (epoch === null) return null;
  return (epoch % 2 === 0) === (settings.role === 'main') ? null : `epoch ${epoch} is not this node's`;
};

/** Every grant stands on votes. */
const grantBroken = ({ settings, before, after, effects }: Step): string | null => {
  // Leaving the checkpoints out may begin or end in the decision that grants.
  if (settings.arbiter.kind === 'none' || before.disk.loose || after.disk.loose) return null;
  for (const effect of effects) {
    if (effect.kind !== 'gate' || effect.action.type !== 'grant') continue;
    const { slot } = effect.action;
    const round = after.lease.name === 'held' ? after.lease.rounds.find((r) => r.slot === slot) : undefined;
    if (round === undefined) return 'a grant without its round';
    const enough =
      round.yes.includes(rivalOf(settings.role)) ||
      (round.own && round.yes.length + 1 >= majority(after.voters.length));
    if (!enough) return 'a grant without enough votes';
  }
  return null;
};

/** A node that is closing, or does not hold, opens nothing. */
const phaseBroken = ({ before, after, effects }: Step): string | null => {
  const opens = effects.some((e) => e.kind === 'gate' && (e.action.type === 'grant' || e.action.type === 'hold-open'));
  if (opens && after.lease.name !== 'held') return 'the gate is opened without the right to serve';
  if (before.phase.name === 'closing' && opens) return 'the gate is opened while it is being closed';
  if ((after.phase.name === 'serving' || after.phase.name === 'draining') && after.lease.name !== 'held') {
    return 'serving without the right to serve';
  }
  return null;
};

/** While it is doubted that the term still stands the gate is closed, and known to be. */
const doubtBroken = ({ before, after }: Step): string | null => {
  if (after.lease.name !== 'held' || !after.lease.doubted || before.phase.name === 'closing') return null;
  return after.gateOpen ? 'the gate counts as open while its term is doubted' : null;
};

/** In hold, only a person's command begins service on a node that did not serve. */
const holdBroken = ({ before, after }: Step): string | null => {
  const held = inForce(after.disk.orders).mode === 'manual' || after.maintenanceUntil > after.now;
  const began = before.lease.name !== 'asking' && after.lease.name === 'asking';
  const wanted = before.errand?.wants === 'serve' || after.errand?.wants === 'serve' || after.disk.serving;
  const handed = after.lease.name === 'asking' && after.lease.handed > 0;
  return held && began && !wanted && !handed ? 'asked for the right to serve while in hold' : null;
};

/** Where silence alone decides, a device has proved it; and who is heard, or has not been met, is not turned off. */
const fenceBroken = ({ settings, before, after, effects }: Step): string | null => {
  if (settings.fencing === null) return null;
  const silentMs = after.now - after.rival.heardAt;
  if (effects.some((e) => e.kind === 'fence' && e.action === 'off')) {
    if (silentMs <= settings.timing.promiseMs) return 'a node that is heard is to be turned off';
    if (after.freshBoot && after.rival.heardAt < after.startedAt) return 'a node that has just booted turns one off';
    if (after.lease.name === 'held' && after.rival.heardAt >= after.lease.since)
      return 'a node that was heard since this one serves is to be turned off';
  }
  const { lease } = after;
  if (before.lease.name !== 'asking' || lease.name !== 'held') return null;
  if (settings.arbiter.kind !== 'none' && !before.disk.loose && !after.disk.loose) return null;
  const hasWord = lease.rounds.some(({ yes }) => yes.includes(rivalOf(settings.role)));
  const votes = lease.rounds.some(({ own, yes }) => own && yes.length + 1 >= majority(after.voters.length));
  const vouched = before.errand?.confirmed === true;
  return hasWord || votes || vouched || before.fence.name === 'off'
    ? null
    : 'serving after a silence that nothing proves';
};

const laws: readonly ((step: Step) => string | null)[] = [
  memoryBroken,
  parityBroken,
  grantBroken,
  phaseBroken,
  doubtBroken,
  holdBroken,
  fenceBroken,
];

/** The first law that this decision breaks, in words; null when all hold. The very first decision of a process begins with restored memory and is exempt. */
export const checkInvariants = (
  settings: Settings,
  before: State,
  after: State,
  effects: readonly Effect[],
): string | null => {
  for (const law of laws) {
    const broken = law({ settings, before, after, effects });
    if (broken !== null) return broken;
  }
  return null;
};
