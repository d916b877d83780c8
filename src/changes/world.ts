/** Looks at what can be changed, changes it, and puts it back. */
import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { codeOf, fail, ok, type Result } from '../core/result.ts';
import { replaceFile, sweepBeside } from '../files/replace.ts';
import type { Run } from '../process/run.ts';
import type { Change, Found } from './change.ts';

export interface World {
  /** What is there now. Faults: `change-unreadable`, those of programs. */
  look(change: Change): Promise<Result<Found>>;
  /** Makes the change. Faults: `change-not-made`, `file-not-written`, those of programs. */
  make(change: Change): Promise<Result<void>>;
  /** Puts `found` in its place. The same faults. */
  restore(change: Change, found: Found): Promise<Result<void>>;
}

const PROGRAM_MS = 60_000;

const notMade = (what: string, why: string) =>
  fail(
    'change-not-made',
    `${what} could not be changed: ${why}.`,
    'See what the message says; run as root, and try again.',
  );

const unreadable = (what: string, error: unknown) =>
  fail('change-unreadable', `${what} cannot be read (${codeOf(error)}).`, 'See to its owner and mode, or run as root.');

const lookFile = (path: string): Result<Found> => {
  try {
    const stat = lstatSync(path);
    if (stat.isDirectory()) return notMade(path, 'it is a directory');
    return ok({
      kind: 'file',
      text: readFileSync(path, 'utf8'),
      mode: stat.mode & 0o7777,
      uid: stat.uid,
      gid: stat.gid,
    });
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? ok(null) : unreadable(path, error);
  }
};

const lookDirectory = (path: string): Result<Found> => {
  try {
    return lstatSync(path).isDirectory() ? ok({ kind: 'directory' }) : notMade(path, 'it is no directory');
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? ok(null) : unreadable(path, error);
  }
};

const sysctlPath = (key: string): string => `/proc/sys/${key.replaceAll('.', '/')}`;

const lookSysctl = (key: string): Result<Found> => {
  try {
    return ok({ kind: 'sysctl', value: readFileSync(sysctlPath(key), 'utf8').trim() });
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? ok(null) : unreadable(key, error);
  }
};

const setSysctl = (key: string, value: string): Result<void> => {
  try {
    writeFileSync(sysctlPath(key), value);
    return ok(undefined);
  } catch (error) {
    return notMade(key, codeOf(error));
  }
};

const makeDirectory = (path: string, mode: number): Result<void> => {
  try {
    mkdirSync(path, { mode });
    chmodSync(path, mode);
    return ok(undefined);
  } catch (error) {
    return codeOf(error) === 'EEXIST' ? ok(undefined) : notMade(path, codeOf(error));
  }
};

/** Only when empty: what others put there is theirs. */
const removeDirectory = (path: string): Result<void> => {
  try {
    rmdirSync(path);
    return ok(undefined);
  } catch (error) {
    const code = codeOf(error);
    return code === 'ENOENT' || code === 'ENOTEMPTY' ? ok(undefined) : notMade(path, code);
  }
};

const putFile = (path: string, found: Found): Result<void> => {
  sweepBeside(path);
  if (found?.kind !== 'file') {
    rmSync(path, { force: true });
    return ok(undefined);
  }
  const written = writeText(path, found.text, found.mode);
  if (!written.ok) return written;
  try {
    chmodSync(path, found.mode);
    chownSync(path, found.uid, found.gid);
    return ok(undefined);
  } catch (error) {
    return notMade(path, codeOf(error));
  }
};

/** At once and durably; the text is UTF-8. */
const writeText = (path: string, text: string, mode: number): Result<void> =>
  replaceFile(path, Buffer.from(text, 'utf8').toString('latin1'), mode);

/** A new file belongs to whom another belongs; nobody else reads it meanwhile. */
const writeLike = (path: string, text: string, mode: number, like: string | null): Result<void> => {
  const isNew = lstatSync(path, { throwIfNoEntry: false }) === undefined;
  const written = writeText(path, text, mode);
  if (!written.ok || !isNew || like === null) return written;
  try {
    const { uid, gid } = lstatSync(like);
    chownSync(path, uid, gid);
    return written;
  } catch (error) {
    return notMade(path, codeOf(error));
  }
};

type Tell = (argv: readonly string[] | null) => Promise<Result<void>>;

const createTell =
  (run: Run): Tell =>
  async (argv) => {
    if (argv === null) return ok(undefined);
    const ended = await run(argv, { timeoutMs: PROGRAM_MS });
    if (!ended.ok) return ended;
    if (ended.value.exitCode === 0) return ok(undefined);
    return notMade(argv.join(' '), ended.value.stderr.trim().split('\n').at(-1)?.slice(0, 200) || 'it failed');
  };

const createUnits = (run: Run, tell: Tell) => {
  const says = async (what: 'is-enabled' | 'is-active', unit: string): Promise<Result<boolean>> => {
    const ended = await run(['systemctl', what, '--quiet', unit], { timeoutMs: PROGRAM_MS });
    return ended.ok ? ok(ended.value.exitCode === 0) : ended;
  };
  return {
    look: async (unit: string): Promise<Result<Found>> => {
      const enabled = await says('is-enabled', unit);
      if (!enabled.ok) return enabled;
      const active = await says('is-active', unit);
      return active.ok ? ok({ kind: 'unit', enabled: enabled.value, active: active.value }) : active;
    },
    begin: async (unit: string, start: 'start' | 'restart' | 'leave'): Promise<Result<void>> => {
      const enabled = await tell(['systemctl', 'enable', unit]);
      return enabled.ok && start !== 'leave' ? tell(['systemctl', start, unit]) : enabled;
    },
    set: async (unit: string, { enabled, active }: { readonly enabled: boolean; readonly active: boolean }) => {
      const set = await tell(['systemctl', enabled ? 'enable' : 'disable', unit]);
      return set.ok ? tell(['systemctl', active ? 'start' : 'stop', unit]) : set;
    },
  };
};

/** This machine. */
export const createWorld = (run: Run): World => {
  const tell = createTell(run);
  const units = createUnits(run, tell);
  const look: World['look'] = async (change) => {
    switch (change.kind) {
      case 'file':
        return lookFile(change.path);
      case 'directory':
        return lookDirectory(change.path);
      case 'sysctl':
        return lookSysctl(change.key);
      case 'unit':
        return units.look(change.unit);
      case 'remainder':
        return ok(null);
    }
  };
  const make: World['make'] = async (change) => {
    switch (change.kind) {
      case 'file': {
        const written = writeLike(change.path, change.text, change.mode, change.like);
        return written.ok ? tell(change.after) : written;
      }
      case 'directory':
        return makeDirectory(change.path, change.mode);
      case 'sysctl':
        return setSysctl(change.key, change.value);
      case 'unit':
        return units.begin(change.unit, change.start);
      case 'remainder':
        return ok(undefined);
    }
  };
  const restore: World['restore'] = async (change, found) => {
    switch (change.kind) {
      case 'file': {
        const put = putFile(change.path, found);
        // Who should be told may be gone; the file is as it was all the same.
        if (put.ok) await tell(change.after);
        return put;
      }
      case 'directory':
        return found === null ? removeDirectory(change.path) : ok(undefined);
      case 'sysctl':
        return found?.kind === 'sysctl' ? setSysctl(change.key, found.value) : ok(undefined);
      case 'unit':
        return found?.kind === 'unit' ? units.set(change.unit, found) : ok(undefined);
      case 'remainder':
        // It may be gone already.
        await run(change.remove, { timeoutMs: PROGRAM_MS });
        return ok(undefined);
    }
  };
  return { look, make, restore };
};
