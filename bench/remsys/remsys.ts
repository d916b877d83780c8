/** Two sites: what a telephone sees that follows a name, one that has two targets by SRV, and a provider that knows both addresses. */
import { setTimeout as sleep } from 'node:timers/promises';
import { twoSites } from '../../lab/catalogue/remsys/scenes.ts';
import { inject } from '../../lab/faults/fault.ts';
import { type PairSetup, usualSetup } from '../../lab/pair/setup.ts';
import { monotonicMs } from '../../lab/phones/clock.ts';
import { srvOf, trunkOf } from '../../lab/remsys/places.ts';
import { lookEveryMs, type RemsysSetup } from '../../lab/remsys/setup.ts';
import { waitServing } from '../../lab/scenarios/deeds.ts';
import { type Measured, measure } from '../../lab/scenarios/measure.ts';
import { askingExtension, rungExtension } from '../../lab/scenarios/observers.ts';
import { openStage, type Stage } from '../../lab/scenarios/stage.ts';
import { fail, ok, type Result } from '../../src/core/result.ts';
import { startLabMeter } from '../lab-meter.ts';
import type { ResultsFile, RunLine } from '../results.ts';
import { type BenchOptions, nextRun } from '../series.ts';
import { beginOriginal, type Original } from './original.ts';

/** All in ms; from the fault on, where there is one. `what` is a cell. */
export interface RemsysLine extends RunLine {
  readonly served_ms: number | null;
  readonly original_ms: number | null;
  readonly name_outage_ms: number;
  readonly srv_outage_ms: number | null;
  readonly trunk_outage_ms: number | null;
  /** Of a call from the provider, to its first ring. */
  readonly trunk_setup_ms: number | null;
  readonly two_serving_ms: number;
}

interface Cell {
  readonly what: string;
  readonly remsys: Partial<RemsysSetup>;
  /** `passive`: nothing breaks; service was moved to B before, in order. */
  readonly fault: 'power-loss' | 'asterisk-crash' | 'passive';
  readonly hasOriginal: boolean;
  /** The provider goes on after so long. */
  readonly trunkNextMs: number;
}

/** RFC 3261, timer B. */
const timerBMs = 32_000;
const usualNextMs = 400;
const unscaled = { checkpoints: 'voters', ttlS: 30 } as const;

export const remsysCells: readonly Cell[] = [
  { what: 'scaled/power-loss', remsys: {}, fault: 'power-loss', hasOriginal: true, trunkNextMs: usualNextMs },
  { what: 'ttl-30/power-loss', remsys: unscaled, fault: 'power-loss', hasOriginal: false, trunkNextMs: usualNextMs },
  {
    what: 'ttl-30/asterisk-crash',
    remsys: unscaled,
    fault: 'asterisk-crash',
    hasOriginal: false,
    trunkNextMs: usualNextMs,
  },
  { what: 'passive/refused', remsys: {}, fault: 'passive', hasOriginal: false, trunkNextMs: timerBMs },
  { what: 'passive/silent', remsys: { refuses: false }, fault: 'passive', hasOriginal: false, trunkNextMs: timerBMs },
];

const setupOf = ({ remsys }: Cell): PairSetup => ({ ...usualSetup, ...twoSites(remsys).setup });
const ttlMs = ({ remsys }: Cell): number => (remsys.ttlS ?? 1) * 1000;

/** Both begin to call; their names. */
const beginCalls = async (
  { observers, pair, lab }: Stage,
  cell: Cell,
  run: number,
): Promise<Result<{ readonly ring: string; readonly srv: string }>> => {
  const [ring, srv] = [`bench-${cell.what}-${run}`, `bench-srv-${cell.what}-${run}`];
  const to = rungExtension(pair.pbx);
  const isPassive = cell.fault === 'passive';
  const begun = await observers.provider.ask('ringStart', {
    name: ring,
    to,
    trunk: { ...trunkOf(lab), nextAfterMs: cell.trunkNextMs },
    // A call that waits for the provider's timer is still one.
    ringWithinMs: isPassive ? timerBMs + 8000 : 1000,
    ...(isPassive ? { intervalMs: 1000 } : {}),
  });
  if (!begun.ok) return begun;
  const called = await observers.phones.ask('ringStart', {
    name: srv,
    from: askingExtension,
    to,
    intervalMs: 250,
    srv: srvOf(lab),
    ringWithinMs: 1000,
  });
  return called.ok ? ok({ ring, srv }) : called;
};

interface Moved {
  /** When the fault came, and how long after it B served; null: nothing broke. */
  readonly lostAtMs: number | null;
  readonly servedMs: number | null;
  readonly mend: () => Promise<Result<void>>;
}

const nothing = async (): Promise<Result<void>> => ok(undefined);

