import { ok, type Result } from '../../src/core/result.ts';
import type { Host } from '../hosts/host.ts';
import { runChecked } from '../process.ts';

const spinner = 'lab-spinner';
/** As a thread of Asterisk with `-p`, which systems ship, in real time, and never done; it ends by itself where nobody mends it. */
const properties = ['CPUAffinity=0', 'CPUSchedulingPolicy=rr', 'CPUSchedulingPriority=10', 'RuntimeMaxSec=20'];

const confine = async (host: Host, unit: string, mask: string): Promise<Result<unknown>> => {
  const pid = await host.pidOf(unit);
  return pid.ok ? await runChecked(['taskset', '--all-tasks', '--pid', mask, String(pid.value)]) : pid;
};

/** One core is all that this unit's main process has, and a thread in real time takes it. */
export const takeCore = async (host: Host, unit: string): Promise<Result<unknown>> => {
  const confined = await confine(host, unit, '1');
  if (!confined.ok) return confined;
  const spin = ['/bin/sh', '-c', 'while :; do :; done'];
  const how = properties.map((each) => `--property=${each}`);
  return await host.execChecked(['systemd-run', '--collect', `--unit=${spinner}`, ...how, ...spin]);
};

/** Of a unit that has ended meanwhile nothing is left to give back. */
export const giveCoreBack = async (host: Host, unit: string): Promise<Result<void>> => {
  await host.exec(['systemctl', 'stop', spinner]);
  await confine(host, unit, 'ffffffff');
  return ok(undefined);
};
