/** Tells systemd that the agent is ready and alive, where it runs as a unit of `Type=notify`. */
import type { Clock } from '../ports.ts';
import { type Run, run as runProgram } from '../process/run.ts';

export interface SystemNotify {
  ready(status: string): void;
  stopping(): void;
  stop(): void;
}

const SILENT: SystemNotify = { ready: () => undefined, stopping: () => undefined, stop: () => undefined };

/** Node cannot send to a datagram socket of the Unix domain, so `systemd-notify` does, in the agent's name. */
export const createSystemNotify = (
  clock: Clock,
  env: Readonly<Record<string, string | undefined>> = process.env,
  run: Run = runProgram,
): SystemNotify => {
  const socket = env['NOTIFY_SOCKET'];
  if (socket === undefined || socket === '') return SILENT;
  const say = (...words: readonly string[]): void => {
    const argv = ['systemd-notify', `--pid=${process.pid}`, ...words];
    void run(argv, { timeoutMs: 2000, env: { NOTIFY_SOCKET: socket } });
  };
  const watchdogMs = Number(env['WATCHDOG_USEC'] ?? 0) / 1000;
  let cancel = (): void => undefined;
  const pat = (): void => {
    say('WATCHDOG=1');
    cancel = clock.at(clock.now() + watchdogMs / 2, pat);
  };
  return {
    ready: (status) => {
      say('--ready', `--status=${status}`);
      if (watchdogMs > 0) pat();
    },
    stopping: () => say('STOPPING=1'),
    stop: () => cancel(),
  };
};
