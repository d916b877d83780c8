/** One TCP connection, to see whether somebody accepts it, and what it says first. */
import { connect } from 'node:net';
import { fail, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';

export interface ConnectOptions {
  readonly address: string;
  readonly port: number;
  /** The address to come from; default: the system chooses. */
  readonly from?: string | undefined;
  /** Written as soon as it is connected. */
  readonly send?: Buffer | undefined;
  /** Waits for the first bytes of the other side, and gives them. */
  readonly wantsGreeting?: boolean;
  readonly timeoutMs?: Millis;
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  EHOSTUNREACH: 'there is no way to it, or a firewall refuses',
  ENETUNREACH: 'there is no way to its network',
  ETIMEDOUT: 'it does not answer: a firewall may drop it',
  EADDRNOTAVAIL: 'this node does not have the address it should come from',
};

const notReached = (address: string, port: number, why: string): Result<never> =>
  fail(
    'checks-port-closed',
    `${address} port ${port} is not reached: ${why}.`,
    `Open TCP port ${port} at ${address} to this node, and see that its service runs there.`,
  );

/** Resolves with the first bytes (empty where they are not wanted). Fault: `checks-port-closed`. */
export const connectOnce = (options: ConnectOptions, signal: AbortSignal): Promise<Result<Buffer>> =>
  new Promise((resolve) => {
    const { address, port, from, send, wantsGreeting = false, timeoutMs = 3000 } = options;
    const socket = connect({ host: address, port, ...(from === undefined ? {} : { localAddress: from }) });
    const end = (result: Result<Buffer>): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(result);
    };
    const silent = (): void =>
      end(notReached(address, port, socket.connecting ? (WORDS['ETIMEDOUT'] ?? '') : 'it accepts and says nothing'));
    const timer = setTimeout(silent, timeoutMs);
    const onAbort = (): void => end(notReached(address, port, 'it was called off'));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => {
      if (send !== undefined) socket.write(send);
      if (!wantsGreeting) end(ok(Buffer.alloc(0)));
    });
    socket.once('data', (bytes) => end(ok(Buffer.from(bytes))));
    socket.once('end', () => end(notReached(address, port, 'it accepts and hangs up')));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      end(notReached(address, port, WORDS[error.code ?? ''] ?? error.message)),
    );
  });
