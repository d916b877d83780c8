/** One message to a name server and its answer, over TCP: whole, from whom was asked, bounded in time and size. */
import { connect } from 'node:net';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';

export interface ServerPlace {
  readonly address: string;
  readonly port: number;
}

export interface Bounds {
  readonly timeoutMs: Millis;
  readonly signal: AbortSignal;
}

export const placeOf = ({ address, port }: ServerPlace): string => (port === 53 ? address : `${address} port ${port}`);

const unreachable = (place: ServerPlace, why: string) =>
  fail(
    'dns-unreachable',
    `The name server ${placeOf(place)} was not reached: ${why}.`,
    'See that it runs and takes TCP connections from this node.',
  );

/** The answer's bytes. Faults: `dns-unreachable`, `dns-timeout`, `dns-called-off`. */
export const exchange = (place: ServerPlace, message: Buffer, { timeoutMs, signal }: Bounds): Promise<Result<Buffer>> =>
  new Promise((resolve) => {
    const calledOff = fail(
      'dns-called-off',
      'The question to the name server was called off.',
      'Nothing is to be done.',
    );
    if (signal.aborted) return resolve(calledOff);
    const socket = connect({ host: place.address, port: place.port });
    let bytes: Buffer = Buffer.alloc(0);
    const late = (): void =>
      end(
        fail(
          'dns-timeout',
          `The name server ${placeOf(place)} did not answer within ${timeoutMs} ms.`,
          'See that it runs and takes TCP connections from this node.',
        ),
      );
    const timer = setTimeout(late, timeoutMs);
    const onAbort = (): void => end(calledOff);
    const end = (result: Result<Buffer>): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(result);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const size = Buffer.alloc(2);
    size.writeUInt16BE(message.length);
    socket.once('connect', () => socket.write(Buffer.concat([size, message])));
    socket.on('error', (error: NodeJS.ErrnoException) => end(unreachable(place, error.code ?? error.message)));
    socket.once('close', () => end(unreachable(place, 'it closed the connection')));
    socket.on('data', (chunk: Buffer) => {
      // At most what 16 bits can announce, and one chunk.
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length < 2) return;
      const whole = 2 + bytes.readUInt16BE(0);
      if (bytes.length >= whole) end(ok(bytes.subarray(2, whole)));
    });
  });
