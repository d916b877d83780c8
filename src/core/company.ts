/** Whether the other node could take over; that it could not is told before it matters. */
import { because, type Draft, inMaintenance, notify } from './draft.ts';
import { latestOfRival, rivalIsFit } from './rival-view.ts';
import { rivalOf } from './words.ts';

/** A restart of the other node is no news. */
const ALONE_ALARM_MS = 30_000;

const whyAlone = (d: Draft): string => {
  const { at, status } = latestOfRival(d);
  const silentMs = d.now - at;
  if (status === null) return 'it has not been heard since this agent started';
  if (silentMs > d.settings.timing.promiseMs) return `it was last heard ${Math.round(silentMs / 1000)} s ago`;
  return status.well ? 'it serves as well' : 'its telephony is not well';
};

const tellBack = (d: Draft): void => {
  if (d.s.aloneTold) {
    because(d, 'company', {});
    notify(d, 'info', 'company', `The ${rivalOf(d.settings.role)} could take over again.`);
  }
  d.s.aloneSince = -1;
  d.s.aloneTold = false;
};

/** While this node serves: tells once that nobody could take its place, and once that somebody could again. */
export const tendCompany = (d: Draft): void => {
  const serves = d.s.phase.name === 'serving' || d.s.phase.name === 'draining';
  if (serves && !rivalIsFit(d)) {
    if (d.s.aloneSince < 0) d.s.aloneSince = d.now;
    if (d.s.aloneTold || inMaintenance(d.s) || d.now - d.s.aloneSince < ALONE_ALARM_MS) return;
    d.s.aloneTold = true;
    const why = whyAlone(d);
    because(d, 'alone', { sinceMs: Math.round(d.now - d.s.aloneSince), why });
    notify(
      d,
      'alarm',
      'alone',
      `If this node failed now, nobody would take over: the ${rivalOf(d.settings.role)} is not ready, ${why}.`,
    );
    return;
  }
  if (d.s.aloneSince < 0) return;
  // Whoever no longer serves knows where service went.
  if (serves) tellBack(d);
  else Object.assign(d.s, { aloneSince: -1, aloneTold: false });
};
