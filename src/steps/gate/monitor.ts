import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
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
  /** The watcher itself had died and is back: something may have been missed. */
  readonly blind: () => unknown;
}

/** Tells at once of each kind of taking away: `flush ruleset`, a deleted table, a flushed chain all take rules away. */
export const startMonitor = (clock: Clock, listener: MonitorListener): Monitor => {
  const watched = new RegExp(`^delete rule (inet|arp) ${TABLE} `);
  let stopped = false;
  let cancelRestart = (): void => {};
  let stopChild = (): Promise<void> => Promise.resolve();

  const start = (): void => {
    const child = spawn('nft', ['monitor', 'destroy', 'rules'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: childEnv(),
    });
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
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!stopped && watched.test(line)) listener.gone();
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
