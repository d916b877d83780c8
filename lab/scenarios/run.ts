import { setTimeout as sleep } from 'node:timers/promises';
import { ok, type Result } from '../../src/core/result.ts';
import { usualSetup } from '../pair/setup.ts';
import { monotonicMs } from '../phones/clock.ts';
import { srvOf, trunkOf } from '../remsys/places.ts';
import { audit } from './audit.ts';
import { mendAll, perform, servingAtEnd } from './deeds.ts';
import { judge } from './judge.ts';
import { type Measured, measure } from './measure.ts';
import { askingExtension, rungExtension } from './observers.ts';
import type { Deed, Scenario, Serving } from './scenario.ts';
import type { Stage } from './stage.ts';
import { rounded } from './statistics.ts';
import type { Undertaking } from './undertaking.ts';

/** One run, as it is printed: a line of JSON. */
export interface RunReport {
  readonly scenario: string;
  readonly run: number;
  readonly ok: boolean;
  readonly outage_ms: number;
  readonly inbound_outage_ms: number | null;
  /** The median time in which calls from outside came to ring. */
  readonly inbound_setup_ms: number | null;
  /** Of the telephone that finds its servers by SRV. */
  readonly srv_outage_ms: number | null;
  /** Until who serves newly had registered the trunk; null where nobody else did. */
  readonly trunk_after_ms: number | null;
  readonly two_serving_ms: number;
  readonly silent_ms: number;
  readonly registrations_kept: number | null;
  readonly trunk_registrations: number;
  readonly expected: Scenario['expected'];
  readonly seen: {
    readonly serving: Serving;
    readonly moves: number;
    readonly calls_cut: number;
    /** The longest pause in the voice of a call that the scenario made; null without one. */
    readonly voice_pause_ms: number | null;
    readonly needs_acknowledgement: boolean;
    /** From the first deed to the end of the last: of a loss of power, to the last step that the scenario waits for. */
    readonly deeds_ms: number;
    /** How long the telephone with a backup registrar was without one; null without it. */
    readonly backup_phone_ms: number | null;
    /** How late the asking telephone itself was at most. */
    readonly asker_late_ms: number;
    /** The whole run, from start to start, in ms. */
    readonly took_ms: number;
    readonly problems: readonly string[];
  };
}

/** Observed before the first deed, so that the state of before is in the notes. */
const leadMs = 300;
/** After the window, so that the last answers can come. */
const tailMs = 500;

/** Where each call from outside leaves eight events in a database, there are fewer of them. */
const ringsEveryMs = ({ pair }: Stage): number => (pair.setup().data === 'none' ? 50 : 500);

const performAll = async (run: Undertaking, deeds: readonly Deed[]): Promise<readonly string[]> => {
  for (const deed of deeds) {
    const done = await perform(run, deed);
    if (!done.ok) return [done.error.message];
  }
  return [];
};

const ringing = async (stage: Stage, name: string, wanted: boolean): Promise<string | undefined> => {
  if (!wanted) return undefined;
  const { observers, pair, lab } = stage;
  const begun = await observers.provider.ask('ringStart', {
    name,
    to: rungExtension(pair.pbx),
    intervalMs: ringsEveryMs(stage),
    ...(lab.routed === undefined ? {} : { trunk: trunkOf(lab), ringWithinMs: 1000 }),
  });
  return begun.ok ? name : undefined;
};

const srvEveryMs = 250;

/** A telephone of today: three repetitions, and on to the next target. */
const callsBySrv = async ({ observers, pair, lab }: Stage, name: string): Promise<string | undefined> => {
  const begun = await observers.phones.ask('ringStart', {
    name,
    from: askingExtension,
    to: rungExtension(pair.pbx),
    intervalMs: srvEveryMs,
    srv: srvOf(lab),
    ringWithinMs: 1000,
  });
  return begun.ok ? name : undefined;
};

/** How many telephones the serving node knows, less those that had to register again, in per cent. */
const keptOf = async ({ pair, needs }: Stage, serving: Serving, begun: number): Promise<number | null> => {
  if (serving !== 'main' && serving !== 'standby') return null;
  const known = await pair.contactCount(serving);
  const { endpoints } = pair.pbx;
  if (!known.ok) return null;
  // Under load some register at any moment, as they did before: then it counts who is known.
  const anew = needs.load === undefined ? begun : 0;
  return Math.max(0, Math.round((100 * (Math.min(known.value, endpoints) - anew)) / endpoints));
};

interface Watched {
  readonly measured: Measured;
  readonly serving: Serving;
  readonly registrationsKept: number | null;
  readonly needsAcknowledgement: boolean;
  readonly voicePauseMs: number | null;
  readonly deedsMs: number;
  readonly backupPhoneMs: number | null;
  readonly problems: readonly string[];
}