/** Until every telephone should have found the other site. */
const strike = async (stage: Stage, cell: Cell, original: Original | null): Promise<Result<Moved>> => {
  const { lab, observers } = stage;
  if (cell.fault === 'passive') {
    await sleep(timerBMs + 10_000);
    return ok({ lostAtMs: null, servedMs: null, mend: nothing });
  }
  // Two of its minutes, so that the original is well under way.
  if (original !== null) await sleep(2 * lookEveryMs + Math.random() * lookEveryMs);
  const lostMs = monotonicMs();
  const struck = await inject(
    lab,
    cell.fault === 'power-loss'
      ? { kind: 'power-loss', host: 'main' }
      : { kind: 'crash', host: 'main', unit: 'asterisk.service' },
  );
  if (!struck.ok) return struck;
  const served = await waitServing(observers, 'standby', 60_000);
  if (!served.ok) return served;
  const servedAtMs = monotonicMs();
  const deadlineMs = servedAtMs + 10 * lookEveryMs;
  const isUndecided = (): boolean => original !== null && original.decidedMs() === null;
  while (isUndecided() && monotonicMs() < deadlineMs) await sleep(50);
  await sleep(Math.max(0, servedAtMs + ttlMs(cell) + 3000 - monotonicMs()));
  return ok({ lostAtMs: lostMs, servedMs: servedAtMs - lostMs, mend: struck.value });
};

/** To where the cell begins: A serves, or has given service to B in order. */
const toBeginning = async (stage: Stage, cell: Cell): Promise<Result<void>> => {
  const ready = await stage.toStart(setupOf(cell));
  // A telephone that was led to B by a former run has the name of A again.
  if (ready.ok) await sleep(ttlMs(cell) + 2000);
  if (!ready.ok || cell.fault !== 'passive') return ready;
  const moved = await stage.pair.order('main', ['switchover', '--accept-loss']);
  if (!moved.ok) return moved;
  const served = await waitServing(stage.observers, 'standby', 20_000);
  // The program that refuses is begun now, and the names follow.
  await sleep(4000);
  return served;
};

const lineOf = (
  cell: Cell,
  run: number,
  moved: Moved,
  measured: Measured,
  decidedMs: number | null,
  othersPercent: number,
): RemsysLine => ({
  what: cell.what,
  run,
  served_ms: moved.servedMs === null ? null : Math.round(moved.servedMs),
  original_ms: decidedMs === null || moved.lostAtMs === null ? null : Math.round(decidedMs - moved.lostAtMs),
  name_outage_ms: measured.outageMs,
  srv_outage_ms: measured.srvOutageMs,
  trunk_outage_ms: measured.inboundOutageMs,
  trunk_setup_ms: measured.inboundSetupMs,
  two_serving_ms: measured.twoServingMs,
  others_percent: othersPercent,
});

const runCell = async (stage: Stage, cell: Cell, run: number): Promise<Result<RemsysLine>> => {
  const ready = await toBeginning(stage, cell);
  if (!ready.ok) return ready;
  const { observers, lab } = stage;
  const original = cell.hasOriginal ? await beginOriginal(stage) : ok(null);
  if (!original.ok) return original;
  const calls = await beginCalls(stage, cell, run);
  if (!calls.ok) return calls;
  const others = await startLabMeter(lab.runId);
  const fromMs = monotonicMs();
  const moved = await strike(stage, cell, original.value);
  const toMs = monotonicMs() - 500;
  const measured = await measure(observers, { fromMs, toMs }, calls.value.ring, calls.value.srv);
  const othersPercent = await others();
  original.value?.stop();
  await observers.provider.ask('ringStop', { name: calls.value.ring });
  await observers.phones.ask('ringStop', { name: calls.value.srv });
  if (!moved.ok) return moved;
  const mended = await moved.value.mend();
  const booted = await lab.boot();
  if (!mended.ok && mended.error.code !== 'host-on') return mended;
  if (!booted.ok) return booted;
  if (!measured.ok) return measured;
  const decidedMs = original.value?.decidedMs() ?? null;
  return ok(lineOf(cell, run, moved.value, measured.value, decidedMs, othersPercent));
};

const runLab = async (
  cells: readonly Cell[],
  results: ResultsFile<RemsysLine>,
  { signal, log, runs, onLine }: BenchOptions,
): Promise<Result<void>> => {
  const [first] = cells;
  if (first === undefined) return ok(undefined);
  const { needs } = twoSites(first.remsys);
  const stage = await openStage({ endpoints: 5, needs, first: setupOf(first), signal, log });
  if (!stage.ok) return stage;
  let done: Result<void> = ok(undefined);
  for (const cell of cells) {
    for (let run = nextRun(results, cell.what, runs); done.ok && run !== undefined; ) {
      const line = await runCell(stage.value, cell, run);
      if (signal.aborted) done = fail('bench-stopped', 'the series was stopped', 'run it again, and it goes on');
      else if (!line.ok) done = fail(line.error.code, `${cell.what}: ${line.error.message}`, line.error.remedy);
      if (!done.ok || !line.ok) break;
      await results.add(line.value);
      onLine(line.value);
      run = nextRun(results, cell.what, runs);
    }
  }
  const closed = await stage.value.close();
  return done.ok ? closed : done;
};

/** A lab for each TTL, cell by cell. Faults: `bench-stopped`, and what broke the lab. */
export const benchRemsys = async (
  results: ResultsFile<RemsysLine>,
  options: BenchOptions & { readonly only?: readonly string[] },
): Promise<Result<void>> => {
  const wanted = remsysCells.filter(
    ({ what }) => options.only?.includes(what) !== false && nextRun(results, what, options.runs) !== undefined,
  );
  for (const cells of Map.groupBy(wanted, ttlMs).values()) {
    const done = await runLab(cells, results, options);
    if (!done.ok) return done;
  }
  return ok(undefined);
};
