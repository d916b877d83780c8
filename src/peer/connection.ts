import type { TLSSocket } from 'node:tls';
import { messageOf } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import { createFrameReader, encodeFrame } from './frames.ts';

export interface ConnectionLimits {
  readonly maxFrameBytes: number;
  readonly maxQueueBytes: number;
  /** Silence of twice this ends the connection; each half of it one speaks. */
  readonly aliveMs: Millis;
}

/** One connection that is proved, from its beginning to its end. */
export interface Connection {
  /** False where it is over, or takes no more; it is over then. */
  send(channel: string, message: unknown): boolean;
  end(): void;
}

interface Handlers {
  /** A promise holds the following messages back, and with them the sender. */
  onMessage(channel: string, message: unknown): void | Promise<void>;
  onEnd(why: string): void;
}

interface Frame {
  readonly channel: string;
  readonly message: unknown;
}

/** The own sign of life. */
const ALIVE = '';

const readFrame = (value: unknown): Frame => {
  if (typeof value === 'object' && value !== null && 'channel' in value && typeof value.channel === 'string') {
    return { channel: value.channel, message: 'message' in value ? value.message : undefined };
  }
  throw new Error('a frame without a channel');
};

export const createConnection = (socket: TLSSocket, limits: ConnectionLimits, handlers: Handlers): Connection => {
  const reader = createFrameReader(limits.maxFrameBytes);
  let over = false;
  let working = false;
  const end = (why: string): void => {
    if (over) return;
    over = true;
    clearInterval(beat);
    socket.destroy();
    handlers.onEnd(why);
  };
  const send = (channel: string, message: unknown): boolean => {
    if (over) return false;
    const frame = encodeFrame({ channel, message });
    if (frame.length - 4 > limits.maxFrameBytes || socket.writableLength + frame.length > limits.maxQueueBytes) {
      end('the other side does not read fast enough');
      return false;
    }
    socket.write(frame);
    return true;
  };
  const work = async (): Promise<void> => {
    if (working) return;
    working = true;
    try {
      for (let next = reader.next(); next !== null; next = reader.next()) {
        if (over) return;
        const { channel, message } = readFrame(next.message);
        const handled = channel === ALIVE ? undefined : handlers.onMessage(channel, message);
        if (handled === undefined) continue;
        // While a message is worked on nothing more is read: the kernel's window closes, and the sender's queue grows.
        socket.pause();
        await handled;
        if (!over) socket.resume();
      }
    } catch (error) {
      end(messageOf(error));
    } finally {
      working = false;
    }
  };
  let heardAt = performance.now();
  const beat = setInterval(() => {
    // Who is held back by a listener of ours is not silent: we do not read.
    if (working) heardAt = performance.now();
    if (performance.now() - heardAt > limits.aliveMs * 2) end('silence');
    else send(ALIVE, null);
  }, limits.aliveMs / 2);
  socket.setNoDelay(true);
  socket.on('data', (bytes: Buffer) => {
    heardAt = performance.now();
    reader.push(bytes);
    void work();
  });
  socket.on('error', (error: Error) => end(error.message));
  socket.on('close', () => end('closed by the other side'));
  return { send, end: () => end('closed here') };
};