/** The observed time: from a moment before the first deed to a moment after the last. */
const observe = async (
  stage: Stage,
  deeds: readonly Deed[],
  scenario: Scenario,
  run: Undertaking,
): Promise<Result<Watched>> => {
  const { observers } = stage;
  const ringName = await ringing(stage, `${scenario.name}-${monotonicMs()}`, scenario.inbound !== false);
  const srvName = scenario.srvPhone === true ? await callsBySrv(stage, `srv-${monotonicMs()}`) : undefined;
  const fromMs = monotonicMs();
  await sleep(leadMs);
  const beganMs = monotonicMs();
  const problems = [...(await performAll(run, deeds))];
  const deedsMs = monotonicMs() - beganMs;
  for (const done of await Promise.all(run.background)) if (!done.ok) problems.push(done.error.message);
  await sleep(scenario.staysMs ?? 1000);
  const serving = await servingAtEnd(observers);
  const toMs = monotonicMs();
  if (!serving.ok) return serving;
  const views = await stage.views();
  const begun = await observers.phones.ask('counts', { sinceMs: fromMs, untilMs: toMs });
  const registrationsKept = await keptOf(stage, serving.value, begun.ok ? begun.value['registration-begun'] : 0);
  await sleep(Math.max(0, toMs + tailMs - monotonicMs()));
  const measured = await measure(observers, { fromMs, toMs }, ringName, srvName);
  if (srvName !== undefined) await observers.phones.ask('ringStop', { name: srvName });
  if (ringName !== undefined) await observers.provider.ask('ringStop', { name: ringName });
  if (!measured.ok) return measured;
  const needsAcknowledgement = [views.main, views.standby].some((view) => view?.needsAcknowledgement === true);
  const voicePauseMs = run.voicePausesMs.length === 0 ? null : rounded(Math.max(...run.voicePausesMs));
  const backupPhoneMs = run.backupPhoneMs ?? null;
  const seen = {
    serving: serving.value,
    registrationsKept,
    needsAcknowledgement,
    voicePauseMs,
    deedsMs,
    backupPhoneMs,
  };
  return ok({ measured: measured.value, ...seen, problems });
};

const reportOf = (
  scenario: Scenario,
  run: number,
  watched: Watched,
  after: readonly string[],
  tookMs: number,
): RunReport => {
  const { measured, serving, registrationsKept, needsAcknowledgement, voicePauseMs } = watched;
  const outcome = { ...watched, problems: [...watched.problems, ...after] };
  const problems = judge(measured, outcome, scenario.expected);
  return {
    scenario: scenario.name,
    run,
    ok: problems.length === 0,
    outage_ms: measured.outageMs,
    inbound_outage_ms: measured.inboundOutageMs,
    inbound_setup_ms: measured.inboundSetupMs,
    srv_outage_ms: measured.srvOutageMs,
    trunk_after_ms: measured.trunkAfterMs,
    two_serving_ms: measured.twoServingMs,
    silent_ms: measured.silentMs,
    registrations_kept: registrationsKept,
    trunk_registrations: measured.trunkRegistrations,
    expected: scenario.expected,
    seen: {
      serving,
      moves: measured.moves,
      calls_cut: measured.callsCut,
      voice_pause_ms: voicePauseMs,
      needs_acknowledgement: needsAcknowledgement,
      deeds_ms: Math.round(watched.deedsMs),
      backup_phone_ms: watched.backupPhoneMs,
      asker_late_ms: measured.selfLateMs,
      took_ms: Math.round(tookMs),
      problems,
    },
  };
};

/**
 * One run of a scenario on a stage: to its start, the deeds under observation, everything mended, back to the start, the audit.
 * What does not come out as expected is in the report; a fault is a lab that cannot go on.
 */
export const runScenario = async (stage: Stage, scenario: Scenario, run: number): Promise<Result<RunReport>> => {
  const beganMs = monotonicMs();
  const setup = { ...usualSetup, ...scenario.setup };
  const ready = await stage.toStart(setup);
  if (!ready.ok) return ready;
  const { pair, observers } = stage;
  const { load } = stage.needs;
  const undertaking: Undertaking = {
    ...(load === undefined ? {} : { load }),
    pair,
    observers,
    mendByName: new Map(),
    background: [],
    calls: [],
    voicePausesMs: [],
    etcd: {},
  };
  const prepared = await performAll(undertaking, scenario.prepare ?? []);
  // What was not prepared must not be tried: a fault may rely on it.
  const watched = await observe(stage, prepared.length === 0 ? scenario.deeds : [], scenario, undertaking);
  const mended = await mendAll(undertaking);
  if (!watched.ok) return watched;
  const back = await stage.toStart(setup);
  const after = [...prepared];
  for (const result of [mended, back]) if (!result.ok) after.push(result.error.message);
  if (back.ok) after.push(...(await audit(pair, observers, await stage.views())));
  return ok(reportOf(scenario, run, watched.value, after, monotonicMs() - beganMs));
};
