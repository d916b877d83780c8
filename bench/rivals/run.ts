import { setTimeout as sleep } from 'node:timers/promises';
import { inject, type Mend } from '../../lab/faults/fault.ts';
import { monotonicMs } from '../../lab/phones/clock.ts';
import { measure } from '../../lab/scenarios/measure.ts';
import { askerName } from '../../lab/scenarios/observers.ts';
import type { Serving } from '../../lab/scenarios/scenario.ts';
import { rounded } from '../../lab/scenarios/statistics.ts';
import { ok, type Result } from '../../src/core/result.ts';
import type { Role } from '../../src/core/words.ts';
import { startLabMeter } from '../lab-meter.ts';
import type { RunLine } from '../results.ts';
import { type Ground, registrationsKept, settleRegistrations, whenAtStart } from './ground.ts';
import type { FaultName, System, Watch } from './system.ts';

/** One fault on one system; `what` is both, as in `power-loss/keepalived-1s`. */
export interface RivalLine extends RunLine {
  /** The longest time without an answer; where it did not end, the time watched. */
  readonly outage_ms: number;
  /** False: the telephones were without an answer when the watch ended. */
  readonly recovered: boolean;
  readonly two_serving_ms: number;
  readonly moves: number;
  /** Percent of the telephones that the node which serves at the end knows without a new registration; null: nobody serves. */
  readonly registrations_kept: number | null;
  /** From the fault to the end of the watch. */
  readonly watched_ms: number;
  /** From the fault to the next minute by the clock on the wall. */
  readonly to_minute_ms: number;
  readonly asker_late_ms: number;
}

export const whatOf = (fault: FaultName, system: string): string => `${fault}/${system}`;

const asterisk = 'asterisk.service';
const leadMs = 300;
/** After the window, so that the last answers can come. */
const tailMs = 500;
const readyWithinMs = 30_000;

/** A cluster runs Asterisk without a unit. What hung may have been ended meanwhile, and then needs no mending. */
const signalled = async (system: System, signal: 'KILL' | 'STOP'): Promise<Result<Mend>> => {
  const sent = (await system.signalAsterisk?.(signal)) ?? ok(undefined);
  if (!sent.ok) return sent;
  return ok(async () => {
    if (signal === 'STOP') await system.signalAsterisk?.('CONT');
    return ok(undefined);
  });
};

const strike = async ({ lab }: Ground, system: System, fault: FaultName): Promise<Result<Mend>> => {
  switch (fault) {
    case 'power-loss':
      return await inject(lab, { kind: 'power-loss', host: 'main' });
    case 'asterisk-crash':
      return system.signalAsterisk === undefined
        ? await inject(lab, { kind: 'crash', host: 'main', unit: asterisk })
        : await signalled(system, 'KILL');
    case 'asterisk-hang':
      return system.signalAsterisk === undefined
        ? await inject(lab, { kind: 'hang', host: 'main', unit: asterisk })
        : await signalled(system, 'STOP');
    case 'isolation':
      return await inject(lab, { kind: 'isolation', host: 'main' });
    case 'cut-between':
      return await inject(lab, { kind: 'cut', from: 'main', to: 'standby' });
    case 'switchover': {
      const moved = await system.switchover();
      return moved.ok ? ok(async () => ok(undefined)) : moved;
    }
  }
};

interface Outlook {
  /** Something was lost since the fault. */
  readonly suffered: boolean;
  /** Nothing is lost now. */
  readonly isAnswered: boolean;
}

/** The last questions may still be answered. */
const graceMs = 250;
const soundMs = 150;

const outlook = async ({ observers }: Ground, sinceMs: number): Promise<Result<Outlook>> => {
  const untilMs = monotonicMs();
  const report = await observers.phones.ask('probeReport', { name: askerName, sinceMs, untilMs });
  if (!report.ok) return report;
  const last = report.value.gaps.at(-1);
  const isAnswered = last === undefined || (last.toMs !== undefined && untilMs - last.toMs > soundMs + graceMs);
  return ok({ suffered: report.value.lost > 0, isAnswered });
};

/** What is not answered when a whole watch ends may be a moment old: so long it may take to end. */
const lateMs = 3000;

