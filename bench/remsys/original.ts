/** The original's algorithm on the standby, beside the pair and in the same run. */
import { createInterface } from 'node:readline';
import type { OriginalPlan } from '../../lab/remsys/original-main.ts';
import { lookEveryMs } from '../../lab/remsys/setup.ts';
import type { Stage } from '../../lab/scenarios/stage.ts';
import { ok, type Result } from '../../src/core/result.ts';

export interface Original {
  /** When it decided, in ms of `monotonicMs`; null: it has not. */
  readonly decidedMs: () => number | null;
  readonly stop: () => void;
}

/** Begins at a random moment of its minute, which is a look of the pair here. */
export const beginOriginal = async ({ lab }: Stage): Promise<Result<Original>> => {
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
