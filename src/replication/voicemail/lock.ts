/**
 * Asterisk's own locks of a voicemail folder, so that it waits for us and we for it. `lockmode=lockfile` (its default): whoever
 * links a file to `.lock` has the folder. `lockmode=flock`: whoever holds an flock of the file `lock` and finds it still there.
 * Asterisk waits 5 s and then gives up; a caller's message is then thrown away. So a lock is held for milliseconds only.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  type Stats,
  unlinkSync,
} from 'node:fs';
import { uptime } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, fail, ok, type Result } from '../../core/result.ts';
import type { Millis, WallTime } from '../../core/words.ts';
import { type Directory, errnoOf } from './directory.ts';

export type LockMode = 'lockfile' | 'flock';

export interface HeldLock {
  /** Once; never throws. */
  release(): void;
}

/** Waits for the folder's lock. Faults: `voicemail-locked`, `voicemail-lock-failed`, `voicemail-aborted`. */
export type LockFolder = (folder: Directory, signal?: AbortSignal) => Promise<Result<HeldLock>>;

export interface LockOptions {
  readonly mode: LockMode;
  /** Asterisk itself waits 5 s. */
  readonly timeoutMs?: Millis;
  /**
   * A `.lock` older than this, or older than the machine's boot, belongs to nobody. Asterisk never holds one for longer than
   * seconds and never removes another's: a leftover of a power loss would close the folder for ever.
   */
  readonly staleMs?: Millis;
  /** For tests; the machine's wall clock as a rule. */
  readonly wall?: () => WallTime;
  /** Told when a leftover was removed. */
  readonly onStale?: (text: string) => void;
}

const defaults = { timeoutMs: 5_000, staleMs: 300_000 };
const pauseMs: Millis = 2;
/** The kernel's file times and its clock differ by less. */
const CLOCK_GRAIN_MS: Millis = 1000;
const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;

const locked = (folder: Directory, timeoutMs: Millis): { readonly ok: false; readonly error: Fault } =>
  fail(
    'voicemail-locked',
    `The voicemail folder ${folder.path} stayed locked for ${Math.round(timeoutMs / 1000)} s.`,
    'Nothing was changed in it; it is tried again. See whether Asterisk hangs.',
  );

const failed = (folder: Directory, why: string): { readonly ok: false; readonly error: Fault } =>
  fail(
    'voicemail-lock-failed',
    `The voicemail folder ${folder.path} cannot be locked (${why}).`,
    'Check its disk and permissions, and `streams.voicemail.locks` against `lockmode` in asterisk.conf.',
  );

const aborted = (): { readonly ok: false; readonly error: Fault } =>
  fail('voicemail-aborted', 'The work on voicemail was called off.', 'Run it again.');

/** The lock of this machine's Asterisk, by its `lockmode`. */
export const createLock = (options: LockOptions): LockFolder => {
  const future: Future = new Map();
  return (folder, signal) =>
    options.mode === 'flock' ? lockByFlock(folder, options, signal) : lockByFile(folder, options, future, signal);
};

/** Locks that are newer than the wall clock, by folder, and since when they are seen: the clock was set back, and tells nothing of their age. */
type Future = Map<string, { readonly mark: string; readonly sinceMs: Millis }>;
const MOST_FUTURE = 1000;

