/**
 * Where checkpoints that cannot promise are asked (NRPE), nothing but its own memory tells a main that is back that the standby took over: it
 * stopped because it was unheard, it was without the right for as long as the standby counts, or it heard the standby serve.
 */
import { type Draft, setBoot, setDisk } from '../draft.ts';
import type { Settings } from '../settings.ts';
import { FOR_EVER } from '../state.ts';
import type { Instant, Millis } from '../words.ts';
import { byCheckpoints, looksUntilMainStops } from './looks.ts';

/** After so many bad looks this main stops; 0: this node is no main that goes by such looks. */
export const ownLimit = ({ role, watch }: Settings): number =>
  role === 'main' && watch.kind === 'looks' && watch.need !== undefined ? looksUntilMainStops(watch.badLooks) : 0;

/** The standby, which may have counted as far as this main, counts longer than that before it serves. */
const countMs = ({ settings, s }: Draft): Millis =>
  settings.watch.kind === 'looks' ? Math.max(0, ownLimit(settings) - s.health.rivalBad) * settings.watch.lookMs : 0;

const expect = (d: Draft, at: Instant): void => {
  if (ownLimit(d.settings) === 0 || at === d.s.standbyMayServeAt) return;
  d.s.standbyMayServeAt = at;
  setDisk(d, { standbyMayServeFrom: at === FOR_EVER ? 0 : Math.max(1, Math.round(d.wall + at - d.now)) });
};

const standbyIsPassive = (d: Draft): void => expect(d, FOR_EVER);

/**
 * This node has won. Where a person wanted it, and where the standby had had the time to serve and was waited for, that settles it; where the standby
 * answered, its own word has. Else this node goes on counting, and what settles it is that it is seen to serve.
 */
export const standbyIsSettled = (d: Draft): void => {
  if (d.s.errand?.wants === 'serve' || d.now >= d.s.standbyMayServeAt) standbyIsPassive(d);
};

/** The two are in touch: both begin to count anew. */
export const beginCountAnew = (d: Draft): void => {
  if (!byCheckpoints(d.settings) || d.s.health.rivalBad === 0) return;
  d.s.health = { ...d.s.health, rivalBad: 0 };
  if (d.s.boot.looksBad > 0) setBoot(d, { looksBad: 0 });
};

/** All checkpoints reach this main, which serves: the standby begins to count anew. */
export const seenToServe = (d: Draft): void => {
  if (d.s.phase.name === 'serving' || d.s.phase.name === 'draining') standbyIsPassive(d);
};

/** The standby's own word. That it is passive tells nothing while this node's vote may let it win. */
export const heardOfStandby = (d: Draft, serves: boolean): void => {
  const { promise } = d.s.boot;
  if (serves) standbyMayServe(d);
  else if (promise === null || promise.holder === 'main' || d.now >= promise.until) standbyIsPassive(d);
};

/** From now on, by its own word or because this main is unheard. */
export const standbyMayServe = (d: Draft): void => expect(d, Math.min(d.now, d.s.standbyMayServeAt));

/** The main has been without the right since `at`. */
export const standbyMayCount = (d: Draft, at: Instant): void =>
  expect(d, Math.min(d.s.standbyMayServeAt, Math.min(at, d.now) + countMs(d)));

/** What a former agent knew; a clock that was set back since tells nothing. */
export const recallStandby = (d: Draft): void => {
  const { standbyMayServeFrom } = d.s.disk;
  if (standbyMayServeFrom === 0 || ownLimit(d.settings) === 0) return;
  const leftMs = standbyMayServeFrom - d.wall;
  const { watch } = d.settings;
  const mostMs = watch.kind === 'looks' ? ownLimit(d.settings) * watch.lookMs : 0;
  d.s.standbyMayServeAt = leftMs > mostMs ? d.now : d.now + leftMs;
};
