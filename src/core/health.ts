import { countLook, judgeCheckpoints, judgePings, type LookAtMain, looksUntilMainStops } from './arbiter/looks.ts';
import { ownLimit, seenToServe } from './arbiter/standby-may-serve.ts';
import { because, type Draft, notify, setBoot } from './draft.ts';
import type { Look, Sample } from './event.ts';
import { rivalIsSilent } from './lease.ts';
import { mainIsUnheard } from './rival-view.ts';
import type { Health } from './state.ts';
import type { Verdict } from './words.ts';

type LookAt = 'good' | 'bad' | 'unknown';

/** Telephony needs all of its probes: one that fails makes the look bad. */
const judgeTelephony = (samples: readonly Sample[]): LookAt => {
  if (samples.some((s) => s.outcome === 'failed')) return 'bad';
  if (samples.length > 0 && samples.every((s) => s.outcome === 'ok')) return 'good';
  return 'unknown';
};

const nextVerdict = (
  health: Health,
  look: LookAt,
  optionalFailed: boolean,
  rules: { badLooks: number; goodLooks: number },
) => {
  const bad = look === 'bad' ? health.bad + 1 : look === 'good' ? 0 : health.bad;
  const good = look === 'good' ? health.good + 1 : look === 'bad' ? 0 : health.good;
  const fine: Verdict = optionalFailed ? 'degraded' : 'up';
  let verdict = health.verdict;
  if (look === 'bad' && bad >= rules.badLooks) verdict = 'down';
  else if (look === 'good' && (health.verdict !== 'down' || good >= rules.goodLooks)) verdict = fine;
  return { bad, good, verdict };
};

const applyTelephony = (d: Draft, samples: readonly Sample[], optionalFailed: boolean): void => {
  const { health } = d.s;
  const crash = samples.find((s) => s.crashed);
  const next =
    crash !== undefined
      ? { bad: health.bad + 1, good: 0, verdict: 'down' as const }
      : nextVerdict(health, judgeTelephony(samples), optionalFailed, d.settings.health);
  const culprit = crash ?? samples.find((s) => s.outcome === 'failed');
  const reason = culprit === undefined ? '' : `${culprit.probe}: ${culprit.reason}`;
  const changed = next.verdict !== health.verdict;
  d.s.health = {
    ...health,
    ...next,
    crashed: crash !== undefined,
    reason: culprit === undefined && next.verdict === 'down' ? health.reason : reason,
    since: changed ? d.now : health.since,
  };
  if (!changed) return;
  because(d, 'verdict', { from: health.verdict, to: next.verdict, reason, crashed: crash !== undefined });
  if (next.verdict === 'down') notify(d, 'alarm', 'telephony-down', `Telephony on this node is down: ${reason}.`);
};

const applyNetwork = (d: Draft, samples: readonly Sample[]): void => {
  const { health } = d.s;
  if (isCutOffFromOutside(d)) {
    if (health.network !== 'down') because(d, 'own-network', { from: health.network, to: 'down' });
    d.s.health = { ...health, network: 'down', networkBad: d.settings.health.badLooks };
    return;
  }
  // Silence of all targets is what a cut cable looks like from here, so for one's own network it does count.
  const reached = samples.length === 0 ? null : samples.some((s) => s.outcome === 'ok');
  if (reached === null) return;
  const networkBad = reached ? 0 : health.networkBad + 1;
  const network: Verdict = reached ? 'up' : networkBad >= d.settings.health.badLooks ? 'down' : health.network;
  if (network !== health.network) because(d, 'own-network', { from: health.network, to: network });
  const networkProvedAt = reached ? d.now : health.networkProvedAt;
  const networkBackAt = health.network === 'down' && network === 'up' ? d.now : health.networkBackAt;
  d.s.health = { ...health, network, networkBad, networkBackAt, networkProvedAt };
};

/** The standby's own pings of the main, as the originals did it. */
const applyRivalLook = (d: Draft, samples: readonly Sample[]): void => {
  const { watch } = d.settings;
  if (watch.kind !== 'looks' || samples.length === 0) return;
  const agentSilent = d.now - d.s.rival.heardAt > watch.lookMs;
  const outcomes = samples.map(({ outcome }) => outcome);
  const look = judgePings(outcomes, agentSilent && d.s.rival.heardAt > 0);
  const rivalBad = countLook(d.s.health.rivalBad, look);
  if (rivalBad !== d.s.health.rivalBad)
    because(d, 'look-at-rival', { bad: rivalBad, needed: watch.badLooks, agentSilent });
  noteLook(d, rivalBad, look);
};

