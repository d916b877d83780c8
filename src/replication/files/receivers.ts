/** Who writes into this node's directories at the moment, so that a takeover can end them at once. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Millis } from '../../core/words.ts';
import { writeWholeSync } from '../../files/whole.ts';
import { signalGroup } from '../../process/programs.ts';

interface Receiver {
  readonly pid: number;
  /** In ticks since the boot: with the pid it names one process and no later one. */
  readonly start: string;
  readonly group: number;
  readonly directory: string;
}

interface ProcessFacts {
  readonly state: string;
  readonly group: number;
  readonly start: string;
}

const factsOf = (pid: number | 'self'): ProcessFacts | null => {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  // The name of the program, in brackets, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', group: Number(fields[2]), start: fields[19] ?? '' };
};

const folderOf = (runDir: string): string => join(runDir, 'receivers');

const parse = (text: string): Receiver | null => {
  try {
    const read = JSON.parse(text) as Partial<Receiver>;
    const { pid, start, group, directory } = read;
    if (typeof pid !== 'number' || typeof group !== 'number') return null;
    if (typeof start !== 'string' || typeof directory !== 'string') return null;
    return { pid, start, group, directory };
  } catch {
    return null;
  }
};

const isAlive = (receiver: Receiver): boolean => {
  const facts = factsOf(receiver.pid);
  return facts !== null && facts.start === receiver.start && facts.group === receiver.group && facts.state !== 'Z';
};

const readAll = (runDir: string): readonly { readonly file: string; readonly receiver: Receiver | null }[] => {
  let names: readonly string[];
  try {
    names = readdirSync(folderOf(runDir));
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const file = join(folderOf(runDir), name);
    try {
      return [{ file, receiver: parse(readFileSync(file, 'utf8')) }];
    } catch {
      // It ended meanwhile.
      return [];
    }
  });
};

/** This process and all that it starts are from now on a receiver; returns what takes the entry out again. Throws on a full disk. */
export const registerReceiver = (runDir: string, directory: string): (() => void) => {
  const facts = factsOf('self');
  if (facts === null) throw new Error('no /proc');
  const receiver: Receiver = { pid: process.pid, start: facts.start, group: facts.group, directory };
  const file = join(folderOf(runDir), String(process.pid));
  writeWholeSync(file, JSON.stringify(receiver), { isDurable: false, folderMode: 0o700 });
  return () => rmSync(file, { force: true });
};

const signal = (receiver: Receiver, name: NodeJS.Signals): void => {
  // Never init, never the own group: whoever asks is not among those to be ended.
  if (receiver.group <= 1 || receiver.group === factsOf('self')?.group) return;
  signalGroup(receiver.group, name);
};

/** Where rsync gathers what is put in place at the end. */
const STAGING = '.~tmp~';

const removeStaging = async (directory: Buffer): Promise<void> => {
  const entries = await readdir(directory, { withFileTypes: true, encoding: 'buffer' }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const path = Buffer.concat([directory, Buffer.from('/'), entry.name]);
    if (entry.name.toString('latin1') === STAGING) await rm(path, { recursive: true, force: true });
    else await removeStaging(path);
  }
};

/**
 * Clears what a run left that did not end well, once: rsync protects it and would never do so itself. To be called before a run; the
 * function it returns after one that ended well. What happened before this boot is not known, so the first run of a boot clears too.
 */
export const clearLeftovers = async (runDir: string, directory: string): Promise<() => void> => {
  const folder = join(runDir, 'received');
  const mark = join(folder, createHash('sha256').update(directory).digest('hex'));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!existsSync(mark)) await removeStaging(Buffer.from(directory));
  rmSync(mark, { force: true });
  return () => writeFileSync(mark, directory);
};

/** Between asking and killing. */
const GRACE_MS: Millis = 150;
const LOOK_MS: Millis = 5;

/**
 * Ends all receivers (of one directory only, where it is given): asks, and kills after 150 ms. Their temporary files stay and are
 * cleared by the next run. Returns how many there were. First see that no new one is let in.
 */
export const endReceivers = async (runDir: string, directory?: string): Promise<number> => {
  const entries = readAll(runDir).filter(({ receiver }) => receiver?.pid !== process.pid);
  const wanted = entries.filter(({ receiver }) => directory === undefined || receiver?.directory === directory);
  const alive = wanted.flatMap(({ receiver }) => (receiver !== null && isAlive(receiver) ? [receiver] : []));
  for (const receiver of alive) signal(receiver, 'SIGTERM');
  for (let waitedMs = 0; waitedMs < GRACE_MS && alive.some(isAlive); waitedMs += LOOK_MS) await pause(LOOK_MS);
  // The group goes even if its leader went: rsync has two processes.
  for (const receiver of alive) signal(receiver, 'SIGKILL');
  for (const { file } of wanted) rmSync(file, { force: true });
  return alive.length;
};