/** Waits until the telephones have suffered and are answered again, or the standby serves, or the time is over. */
const watchOn = async (ground: Ground, watch: Watch, sinceMs: number): Promise<Result<void>> => {
  const wholeMs = sinceMs + watch.withinMs;
  if (watch.whole === true) await sleep(wholeMs - monotonicMs());
  const deadlineMs = watch.whole === true ? wholeMs + lateMs : wholeMs;
  while (monotonicMs() < deadlineMs) {
    const [seen, serving] = [await outlook(ground, sinceMs), await ground.observers.serving()];
    if (!seen.ok) return seen;
    if (!serving.ok) return serving;
    const hasHappened = seen.value.suffered || serving.value === 'standby' || watch.whole === true;
    if (seen.value.isAnswered && hasHappened) break;
    await sleep(40);
  }
  await sleep(watch.staysMs);
  return ok(undefined);
};

/** The wait for a system that nobody asks yet. */
export const whenInstalled = async (ground: Ground, system: System): Promise<Result<void>> =>
  await whenAtStart(ground, system.missing, system.readyWithinMs ?? readyWithinMs, false);

/** Back to the start; where that does not help, from the disks on. Faults: `system-unready` and those of the lab. */
export const toStart = async (ground: Ground, system: System): Promise<Result<void>> => {
  const withinMs = system.readyWithinMs ?? readyWithinMs;
  const restored = await system.restore();
  const ready = restored.ok ? await whenAtStart(ground, system.missing, withinMs) : restored;
  if (ready.ok) return ready;
  const installed = await system.install();
  return installed.ok ? await whenAtStart(ground, system.missing, withinMs) : installed;
};

/** Whom the telephones reach at the end: in a cut-off main's case that is not the main, though a witness still sees it. */
const reachedBy = (serving: Serving, fault: FaultName): Role | undefined => {
  if (serving === 'both') return fault === 'isolation' ? 'standby' : undefined;
  return serving === 'nobody' ? undefined : serving;
};

const keptAtEnd = async (ground: Ground, fault: FaultName, sinceMs: number): Promise<number | null> => {
  const serving = await ground.observers.serving(100);
  const role = serving.ok ? reachedBy(serving.value, fault) : undefined;
  return role === undefined ? null : await registrationsKept(ground, role, sinceMs);
};

/** One run of a fault on a system that is installed. Faults: of a lab or system that cannot go on. */
export const runFault = async (
  ground: Ground,
  system: System,
  fault: FaultName,
  watch: Watch,
  run: number,
): Promise<Result<RivalLine>> => {
  const { lab, observers } = ground;
  const ready = await toStart(ground, system);
  if (!ready.ok) return ready;
  const settled = await settleRegistrations(ground, system.sharesRegistrations);
  if (!settled.ok) return settled;
  const others = await startLabMeter(lab.runId);
  await system.beforeFault?.(fault);
  const fromMs = monotonicMs();
  await sleep(leadMs);
  const struckMs = monotonicMs();
  const toMinuteMs = 60_000 - (Date.now() % 60_000);
  const mend = await strike(ground, system, fault);
  const seen = mend.ok ? await watchOn(ground, watch, struckMs) : mend;
  const toMs = monotonicMs();
  const kept = await keptAtEnd(ground, fault, fromMs);
  await sleep(tailMs);
  const measured = await measure(observers, { fromMs, toMs }, undefined);
  const report = await observers.phones.ask('probeReport', { name: askerName, sinceMs: fromMs, untilMs: toMs });
  const othersPercent = await others();
  if (mend.ok) {
    const mended = await mend.value();
    // It may have been booted meanwhile.
    if (!mended.ok && mended.error.code !== 'host-on') return mended;
  }
  if (!seen.ok) return seen;
  if (!measured.ok) return measured;
  if (!report.ok) return report;
  return ok({
    what: whatOf(fault, system.name),
    run,
    outage_ms: measured.value.outageMs,
    recovered: report.value.gaps.every(({ answeredMs }) => answeredMs !== undefined),
    two_serving_ms: measured.value.twoServingMs,
    moves: measured.value.moves,
    registrations_kept: kept,
    watched_ms: rounded(toMs - struckMs),
    to_minute_ms: toMinuteMs,
    asker_late_ms: measured.value.selfLateMs,
    others_percent: othersPercent,
  });
};
