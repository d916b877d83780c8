/** One run of rsync against the other node: bounded, ended with us, its outcome as a value. */
import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { type Fault, fail, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import { childEnv, signalGroup, spawnFault } from '../../process/programs.ts';
import { sshFault } from '../../ssh/faults.ts';
import { checkTarget } from '../../ssh/target.ts';
import type { StreamProgress } from '../stream.ts';
import { isPlainPath } from './forced-command.ts';
import { createRsyncReader, namesInput, type RsyncCall, type RsyncCounts, rsyncArgv } from './rsync.ts';

export interface TransferLimits {
  readonly timeLimitMs: Millis;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: StreamProgress) => void;
  /** Told of each file that is written or deleted, by its name below the directory as rsync shows it. */
  readonly onChanged?: (name: string) => void;
}

export interface Transfer extends RsyncCounts {
  readonly tookMs: Millis;
}

type Failure = { readonly ok: false; readonly error: Fault };

const notPlain = (path: string): Failure =>
  fail(
    'files-directory-unusable',
    `The directory ${path} cannot be replicated: its path must be absolute and of plain letters.`,
    'Correct streams.files.directories.',
  );

const timeLimit = (limitMs: Millis): Failure =>
  fail(
    'files-time-limit',
    `The files did not all follow within ${Math.round(limitMs / 1000)} s; the run was ended.`,
    'Give it more time or bandwidth (streams.files.time-limit), or exclude what need not follow.',
  );

const aborted = (): Failure =>
  fail('files-aborted', 'The run was called off.', 'Nothing to do: it is made up for when this node may send again.');

const diskFull = (): Failure =>
  fail(
    'files-disk-full',
    'The disk of the receiving node is full; its files are as before.',
    'Make space there; the next run goes on by itself.',
  );

const notWritten = (): Failure =>
  fail(
    'files-disk-full',
    'The receiving node could not write: its disk is full, or fails. Its files are as before.',
    'Make space there, or see its kernel log; the next run goes on by itself.',
  );

const otherNodeRefused = (code: string, message: string): Failure => {
  // What the other side's guard said stands for itself.
  const remedy = 'See `dualtone status` on the other node.';
  return { ok: false, error: { code, message: `The other node says: ${message}`, remedy } };
};

const silent = (): Failure =>
  fail(
    'files-silent',
    'The other node fell silent in the middle of a run.',
    'See whether it is reached by SSH; the next run goes on by itself.',
  );

const cutOff = (): Failure =>
  fail(
    'files-cut-off',
    'The connection to the other node broke in the middle of a run; what was not whole there is as before.',
    'See the network, the load of that node and the log of sshd on it; the next run goes on by itself.',
  );

const failedWith = (exitCode: number | null, said: string): Failure =>
  fail(
    'files-run-failed',
    `The files did not all follow: ${said === '' ? `rsync ended with ${exitCode ?? 'a signal'}` : said}.`,
    'See the message; the next run goes on by itself.',
  );

/** The most telling line of rsync's complaints. */
const lastWords = (said: string): string => {
  const lines = said.split('\n').filter((line) => line.trim() !== '');
  const telling = lines.find((line) => /: .*\(\d+\)$/.test(line)) ?? lines.find((line) => line.startsWith('rsync'));
  return (telling ?? lines.at(0) ?? '').slice(0, 200).replace(/\.$/, '');
};

/** Rsync's "error in socket IO" (to its ssh), "error in file IO", and "error in its protocol data stream". */
const SOCKET_IO = 10;
const FILE_IO = 11;
const PROTOCOL = 12;
/** Ssh's own, which rsync hands on. */
const SSH_FAILED = 255;

