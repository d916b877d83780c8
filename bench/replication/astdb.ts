/** How late AstDB's changes are at the follower when there are many registrations: two real Asterisks, in a process of its own. */
import { fileURLToPath } from 'node:url';
import { runChecked } from '../../lab/process.ts';
import { percentile } from '../../lab/scenarios/statistics.ts';
import { ok, type Result } from '../../src/core/result.ts';
import type { RunLine } from '../results.ts';

export interface AstDbLine extends RunLine {
  readonly contacts: number;
  readonly samples: number;
  /** Until the follower had all of them for the first time. */
  readonly first_ms: number;
  readonly lag_p50_ms: number;
  readonly lag_p99_ms: number;
  readonly lag_max_ms: number;
}

interface Told {
  readonly contacts: number;
  readonly firstMs: number;
  readonly lagsMs: readonly number[];
}

const WORKER = fileURLToPath(new URL('astdb-worker.ts', import.meta.url));
const LIMIT_MS = 1_500_000;

/** Faults: what the worker said. Needs root, and the lab's tree, which is built when it is not there. */
export const measureAstDb = async (
  contacts: number,
  samples: number,
  signal: AbortSignal,
): Promise<Result<Omit<AstDbLine, keyof RunLine>>> => {
  // All that it starts ends with it, and it ends with us.
  const apart = ['setpriv', '--pdeathsig=KILL', 'unshare', '--net', '--pid', '--mount-proc', '--fork', '--kill-child'];
  const argv = [...apart, process.execPath, WORKER, String(contacts), String(samples)];
  const ran = await runChecked(argv, { timeoutMs: LIMIT_MS, signal });
  if (!ran.ok) return ran;
  const told = JSON.parse(ran.value.stdout) as Told;
  const at = (share: number): number => Math.round((percentile(told.lagsMs, share) ?? Number.NaN) * 10) / 10;
  return ok({
    contacts: told.contacts,
    samples: told.lagsMs.length,
    first_ms: Math.round(told.firstMs),
    lag_p50_ms: at(0.5),
    lag_p99_ms: at(0.99),
    lag_max_ms: at(1),
  });
};