const noteLook = (d: Draft, rivalBad: number, look: LookAtMain): void => {
  // Else a main whose agent restarts would begin anew, and stop too late.
  if (ownLimit(d.settings) > 0 && d.s.boot.looksBad !== rivalBad) setBoot(d, { looksBad: rivalBad });
  const rivalLastGood = look === 'mixed' ? d.s.health.rivalLastGood : look === 'good';
  d.s.health = { ...d.s.health, rivalBad, rivalLastGood };
};

/** Two nodes that hear each other need no looks. The main's own count goes on only from where it serves: a passive one is not there for callers anyway. */
const counts = (d: Draft, limit: number): boolean => {
  const serves = d.s.phase.name === 'serving' || d.s.phase.name === 'draining';
  return mainIsUnheard(d) && (d.settings.role === 'standby' || serves || d.s.health.rivalBad >= limit);
};

/** What checkpoints that cannot promise say of the main: both nodes ask the same, and the main counts to one less. */
const applyMainLook = (d: Draft, samples: readonly Sample[]): void => {
  const { watch, role } = d.settings;
  if (watch.kind !== 'looks' || watch.need === undefined || samples.length === 0) return;
  const outcomes = samples.map(({ outcome }) => outcome);
  const look = judgeCheckpoints(outcomes, watch.need, role);
  const needed = role === 'main' ? looksUntilMainStops(watch.badLooks) : watch.badLooks;
  const rivalBad = counts(d, needed) ? countLook(d.s.health.rivalBad, look) : 0;
  if (rivalBad !== d.s.health.rivalBad)
    because(d, 'look-at-rival', { bad: rivalBad, needed, agentSilent: rivalIsSilent(d) });
  if (look === 'good') seenToServe(d);
  noteLook(d, rivalBad, look);
};

/** As the checkpoints see it, this main is the one cut off. */
const isCutOffFromOutside = (d: Draft): boolean => {
  const limit = ownLimit(d.settings);
  const isTooLate = d.s.lease.name === 'held' && d.now >= d.s.standbyMayServeAt;
  return limit > 0 && mainIsUnheard(d) && (d.s.health.rivalBad >= limit || isTooLate);
};

/** True while this node's telephony is not meant to run, so that its probes say nothing. */
const telephonyIsOff = (d: Draft): boolean =>
  d.settings.telephony === 'cold' &&
  (d.s.plan.target === 'passivate' || d.s.plan.statuses.some((status) => status === 'to-do' || status === 'running'));

/** A cold telephony that was broken when it ran last is believed to be so for as long as this. */
const COLD_DOUBT_MS = 60_000;

const assumeWell = (d: Draft): void => {
  const { health } = d.s;
  // Else two broken nodes would hand service to and fro.
  if (health.verdict === 'down' && d.now - health.since < COLD_DOUBT_MS) return;
  if (health.verdict === 'up' && health.bad === 0) return;
  d.s.health = { ...health, verdict: 'up', bad: 0, good: 0, crashed: false, since: d.now, reason: 'cold: not started' };
};

/** Turns one moment's samples into verdicts, with hysteresis; `unknown` never becomes `down` by waiting alone. */
export const applyLook = (d: Draft, look: Look): void => {
  const of = (about: Sample['about']): readonly Sample[] => look.samples.filter((s) => s.about === about);
  const callsAt = d.now - (look.callsAgoMs ?? 0);
  if (look.calls !== d.s.health.calls || callsAt !== d.s.health.callsAt) {
    d.s.health = { ...d.s.health, calls: look.calls, callsAt };
  }
  if (telephonyIsOff(d)) assumeWell(d);
  else {
    const optionalFailed = look.samples.some((s) => s.about === 'optional' && s.outcome === 'failed');
    applyTelephony(d, of('telephony'), optionalFailed);
  }
  applyRivalLook(d, of('rival'));
  applyMainLook(d, of('main'));
  applyNetwork(d, of('network'));
};
