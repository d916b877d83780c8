import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../ports.ts';
import { childEnv } from '../../process/programs.ts';
import { TABLE } from './rules.ts';

/** Watches the kernel's rule sets until stopped. */
export interface Monitor {
  stop(): Promise<void>;
}

const RESTART_MS = 1000;

export interface MonitorListener {
  /** A rule of the gate's tables was taken away. */
  readonly gone: () => unknown;
  /** The watcher had died and is back, or the kernel told more than it could take: something may have been missed. */
  readonly blind: () => unknown;
}

/** `nft monitor` keeps what it hears of: 38 MiB an hour where service is held (docs/wear.md). */
const WATCH_PROGRAM = fileURLToPath(new URL('rule-watch.pl', import.meta.url));

/** Tells at once of each kind of taking away: `flush ruleset`, a deleted table, a flushed chain all take rules away. */
export const startMonitor = (clock: Clock, listener: MonitorListener): Monitor => {
  let stopped = false;
  let cancelRestart = (): void => {};
  let stopChild = (): Promise<void> => Promise.resolve();

  const start = (): void => {
    const child = spawn('perl', [WATCH_PROGRAM, TABLE], { stdio: ['pipe', 'pipe', 'ignore'], env: childEnv() });
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const gone = (): void => {
      resolve();
      if (stopped) return;
      cancelRestart = clock.at(clock.now() + RESTART_MS, () => {
        start();
        listener.blind();
      });
    };
    child.once('error', gone);
    child.once('exit', gone);
    // It reads nothing; its end tells it of ours.
    child.stdin.on('error', () => undefined);
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (stopped) return;
      if (line === 'gone') listener.gone();
      else if (line === 'blind') listener.blind();
    });
    stopChild = () => {
      child.kill('SIGTERM');
      return ended;
    };
  };

  start();
  return {
    stop: async () => {
      stopped = true;
      cancelRestart();
      await stopChild();
    },
  };
};
