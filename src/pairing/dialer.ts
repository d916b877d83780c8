/** Dials the inviting machine, as often as it is asked to. */
import { connect, type TLSSocket } from 'node:tls';
import { type Fault, fail } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import { createPapers, type Identity } from '../peer/identity.ts';
import { createLine, type Line, TLS } from './line.ts';

export interface Call {
  readonly onLine: (line: Line) => void;
  readonly onMessage: (line: Line, input: unknown) => void;
  readonly onClosed: (line: Line, why: string) => void;
}

export interface Dialer {
  dial(afterMs: Millis): void;
  stop(): void;
}

const CONNECT_MS: Millis = 10_000;

const unreachable = (address: string, port: number, why: string): Fault =>
  fail(
    'pairing-unreachable',
    `The other machine is not reached at ${address} port ${port}: ${why}.`,
    'See that `dualtone init` still waits there, and that TCP port is open to this machine.',
  ).error;

/** `onFailed`: no connection came about. */
export const createDialer = (
  to: { readonly address: string; readonly port: number; readonly identity: Identity },
  call: Call,
  onFailed: (why: string, fault: Fault) => void,
): Dialer => {
  const papers = createPapers(to.identity);
  let timer: NodeJS.Timeout | null = null;
  let socket: TLSSocket | null = null;
  const meet = (met: TLSSocket): void => {
    const line: Line | null = createLine(met, {
      onMessage: (input) => {
        if (line !== null) call.onMessage(line, input);
      },
      onClosed: (why) => {
        if (line !== null) call.onClosed(line, why);
      },
    });
    if (line === null)
      onFailed('it speaks something else', unreachable(to.address, to.port, 'it speaks something else'));
    else call.onLine(line);
  };
  const dialNow = (): void => {
    const dialled = connect({ ...TLS, ...papers(), host: to.address, port: to.port });
    socket = dialled;
    const late = setTimeout(() => dialled.destroy(new Error('no answer')), CONNECT_MS);
    let why = 'closed by the other side';
    const whenFailed = (): void => {
      clearTimeout(late);
      onFailed(why, unreachable(to.address, to.port, why));
    };
    dialled.on('error', (error) => {
      why = error.message;
    });
    dialled.once('close', whenFailed);
    dialled.once('secureConnect', () => {
      dialled.off('close', whenFailed);
      clearTimeout(late);
      meet(dialled);
    });
  };
  return {
    dial: (afterMs) => {
      timer = setTimeout(dialNow, afterMs);
    },
    stop: () => {
      if (timer !== null) clearTimeout(timer);
      // What was said still leaves; then the process may end.
      socket?.unref();
    },
  };
};