/** Rsync's exit code and complaints as a fault; null when it did its work. 24: something vanished meanwhile, which is no fault. */
export const transferFault = (exitCode: number | null, said: string): Fault | null => {
  if (exitCode === 0 || exitCode === 24) return null;
  const guard = /^dualtone: ([a-z0-9-]{3,60}): (.{1,300})$/m.exec(said);
  if (guard !== null) return otherNodeRefused(guard[1] ?? '', guard[2] ?? '').error;
  if (/No space left on device|Disk quota exceeded/.test(said)) return diskFull().error;
  // Its last words are lost on the way now and then; our own file errors are always said.
  if (exitCode === FILE_IO && said.trim() === '') return notWritten().error;
  const ssh = exitCode === SSH_FAILED || exitCode === PROTOCOL ? sshFault(said) : null;
  if (ssh !== null) return ssh.error;
  if (exitCode === 30 || exitCode === 35) return silent().error;
  // Newer versions of ssh end without a word when the other side does not answer any more.
  const isClosed = /connection unexpectedly closed/.test(said) && (exitCode === PROTOCOL || exitCode === SSH_FAILED);
  if (exitCode === SOCKET_IO || isClosed) return cutOff().error;
  return failedWith(exitCode, lastWords(said)).error;
};

const MOST_SAID = 32 * 1024;
const GRACE_MS: Millis = 150;

interface Ended {
  readonly exitCode: number | null;
  readonly said: string;
}

/** Runs to the end, or to the abort or the limit: then the whole group is ended. */
const runToEnd = (
  argv: readonly string[],
  input: Buffer | null,
  limits: TransferLimits,
  take: (chunk: string) => void,
): Promise<Result<Ended>> => {
  const [program = '', ...args] = argv;
  return new Promise((resolve) => {
    // A group of its own, so that its ssh ends with it.
    const child = spawn(program, args, { detached: true, stdio: ['pipe', 'pipe', 'pipe'], env: childEnv() });
    let said = '';
    let verdict: Failure | null = null;
    const timers: NodeJS.Timeout[] = [];
    const settle = (result: Result<Ended>): void => {
      for (const timer of timers) clearTimeout(timer);
      limits.signal.removeEventListener('abort', onAbort);
      resolve(result);
    };
    const stop = (why: Failure): void => {
      if (verdict !== null || child.pid === undefined) return;
      verdict = why;
      const { pid } = child;
      signalGroup(pid, 'SIGTERM');
      timers.push(setTimeout(() => signalGroup(pid, 'SIGKILL'), GRACE_MS));
    };
    const onAbort = (): void => stop(aborted());
    child.once('error', (error) => settle(spawnFault(program, error)));
    if (child.pid === undefined) return;
    timers.push(setTimeout(() => stop(timeLimit(limits.timeLimitMs)), limits.timeLimitMs));
    limits.signal.addEventListener('abort', onAbort, { once: true });
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said = (said + chunk).slice(0, MOST_SAID);
    });
    child.stdin.on('error', () => {
      // It ended early; its exit code says why.
    });
    child.stdin.end(input ?? '');
    child.once('close', (exitCode) => settle(verdict ?? ok({ exitCode, said })));
  });
};

/**
 * Copies once. Faults: `files-directory-unusable`, `files-time-limit`, `files-aborted`, `files-disk-full`, `files-silent`, `files-cut-off`,
 * `files-run-failed`, those of `sshFault`, what the other side's guard said, `ssh-target-unusable`, `program-missing`.
 */
export const transfer = async (call: RsyncCall, limits: TransferLimits): Promise<Result<Transfer>> => {
  const checked = checkTarget(call.target);
  if (!checked.ok) return checked;
  const bad = [
    call.here,
    ...call.there,
    ...(call.compareWith === null ? [] : [call.compareWith]),
    ...(call.linkWith === undefined ? [] : [call.linkWith]),
  ].find((path) => !isPlainPath(path));
  if (bad !== undefined) return notPlain(bad);
  if (limits.signal.aborted) return aborted();
  const startedAt = performance.now();
  const reader = createRsyncReader(call.here, limits.onProgress, limits.onChanged);
  const input = call.only === null ? null : namesInput(call.only);
  const ended = await runToEnd(rsyncArgv(call), input, limits, reader.take);
  if (!ended.ok) return ended;
  const fault = transferFault(ended.value.exitCode, ended.value.said);
  if (fault !== null) return { ok: false, error: fault };
  return ok({ ...reader.counts(), tookMs: performance.now() - startedAt });
};
