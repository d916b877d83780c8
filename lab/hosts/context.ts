import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Address } from '../network/addressing.ts';
import type { Network } from '../network/network.ts';

/** What a host shall be. */
export interface HostPlan {
  readonly name: string;
  /** `system`: a root and a systemd of its own. `plain`: a network of its own, and this machine's programs and files. */
  readonly kind: 'system' | 'plain';
  /** Last octet of its addresses. */
  readonly octet: number;
  /** A small disk of its own for /var/lib/dualtone, which can be filled; without it, that folder is on the host's disk. */
  readonly stateDiskMib?: number;
}

/** All that a host's parts need to know about it. */
export interface HostContext {
  readonly plan: HostPlan;
  readonly netns: string;
  readonly address: Address;
  /** Holds `upper`, `work`, `root`, `share`, `state`, `console.log`. */
  readonly folder: string;
  /** Holds the groups `system` (what the host runs) and `exec` (what the lab runs in it). */
  readonly cgroup: string;
  readonly treeRoot: string;
  /** Mounted read-only at /opt/dualtone. */
  readonly repository: string | undefined;
  readonly network: Network;
}

/** The agent's folder inside a host. */
export const stateFolder = '/var/lib/dualtone';

export const upperOf = (context: HostContext): string => join(context.folder, 'upper');
export const shareOf = (context: HostContext): string => join(context.folder, 'share');
export const stateOf = (context: HostContext): string => join(context.folder, 'state');
export const systemGroupOf = (context: HostContext): string => join(context.cgroup, 'system');
export const execGroupOf = (context: HostContext): string => join(context.cgroup, 'exec');

/** Written when a host is on: which process is its PID 1. A file, so that any process of the lab's owner can enter it. */
export interface PowerRecord {
  /** As the machine numbers it; 0 for a plain host. */
  readonly pid: number;
  /** Start time of that process in clock ticks, so that a reused number is not mistaken for it. */
  readonly startTicks: string;
}

export const powerFileOf = (context: HostContext): string => join(context.folder, 'power.json');

/** When a process started, in clock ticks since boot, or undefined when there is none. */
export const startTicksOf = async (pid: number): Promise<string | undefined> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The program's name may hold spaces and brackets; what follows its last bracket is numbers.
  return stat
    ?.slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .at(19);
};

/** The power record of a host that is on, or undefined. */
export const powerOf = async (context: HostContext): Promise<PowerRecord | undefined> => {
  const text = await readFile(powerFileOf(context), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const record = JSON.parse(text) as PowerRecord;
  if (record.pid === 0) return record;
  return (await startTicksOf(record.pid)) === record.startTicks ? record : undefined;
};
