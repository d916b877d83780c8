/** What the parts of an agent cost: each is left out in turn. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail, ok, type Result } from '../../src/core/result.ts';
import { rivalOf } from '../../src/core/words.ts';
import { ownProcessorMs, startLoadMeter } from '../machine.ts';
import type { ResultsFile, RunLine } from '../results.ts';
import { type BenchOptions, nextRun } from '../series.ts';
import { type Doing, type SmallPair, startSmallPair } from './small-pair.ts';
import { processorMsOf } from './usage.ts';

/** One pair that lacks something, or nothing; `what` says what it has. */
export interface PartLine extends RunLine {
  /** Percent of one processor: the agents themselves, without what they start. */
  readonly serving_percent: number;
  readonly passive_percent: number;
  /** A Node.js program beside them that sends and hears as many datagrams as an agent, and does nothing else. */
  readonly bare_percent: number;
  readonly observed_s: number;
}

const all: Doing = { gate: true, manager: true, sip: true, ping: true };

export const partVariants: readonly { readonly what: string; readonly doing: Doing }[] = [
  { what: 'everything', doing: all },
  { what: 'without the gate', doing: { ...all, gate: false } },
  { what: 'without manager and AstDB', doing: { ...all, manager: false } },
  { what: 'without SIP probe', doing: { ...all, sip: false } },
  { what: 'without ping', doing: { ...all, ping: false } },
  { what: 'heartbeats alone', doing: { gate: false, manager: false, sip: false, ping: false } },
];

/** Compiled code comes to rest within a minute; differences are the same before. */
const settleMs = 25_000;
const observeMs = 40_000;

type Used = Readonly<Record<keyof SmallPair['pids'], number>>;

/** Fault: `agent-ended`. */
const usedMs = async ({ pids }: SmallPair): Promise<Result<Used>> => {
  const msOf = async (pid: number): Promise<number> => processorMsOf(await readFile(`/proc/${pid}/stat`, 'utf8'));
  try {
    return ok({ main: await msOf(pids.main), standby: await msOf(pids.standby), bare: await msOf(pids.bare) });
  } catch {
    return fail(
      'agent-ended',
      'an agent has ended',
      'run it by hand with the configuration that bench/agent/small-pair.ts makes',
    );
  }
};

const stopped = (): Result<never> => fail('bench-stopped', 'the series was stopped', 'run it again, and it goes on');

const observe = async (pair: SmallPair, signal: AbortSignal): Promise<Result<Omit<PartLine, 'what' | 'run'>>> => {
  const pause = async (ms: number): Promise<boolean> => await sleep(ms, true, { signal }).catch(() => false);
  if (!(await pause(settleMs))) return stopped();
  const others = await startLoadMeter(async () => ownProcessorMs());
  const [holder, from, beganMs] = [await pair.holder(), await usedMs(pair), performance.now()];
  if (!(await pause(observeMs))) return stopped();
  const [to, tookMs] = [await usedMs(pair), performance.now() - beganMs];
  if (!from.ok) return from;
  if (!to.ok) return to;
  if (holder === null || holder !== (await pair.holder()))
    return fail('holder-changed', 'the lease changed hands meanwhile', 'run it again on a machine that has less to do');
  const percent = (who: keyof Used): number => Math.round((10_000 * (to.value[who] - from.value[who])) / tookMs) / 100;
  return ok({
    serving_percent: percent(holder),
    passive_percent: percent(rivalOf(holder)),
    bare_percent: percent('bare'),
    observed_s: Math.round(tookMs / 1000),
    others_percent: await others(),
  });
};

const observeWith = async (doing: Doing, signal: AbortSignal): ReturnType<typeof observe> => {
  const pair = await startSmallPair(doing);
  if (!pair.ok) return pair;
  try {
    return await observe(pair.value, signal);
  } finally {
    await pair.value.stop();
  }
};

/** Faults: those of the pair, `agent-ended`, `bench-stopped`. */
export const benchParts = async (results: ResultsFile<PartLine>, options: BenchOptions): Promise<Result<void>> => {
  for (let round = 1; round <= options.runs; round += 1) {
    for (const { what, doing } of partVariants) {
      const run = nextRun(results, what, round);
      if (run === undefined) continue;
      const seen = await observeWith(doing, options.signal);
      if (!seen.ok && seen.error.code === 'holder-changed') {
        options.log(`${what}: ${seen.error.message}; the next round tries again`);
        continue;
      }
      if (!seen.ok) return seen;
      const line: PartLine = { what, run, ...seen.value };
      await results.add(line);
      options.onLine(line);
    }
  }
  return ok(undefined);
};
