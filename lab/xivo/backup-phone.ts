import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail, ok, type Result } from '../../src/core/result.ts';
import { backupAccount, type PbxPlan } from '../asterisk/plan.ts';
import type { Lab } from '../lab.ts';
import { monotonicMs } from '../phones/clock.ts';
import { roles } from '../topology.ts';
import type { LinePlan } from './two-registrars.ts';

/** A telephone that registers at the nodes' own addresses. */
export interface BackupPhone {
  /** Waits until it registers there, and gives how long after its last registration; `mostMs`: at most. Fault: `not-as-expected`. */
  readonly expect: (where: string, withinMs: number, mostMs: number) => Promise<Result<number>>;
  readonly stop: () => void;
}

/** Real ones refresh after half of what they were granted (60 s and more); so short that a run sees several. */
export const refreshMs = 10_000;
export const givenUpMs = 4000;

const readLast = (line: string): { readonly where: string; readonly afterMs: number } => {
  const [where = '', , after = ''] = line.split(' ');
  return { where, afterMs: Number(after) };
};

/** Starts it in the network of the telephones. Faults: those of the host. */
export const startBackupPhone = async (lab: Lab, pbx: PbxPlan): Promise<Result<BackupPhone>> => {
  const host = lab.host('phones');
  const program = join(import.meta.dirname, 'backup-phone-main.ts');
  const child = await host.spawn([process.execPath, program], { stdio: ['pipe', 'pipe', 'inherit'] });
  if (!child.ok) return child;
  const { stdin, stdout } = child.value;
  if (stdin === null || stdout === null) throw new Error('the telephone has no pipes');
  let last = 'nowhere after 0';
  createInterface({ input: stdout }).on('line', (line) => {
    last = line;
  });
  const plan: LinePlan = {
    localAddress: host.address.v4,
    registrars: roles.map((name) => ({ name, address: lab.host(name).address.v4 })),
    account: backupAccount(pbx),
    expiresS: 60,
    refreshMs,
    givenUpMs,
  };
  stdin.end(JSON.stringify(plan));
  return ok({
    expect: async (wanted, withinMs, mostMs) => {
      const deadlineMs = monotonicMs() + withinMs;
      for (;;) {
        const { where, afterMs } = readLast(last);
        if (where === wanted && afterMs <= mostMs) return ok(afterMs);
        if (where === wanted || monotonicMs() > deadlineMs) {
          const told = `it was to register at the ${wanted} within ${mostMs} ms, and says: ${last}`;
          return fail(
            'not-as-expected',
            `the telephone with a backup registrar: ${told}`,
            'see the gates of both nodes',
          );
        }
        await sleep(25);
      }
    },
    stop: () => void child.value.kill('SIGKILL'),
  });
};
