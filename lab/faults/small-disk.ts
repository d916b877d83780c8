import { basename } from 'node:path';
import { fail, ok, type Result } from '../../src/core/result.ts';
import type { Host } from '../hosts/host.ts';

/** A folder of a host that gets a disk of its own. */
export interface SmallDisk {
  readonly folder: string;
  readonly mib: number;
  /** Stopped while the folder moves. */
  readonly unit?: string;
}

const ballast = '.lab-ballast';

const placeOf = ({ folder }: SmallDisk): string => `/run/lab-disk-${basename(folder)}`;

const inOrder = async (host: Host, commands: readonly (readonly string[])[]): Promise<Result<void>> => {
  for (const argv of commands) {
    const done = await host.execChecked(argv, { timeoutMs: 60_000 });
    if (!done.ok) return done;
  }
  return ok(undefined);
};

const whileStopped = async (
  host: Host,
  unit: string | undefined,
  commands: readonly (readonly string[])[],
): Promise<Result<void>> => {
  if (unit === undefined) return await inOrder(host, commands);
  // Of a unit that stands for its instances, as Debian's PostgreSQL does, these are waited for too.
  const instances = unit.replace('.service', '@*.service');
  const moved = await inOrder(host, [['systemctl', 'stop', unit, instances], ...commands]);
  // Also where something failed: the rest of the host shall go on.
  const started = await inOrder(host, [['systemctl', 'start', unit]]);
  return moved.ok ? started : moved;
};

/** Moves a folder of a running host to a disk of this size, with all that is in it. Fault: `program-failed`. */
export const giveSmallDisk = async (host: Host, disk: SmallDisk): Promise<Result<void>> => {
  const { folder, mib, unit } = disk;
  const place = placeOf(disk);
  return await whileStopped(host, unit, [
    ['mkdir', '-p', place],
    ['mount', '-t', 'tmpfs', '-o', `size=${mib}m`, 'lab-disk', place],
    ['cp', '-a', '--', `${folder}/.`, place],
    ['mount', '--bind', place, folder],
  ]);
};

/** Moves it back as it is now. After a boot of the host it is back already, as it was before. Fault: `program-failed`. */
export const takeSmallDisk = async (host: Host, disk: SmallDisk): Promise<Result<void>> => {
  const { folder, unit } = disk;
  const place = placeOf(disk);
  const mounted = await host.exec(['mountpoint', '-q', folder]);
  if (!mounted.ok || mounted.value.code !== 0) return mounted.ok ? ok(undefined) : mounted;
  return await whileStopped(host, unit, [
    ['rm', '-f', `${place}/${ballast}`],
    ['umount', folder],
    ['rsync', '-a', '--delete', `${place}/`, `${folder}/`],
    ['umount', place],
  ]);
};

/** Leaves no free block on the disk that a folder has to itself. Faults: `disk-not-small`, `program-failed`. */
export const fillFolder = async (host: Host, folder: string): Promise<Result<void>> => {
  const own = await host.exec(['mountpoint', '-q', folder]);
  if (!own.ok) return own;
  // The host's disk is the machine's.
  if (own.value.code !== 0)
    return fail('disk-not-small', `${folder} has no disk of its own`, 'give it one first (`small-disk`)');
  const shown = await host.execChecked(['df', '--output=avail', '-B1', folder]);
  if (!shown.ok) return shown;
  const bytes = shown.value.stdout.trim().split('\n').at(-1)?.trim() ?? '0';
  if (bytes === '0') return ok(undefined);
  return await inOrder(host, [['fallocate', '--length', bytes, `${folder}/${ballast}`]]);
};

export const emptyFolder = async (host: Host, folder: string): Promise<Result<void>> =>
  await inOrder(host, [['rm', '-f', `${folder}/${ballast}`]]);
