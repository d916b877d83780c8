/** Tells systemd that the agent is ready and alive, where it runs as a unit of `Type=notify`. */
import { fileURLToPath } from 'node:url';
import type { Clock } from '../ports.ts';
import { type LineChild, startLineChild } from '../process/line-child.ts';

export interface SystemNotify {
  ready(status: string): void;
  stopping(): void;
  stop(): void;
}

/** Takes one message, of several lines. */
export interface NotifySocket {
  send(lines: readonly string[]): void;
  close(): void;
}

const SILENT: SystemNotify = { ready: () => undefined, stopping: () => undefined, stop: () => undefined };

const PROGRAM = fileURLToPath(new URL('notify-socket.pl', import.meta.url));

/**
 * Node cannot send to a datagram socket of the Unix domain, so a small program does; it is kept, since to start one costs five
 * milliseconds of a core. Where it ended, the next message starts another.
 */
const openNotifySocket = (path: string): NotifySocket => {
  let child: LineChild | null = null;
  const start = (): LineChild => {
    const started = startLineChild(
      ['perl', PROGRAM],
      { NOTIFY_SOCKET: path },
      {
        said: () => undefined,
        gone: () => {
          if (child === started) child = null;
        },
      },
    );
    return started;
  };
  return {
    send: (lines) => {
      child ??= start();
      child.write(`${lines.map((line) => line.replace(/[\t\n]/g, ' ')).join('\t')}\n`);
    },
    close: () => child?.endInput(),
  };
};

export const createSystemNotify = (
  clock: Clock,
  env: Readonly<Record<string, string | undefined>> = process.env,
  open: (path: string) => NotifySocket = openNotifySocket,
): SystemNotify => {
  const path = env['NOTIFY_SOCKET'];
  if (path === undefined || path === '') return SILENT;
  const socket = open(path);
  const watchdogMs = Number(env['WATCHDOG_USEC'] ?? 0) / 1000;
  let cancel = (): void => undefined;
  const pat = (): void => {
    socket.send(['WATCHDOG=1']);
    cancel = clock.at(clock.now() + watchdogMs / 2, pat);
  };
  return {
    ready: (status) => {
      socket.send(['READY=1', `MAINPID=${process.pid}`, `STATUS=${status}`]);
      if (watchdogMs > 0) pat();
    },
    stopping: () => {
      socket.send(['STOPPING=1']);
      socket.close();
    },
    stop: () => cancel(),
  };
};
