/** One TLS connection of a pairing: who is at its other end, what binds a proof to it, whole messages in and out. */
import { constants } from 'node:crypto';
import type { CommonConnectionOptions, SecureContextOptions, TLSSocket } from 'node:tls';
import { messageOf } from '../core/result.ts';
import { createFrameReader, encodeFrame } from '../peer/frames.ts';
import { type Pin, pinOfCertificate } from '../peer/identity.ts';
import { MOST_FRAME_BYTES } from './messages.ts';

/** TLS 1.3 and nothing else; tickets would let a connection begin without its certificate. */
export const TLS: SecureContextOptions & CommonConnectionOptions = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  secureOptions: constants.SSL_OP_NO_TICKET,
  // The pin is the proof, on both sides: no authority is asked.
  rejectUnauthorized: false,
  ALPNProtocols: ['dualtone-join/1'],
};

export const ALPN = 'dualtone-join/1';

export interface Line {
  readonly pin: Pin;
  /** Keying material of this very connection (RFC 9266). */
  readonly exported: Buffer;
  send(message: unknown): void;
  /** What was sent still leaves. */
  end(): void;
}

export interface LineEvents {
  readonly onMessage: (input: unknown) => void;
  /** Once; nothing comes after it. */
  readonly onClosed: (why: string) => void;
}

/** Null where the other end showed no certificate, or speaks something else. */
export const createLine = (socket: TLSSocket, { onMessage, onClosed }: LineEvents): Line | null => {
  const pin = pinOfCertificate(socket.getPeerX509Certificate());
  if (pin === null || socket.alpnProtocol !== ALPN) {
    socket.destroy();
    return null;
  }
  const exported = socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
  const reader = createFrameReader(MOST_FRAME_BYTES);
  let why = 'closed by the other side';
  let isOver = false;
  socket.on('data', (bytes: Buffer) => {
    if (isOver) return;
    try {
      reader.push(bytes);
      for (let next = reader.next(); next !== null; next = reader.next()) {
        if (isOver) return;
        onMessage(next.message);
      }
    } catch (error) {
      why = messageOf(error);
      socket.destroy();
    }
  });
  socket.on('error', (error: Error) => {
    why = error.message;
  });
  socket.once('close', () => {
    isOver = true;
    onClosed(why);
  });
  return {
    pin,
    exported,
    send: (message) => {
      if (socket.writable) socket.write(encodeFrame(message));
    },
    end: () => {
      isOver = true;
      socket.end();
      // Who does not read its end is cut off.
      setTimeout(() => socket.destroy(), 1000).unref();
    },
  };
};