const lockByFile = async (
  folder: Directory,
  options: LockOptions,
  future: Future,
  signal: AbortSignal | undefined,
): Promise<Result<HeldLock>> => {
  const timeoutMs = options.timeoutMs ?? defaults.timeoutMs;
  const own = `.lock-${randomBytes(4).toString('hex')}`;
  const until = performance.now() + timeoutMs;
  let fd: number;
  try {
    fd = openSync(folder.at(own), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
  } catch (error) {
    return failed(folder, errnoOf(error));
  }
  let held = false;
  try {
    for (;;) {
      if (signal?.aborted === true) return aborted();
      held = tryLink(folder, own);
      if (held) return ok(heldFile(folder, fd));
      if (breakStale(folder, options, future)) continue;
      if (performance.now() >= until) return locked(folder, timeoutMs);
      await sleep(pauseMs);
    }
  } catch (error) {
    if (errnoOf(error) === '') throw error;
    return failed(folder, errnoOf(error));
  } finally {
    forget(folder, own);
    if (!held) closeSync(fd);
  }
};

const tryLink = (folder: Directory, own: string): boolean => {
  try {
    linkSync(folder.at(own), folder.at('.lock'));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
};

/** The descriptor stays open, so that no other file gets the same inode. */
const heldFile = (folder: Directory, fd: number): HeldLock => {
  let held = true;
  return {
    release: () => {
      if (!held) return;
      held = false;
      // Only our own: who came back from a long pause may find another's.
      const standing = lstatSync(folder.at('.lock'), { throwIfNoEntry: false })?.ino;
      if (standing === fstatSync(fd).ino) forget(folder, '.lock');
      closeSync(fd);
    },
  };
};

const forget = (folder: Directory, name: string): void => {
  try {
    unlinkSync(folder.at(name));
  } catch {
    // Gone already.
  }
};

const bootedAt = (wall: WallTime): WallTime => wall - uptime() * 1_000;

/** By the wall clock; of one from the future, how long it has been seen. */
const ageOf = (
  { path }: Directory,
  { ino, ctimeMs }: Pick<Stats, 'ino' | 'ctimeMs'>,
  future: Future,
  wall: WallTime,
): Millis => {
  const ageMs = wall - ctimeMs;
  if (ageMs >= -CLOCK_GRAIN_MS) {
    future.delete(path);
    return ageMs;
  }
  const mark = `${ino} ${ctimeMs}`;
  const known = future.get(path);
  if (known?.mark === mark) return performance.now() - known.sinceMs;
  if (future.size >= MOST_FUTURE) future.clear();
  future.set(path, { mark, sinceMs: performance.now() });
  return 0;
};

/** Removes a lock that nobody can hold any more; true when it did. */
const breakStale = (folder: Directory, options: LockOptions, future: Future): boolean => {
  const found = lstatSync(folder.at('.lock'), { throwIfNoEntry: false });
  if (found === undefined) return false;
  const wall = (options.wall ?? Date.now)();
  const ageMs = ageOf(folder, found, future, wall);
  if (ageMs < (options.staleMs ?? defaults.staleMs) && found.ctimeMs >= bootedAt(wall)) return false;
  const aside = `.lock-stale-${randomBytes(4).toString('hex')}`;
  renameSync(folder.at('.lock'), folder.at(aside));
  const moved = lstatSync(folder.at(aside));
  // Asterisk took its own lock between the two looks: give it back.
  const ours = moved.ino === found.ino;
  if (!ours) tryLink(folder, aside);
  forget(folder, aside);
  if (ours) options.onStale?.(`a lock left behind ${Math.round(ageMs / 1000)} s ago was removed from ${folder.path}`);
  return ours;
};

/** Locks the open file description that this process keeps: the program `flock` may end, the lock stays until we close it. */
const lockByFlock = async (
  folder: Directory,
  options: LockOptions,
  signal: AbortSignal | undefined,
): Promise<Result<HeldLock>> => {
  const timeoutMs = options.timeoutMs ?? defaults.timeoutMs;
  const until = performance.now() + timeoutMs;
  for (;;) {
    if (signal?.aborted === true) return aborted();
    const leftMs = until - performance.now();
    if (leftMs <= 0) return locked(folder, timeoutMs);
    const opened = openLock(folder);
    if (!opened.ok) return opened;
    const fd = opened.value;
    const fault = await flock(folder, fd, leftMs, signal);
    // Who held it before us removed the file when it let go: ours is then another than the one that stands there.
    if (fault === null && lstatSync(folder.at('lock'), { throwIfNoEntry: false })?.ino === fstatSync(fd).ino)
      return ok(heldFlock(folder, fd));
    closeSync(fd);
    if (fault !== null) return { ok: false, error: fault };
  }
};

const openLock = (folder: Directory): Result<number> => {
  try {
    const fd = openSync(folder.at('lock'), O_WRONLY | O_CREAT | O_NOFOLLOW, 0o600);
    const { uid, gid } = folder.stat();
    const stats = fstatSync(fd);
    // Asterisk must be able to open it too.
    if (stats.uid !== uid && process.getuid?.() === 0) fchownSync(fd, uid, gid);
    return ok(fd);
  } catch (error) {
    return failed(folder, errnoOf(error));
  }
};

const heldFlock = (folder: Directory, fd: number): HeldLock => {
  let held = true;
  return {
    release: () => {
      if (!held) return;
      held = false;
      forget(folder, 'lock');
      closeSync(fd);
    },
  };
};

const flock = async (
  folder: Directory,
  fd: number,
  timeoutMs: Millis,
  signal: AbortSignal | undefined,
): Promise<Fault | null> => {
  const seconds = (Math.max(1, timeoutMs) / 1_000).toFixed(3);
  const child = spawn('flock', ['--exclusive', '--timeout', seconds, '3'], {
    stdio: ['ignore', 'ignore', 'ignore', fd],
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    ...(signal === undefined ? {} : { signal }),
    killSignal: 'SIGKILL',
    timeout: Math.ceil(timeoutMs) + 1_000,
  });
  try {
    const [exitCode] = await once(child, 'exit');
    if (exitCode === 0) return null;
    return exitCode === 1 ? locked(folder, timeoutMs).error : failed(folder, `flock ended with ${exitCode}`).error;
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ABORT_ERR') return aborted().error;
    return failed(folder, code === 'ENOENT' ? 'the program flock is not installed' : code).error;
  }
};
