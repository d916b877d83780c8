import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../src/ports.ts';

const MARK = 'DUALTONE_IN_NAMESPACE';

/**
 * Runs the tests of a file inside a network namespace of its own, which is gone with the process: the file is started again
 * there. Outside it registers one test that is the whole run; without root it is skipped and says so.
 */
export const inNamespace = (url: string, register: () => void): void => {
  if (process.env[MARK] === '1') return register();
  const skip = process.getuid?.() === 0 ? false : 'needs root';
  void test(`in a network namespace: ${url.slice(url.lastIndexOf('/') + 1)}`, { skip }, async (context) => {
    const { NODE_TEST_CONTEXT: _outer, ...env } = process.env;
    const child = spawn('unshare', ['--net', process.execPath, '--test-reporter=spec', fileURLToPath(url)], {
      env: { ...env, [MARK]: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const [exitCode] = await once(child, 'exit');
    for (const line of said.split('\n').filter((each) => each.includes('measured:'))) context.diagnostic(line.trim());
    assert.equal(exitCode, 0, said);
  });
};

export const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });

export const nft = (commands: string): string => execFileSync('nft', [commands], { encoding: 'utf8' });

/** Another host on a cable of its own: a namespace that lives as long as a sleeping process. */
export interface Peer {
  readonly pid: number;
  /** Runs a program on the peer; its standard output. Throws when it fails. */
  run(...argv: string[]): string;
  /** Starts a program on the peer. */
  start(...argv: string[]): ChildProcess;
  stop(): void;
}

/** Cables `local` of this namespace to `eth0` of a new one. */
export const createPeer = async (local: string, localAddresses: string[], peerAddresses: string[]): Promise<Peer> => {
  const sleeper = spawn('unshare', ['--net', '--kill-child', 'sh', '-c', 'echo ready; exec sleep 600'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(sleeper.stdout, 'data');
  const pid = sleeper.pid ?? 0;
  const inPeer = ['-t', String(pid), '-n', '--'];
  const run = (...argv: string[]): string => execFileSync('nsenter', [...inPeer, ...argv], { encoding: 'utf8' });
  ip('link', 'set', 'lo', 'up');
  ip('link', 'add', local, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid));
  for (const address of localAddresses)
    ip('addr', 'add', address, 'dev', local, ...(address.includes(':') ? ['nodad'] : []));
  for (const address of peerAddresses) {
    run('ip', 'addr', 'add', address, 'dev', 'eth0', ...(address.includes(':') ? ['nodad'] : []));
  }
  ip('link', 'set', local, 'up');
  run('ip', 'link', 'set', 'eth0', 'up');
  return {
    pid,
    run,
    start: (...argv) => spawn('nsenter', [...inPeer, ...argv], { stdio: ['pipe', 'pipe', 'inherit'] }),
    stop: () => {
      sleeper.kill('SIGKILL');
    },
  };
};

/** The monotonic clock of this machine, as the agent has it. */
export const testClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  at: (at, fire) => {
    const timer = setTimeout(fire, Math.max(0, at - performance.now()));
    return () => clearTimeout(timer);
  },
};

/** Waits until `holds`, looking again and again, and gives the time that it took; fails after `timeoutMs`. */
export const until = async (
  holds: () => boolean | Promise<boolean>,
  timeoutMs: number,
  what: string,
): Promise<number> => {
  const startedAt = performance.now();
  while (!(await holds())) {
    if (performance.now() - startedAt > timeoutMs) assert.fail(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return performance.now() - startedAt;
};

/** `p50/p99/max` in ms with two digits, for a test's diagnostics. */
export const spread = (values: readonly number[]): string => {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (q: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0).toFixed(2);
  return `p50 ${at(0.5)} p99 ${at(0.99)} max ${at(1)} ms (${sorted.length})`;
};
