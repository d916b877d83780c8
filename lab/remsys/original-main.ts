/**
 * The original's algorithm, re-created to be measured beside ours, and no more than that: it decides, and does nothing. By its document: run
 * each minute on the standby (here each `everyMs`, from a moment of its own); all checkpoints that fail add one to the counter, all that are
 * well reset it, anything else leaves it; at five it would start the PBX and change the name. As with `check_nrpe`, a checkpoint that does not
 * answer counts as one that fails. Its plan is on standard input; it tells `counter N` and `decides` with the moment, a line each.
 */
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { askNrpe } from '../../src/nrpe/client.ts';
import { monotonicMs } from '../phones/clock.ts';

export interface OriginalPlan {
  readonly checkpoints: readonly string[];
  readonly everyMs: number;
  /** Until its first run. */
  readonly firstMs: number;
  readonly timeoutMs: number;
}

process.stdout.on('error', () => process.exit(0));

const { checkpoints, everyMs, firstMs, timeoutMs } = (await json(process.stdin)) as OriginalPlan;
const { signal } = new AbortController();
const needed = 5;

const isReached = async (address: string): Promise<boolean> => {
  const target = { address, port: 5666, tls: { kind: 'anonymous' } } as const;
  const answer = await askNrpe(target, 4, 'check_main', { timeoutMs, signal });
  return answer.ok && answer.value.code === 0;
};

let counter = 0;
await sleep(firstMs);
for (let dueMs = monotonicMs(); ; ) {
  const words = await Promise.all(checkpoints.map(isReached));
  if (words.every((well) => !well)) counter += 1;
  else if (words.every(Boolean)) counter = 0;
  process.stdout.write(`${counter === needed ? 'decides' : `counter ${counter}`} ${Math.round(monotonicMs())}\n`);
  if (counter === needed) break;
  dueMs += everyMs;
  await sleep(Math.max(0, dueMs - monotonicMs()));
}
