import { setTimeout as sleep } from 'node:timers/promises';
import { inject, type Mend } from '../../lab/faults/fault.ts';
import { monotonicMs } from '../../lab/phones/clock.ts';
import { measure } from '../../lab/scenarios/measure.ts';
import { askerName } from '../../lab/scenarios/observers.ts';
import { rounded } from '../../lab/scenarios/statistics.ts';
import { ok, type Result } from '../../src/core/result.ts';
import { startLabMeter } from '../lab-meter.ts';
import type { RunLine } from '../results.ts';
import { type Ground, whenAtStart } from './ground.ts';
import type { FaultName, System, Watch } from './system.ts';

/** One fault on one system; `what` is both, as in `power-loss/keepalived-1s`. */
export interface RivalLine extends RunLine {
  /** The longest time without an answer; where it did not end, the time watched. */
  readonly outage_ms: number;
  /** False: the telephones were without an answer when the watch ended. */
  readonly recovered: boolean;
  readonly two_serving_ms: number;
  readonly moves: number;
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

const strike = async ({ lab }: Ground, system: System, fault: FaultName): Promise<Result<Mend>> => {
  switch (fault) {
    case 'power-loss':
      return await inject(lab, { kind: 'power-loss', host: 'main' });
    case 'asterisk-crash':
      return await inject(lab, { kind: 'crash', host: 'main', unit: asterisk });
    case 'asterisk-hang':
      return await inject(lab, { kind: 'hang', host: 'main', unit: asterisk });
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

/** Back to the start; where that does not help, from the disks on. Faults: `system-unready` and those of the lab. */
export const toStart = async (ground: Ground, system: System): Promise<Result<void>> => {
  const restored = await system.restore();
  const ready = restored.ok ? await whenAtStart(ground, system.missing, readyWithinMs) : restored;
  if (ready.ok) return ready;
  const installed = await system.install();
  return installed.ok ? await whenAtStart(ground, system.missing, readyWithinMs) : installed;
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
  const others = await startLabMeter(lab.runId);
  await system.beforeFault?.(fault);
  const fromMs = monotonicMs();
  await sleep(leadMs);
  const struckMs = monotonicMs();
  const toMinuteMs = 60_000 - (Date.now() % 60_000);
  const mend = await strike(ground, system, fault);
  const seen = mend.ok ? await watchOn(ground, watch, struckMs) : mend;
  const toMs = monotonicMs();
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
    watched_ms: rounded(toMs - struckMs),
    to_minute_ms: toMinuteMs,
    asker_late_ms: measured.value.selfLateMs,
    others_percent: othersPercent,
  });
};
