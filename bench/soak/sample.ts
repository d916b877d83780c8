/** What the programs of a host hold at a moment. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { labCgroup, processesIn } from '../../lab/hosts/cgroup.ts';
import type { Host } from '../../lab/hosts/host.ts';
import { ok, type Result } from '../../src/core/result.ts';
import { programOf } from '../agent/usage.ts';
import { strangersAmong } from './state-files.ts';

/** One program of a unit; of several of a name all together, and the life is that of the oldest. */
export interface Held {
  readonly life: number;
  readonly rssMib: number;
  readonly descriptors: number;
  readonly threads: number;
}

/** What is there of a host besides its programs; bytes and numbers. */
export interface HostCounts {
  readonly processes: number;
  readonly mounts: number;
  readonly nftables: number;
  readonly stateFiles: number;
  readonly stateBytes: number;
  readonly runFiles: number;
  readonly journalBytes: number;
  /** Files of the state directory that nobody has thought of. */
  readonly strangers: readonly string[];
}

const wordOf = (cmdline: string): string => {
  const words = cmdline.split('\0');
  const program = words.findIndex((word) => /(^|\/)dualtone(\.m?[jt]s)?$/.test(word));
  const verb = program === -1 ? undefined : words.slice(program + 1).find((word) => /^[a-z][a-z-]*$/.test(word));
  return verb ?? programOf(cmdline).replaceAll(' ', '-');
};

const numberOf = (status: string, key: string): number =>
  Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);

/** Undefined where the process is gone. */
export const heldBy = async (pid: number): Promise<{ readonly name: string; readonly held: Held } | undefined> => {
  try {
    const [status, cmdline, descriptors] = await Promise.all([
      readFile(`/proc/${pid}/status`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
      readdir(`/proc/${pid}/fd`),
    ]);
    if (cmdline === '') return undefined;
    return {
      name: wordOf(cmdline),
      held: {
        life: pid,
        rssMib: numberOf(status, 'VmRSS') / 1024,
        descriptors: descriptors.length,
        threads: numberOf(status, 'Threads'),
      },
    };
  } catch {
    return undefined;
  }
};

/** Every program of a unit, by name. */
export const programsOf = async (pids: readonly number[]): Promise<ReadonlyMap<string, Held>> => {
  const byName = new Map<string, Held>();
  const found = await Promise.all(pids.toSorted((a, b) => a - b).map(heldBy));
  for (const each of found) {
    if (each === undefined) continue;
    const before = byName.get(each.name);
    const { held } = each;
    byName.set(
      each.name,
      before === undefined
        ? held
        : {
            life: before.life,
            rssMib: before.rssMib + held.rssMib,
            descriptors: before.descriptors + held.descriptors,
            threads: before.threads + held.threads,
          },
    );
  }
  return byName;
};

export const pidsOf = async (host: Host, runId: string, unit: string): Promise<readonly number[]> => {
  const cgroup = await labCgroup();
  return cgroup.ok ? await processesIn(join(cgroup.value, runId, host.name, 'system', 'system.slice', unit)) : [];
};

/** Elements of all sets, and all else that the rules consist of. Pure. */
export const nftablesIn = (json: string): number => {
  try {
    const { nftables } = JSON.parse(json) as { readonly nftables: readonly Readonly<Record<string, unknown>>[] };
    const elements = nftables.map((each) => (each['set'] as { readonly elem?: readonly unknown[] } | undefined)?.elem);
    return nftables.length + elements.reduce((sum, elem) => sum + (elem?.length ?? 0), 0);
  } catch {
    return 0;
  }
};

interface Files {
  readonly paths: readonly string[];
  readonly files: number;
  readonly bytes: number;
  readonly journalBytes: number;
}

/** Lines of `find -printf '%s %P\n'`. Pure. */
export const filesIn = (listing: string): Files => {
  const paths: string[] = [];
  let [files, bytes, journalBytes] = [0, 0, 0];
  for (const line of listing.split('\n')) {
    const [, size, path] = /^(\d+) (.+)$/.exec(line) ?? [];
    if (size === undefined || path === undefined) continue;
    paths.push(path);
    if (path.startsWith('journal/')) journalBytes += Number(size);
    else {
      files += 1;
      bytes += Number(size);
    }
  }
  return { paths, files, bytes, journalBytes };
};

const findFiles = ['-xdev', '-type', 'f', '-printf', String.raw`%s %P\n`] as const;

/** Faults: those of the programs that are asked. */
export const hostCounts = async (host: Host, pids: readonly number[]): Promise<Result<HostCounts>> => {
  const said: string[] = [];
  for (const argv of [
    ['cat', '/proc/1/mounts'],
    ['nft', '-j', 'list', 'ruleset'],
    ['find', '/var/lib/dualtone', ...findFiles],
    ['find', '/run/dualtone', ...findFiles],
  ]) {
    const done = await host.exec(argv, { maxOutputBytes: 4 * 1024 * 1024 });
    if (!done.ok) return done;
    said.push(done.value.stdout);
  }
  const [mounts = '', ruleset = '', state = '', run = ''] = said;
  const kept = filesIn(state);
  return ok({
    processes: pids.length,
    mounts: mounts.split('\n').filter(Boolean).length,
    nftables: nftablesIn(ruleset),
    stateFiles: kept.files,
    stateBytes: kept.bytes,
    runFiles: filesIn(run).files,
    journalBytes: kept.journalBytes,
    strangers: strangersAmong(kept.paths),
  });
};
