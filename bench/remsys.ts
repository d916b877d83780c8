/**
 * Two sites, and site A loses its power: when the pair decides, when the original's algorithm would have (beside it, in the same run, asking the
 * same checkpoints), and what a phone sees that follows the name, and who has both addresses. The minute of the original is `lookEveryMs`.
 *
 *     node bench/remsys.ts [--runs 5] [--ttl 1] [--voters]
 *
 * `--ttl 30`: the name as the original has it, unscaled. `--voters`: Dualtone on the three hosts and preset fast, instead of NRPE.
 */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { usualSetup } from '../lab/pair/setup.ts';
import { monotonicMs } from '../lab/phones/clock.ts';
import type { OriginalPlan } from '../lab/remsys/original-main.ts';
import { trunkOf } from '../lab/remsys/places.ts';
import { lookEveryMs, twoSites } from '../lab/remsys/setup.ts';
import { waitServing } from '../lab/scenarios/deeds.ts';
import { measure } from '../lab/scenarios/measure.ts';
import { rungExtension } from '../lab/scenarios/observers.ts';
import { openStage, type Stage } from '../lab/scenarios/stage.ts';
import { ok, type Result } from '../src/core/result.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    ttl: { type: 'string', default: '1' },
    voters: { type: 'boolean', default: false },
  },
});
const ttlS = Number(values.ttl);
const { needs, setup } = twoSites({ ttlS, checkpoints: values.voters ? 'voters' : 'nrpe' });
const pairSetup = { ...usualSetup, ...setup };
const abort = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => abort.abort());

/** One power loss, all in ms from the loss. */
interface Row {
  readonly decided_ms: number;
  readonly original_decided_ms: number | null;
  readonly name_outage_ms: number;
  readonly trunk_outage_ms: number | null;
  readonly two_serving_ms: number;
}

/** Starts the original's algorithm on the standby, at a random moment of its minute. Comes back with when it decided. */
const beginOriginal = async ({
  lab,
}: Stage): Promise<Result<{ readonly decidedMs: () => number | null; stop(): void }>> => {
  const child = await lab
    .host('standby')
    .spawn(['node', '/opt/dualtone/lab/remsys/original-main.ts'], { stdio: ['pipe', 'pipe', 'inherit'] });
  if (!child.ok) return child;
  const { stdin, stdout } = child.value;
  if (stdin === null || stdout === null) throw new Error('the program has no pipes');
  let decided: number | null = null;
  createInterface({ input: stdout }).on('line', (line) => {
    const [word = '', at = ''] = line.split(' ');
    if (word === 'decides') decided = Number(at);
  });
  const checkpoints = ['checkpoint1', 'checkpoint2', 'checkpoint3'].map((name) => lab.host(name).address.v4);
  const firstMs = Math.random() * lookEveryMs;
  const plan: OriginalPlan = { checkpoints, everyMs: lookEveryMs, firstMs, timeoutMs: 1500 };
  stdin.end(JSON.stringify(plan));
  return ok({ decidedMs: () => decided, stop: () => void child.value.kill('SIGKILL') });
};

const runOnce = async (stage: Stage, run: number): Promise<Result<Row>> => {
  const ready = await stage.toStart(pairSetup);
  if (!ready.ok) return ready;
  const { observers, pair, lab } = stage;
  const original = await beginOriginal(stage);
  if (!original.ok) return original;
  const name = `bench-${run}`;
  const ring = { name, to: rungExtension(pair.pbx), trunk: trunkOf(lab), ringWithinMs: 1000 };
  const ringing = await observers.provider.ask('ringStart', ring);
  if (!ringing.ok) return ringing;
  const fromMs = monotonicMs();
  // Two of its minutes, so that it is well under way.
  await sleep(2 * lookEveryMs + Math.random() * lookEveryMs);
  const lostMs = monotonicMs();
  const off = await lab.host('main').powerOff();
  if (!off.ok) return off;
  const served = await waitServing(observers, 'standby', 60_000);
  const servedMs = monotonicMs();
  if (!served.ok) return served;
  const deadlineMs = monotonicMs() + 10 * lookEveryMs;
  while (original.value.decidedMs() === null && !values.voters && monotonicMs() < deadlineMs) await sleep(50);
  await sleep(Math.max(0, servedMs + (ttlS + 3) * 1000 - monotonicMs()));
  const measured = await measure(observers, { fromMs, toMs: monotonicMs() - 500 }, name);
  original.value.stop();
  await observers.provider.ask('ringStop', { name });
  const booted = await lab.boot();
  if (!measured.ok) return measured;
  if (!booted.ok) return booted;
  const decidedMs = original.value.decidedMs();
  return ok({
    decided_ms: Math.round(servedMs - lostMs),
    original_decided_ms: decidedMs === null ? null : Math.round(decidedMs - lostMs),
    name_outage_ms: measured.value.outageMs,
    trunk_outage_ms: measured.value.inboundOutageMs,
    two_serving_ms: measured.value.twoServingMs,
  });
};

const stage = await openStage({ endpoints: 5, needs, first: pairSetup, signal: abort.signal });
if (!stage.ok) throw new Error(stage.error.message);
try {
  for (let run = 1; run <= Number(values.runs) && !abort.signal.aborted; run += 1) {
    const row = await runOnce(stage.value, run);
    process.stdout.write(`${JSON.stringify(row.ok ? { run, ...row.value } : { run, broken: row.error.message })}\n`);
  }
} finally {
  const closed = await stage.value.close();
  if (!closed.ok) process.stderr.write(`${closed.error.message}\n`);
}
