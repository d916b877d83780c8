import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import {
  type CommonConnectionOptions,
  type ConnectionOptions,
  connect,
  createServer,
  type SecureContextOptions,
  type Server,
  type TLSSocket,
} from 'node:tls';
import { fail, ok, type Result } from '../core/result.ts';
import type { Millis, Role } from '../core/words.ts';
import { type Connection, type ConnectionLimits, createConnection } from './connection.ts';
import { createPapers, type Identity, type Pin, pinOfCertificate } from './identity.ts';
import { deriveKey, type PairKey } from './key.ts';

export interface PeerStreamOptions {
  readonly self: Role;
  readonly peer: Role;
  readonly key: PairKey;
  /** Who this machine is, and whom it expects: then TLS 1.3 between the two keys. Null or absent: TLS by the pair's key alone. */
  readonly pinned?: PinnedPeer | null;
  /** The main opens the connection: no more must be open between the nodes than from main to standby. */
  readonly listen: { readonly address: string; readonly port: number };
  readonly remote: { readonly address: string; readonly port: number };
  readonly limits?: Partial<ConnectionLimits>;
  /** First wait before another try; doubles up to ten times. 200 ms. */
  readonly retryMs?: Millis;
}

/** One kind of data on the stream. */
export interface PeerChannel {
  /** False when there is no connection, or it takes no more; `onConnected` tells when there is one again. */
  send(message: unknown): boolean;
  /** Read, not checked. A listener that returns a promise holds back what follows, and in the end the sender. */
  onMessage(listener: (message: unknown) => void | Promise<void>): void;
  /** A connection is there (again); nothing of an older one arrives after this. */
  onConnected(listener: () => void): void;
}

/** Bulk data between the two nodes: one TLS connection, encrypted and proved on both sides by their own keys, or by the pair's. */
export interface PeerStream {
  /** Begins to listen (standby) or to connect (main), and goes on until `close`. Fails with `stream-listen`. */
  open(): Promise<Result<void>>;
  channel(name: string): PeerChannel;
  connected(): boolean;
  /** Why there is no connection, in words; called when that changes. */
  onTrouble(listener: (why: string) => void): void;
  /** Goes on with another machine; what was connected is not any more. Fails with `stream-listen`. */
  renew(other: Pick<PeerStreamOptions, 'key' | 'pinned' | 'remote'>): Promise<Result<void>>;
  close(): Promise<void>;
}

const DEFAULT_LIMITS: ConnectionLimits = { maxFrameBytes: 1024 ** 2, maxQueueBytes: 8 * 1024 ** 2, aliveMs: 2000 };

/**
 * A suite that knows no other proof than the key: with it no certificate, of whomever, can be accepted by mistake, and old
 * recordings stay closed if the key is lost (ephemeral elliptic curves).
 */
const TLS = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
  ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
  secureOptions: constants.SSL_OP_NO_TICKET,
} as const;

/** With pins: the certificates carry the machines' own keys, and nothing of them counts but the key. */
const PINNED_TLS: SecureContextOptions & CommonConnectionOptions = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  secureOptions: constants.SSL_OP_NO_TICKET,
  rejectUnauthorized: false,
  ALPNProtocols: ['dualtone-stream/1'],
};

export interface PinnedPeer {
  readonly identity: Identity;
  readonly peer: Pin;
}

const isExpected = (socket: TLSSocket, peer: Pin): boolean =>
  pinOfCertificate(socket.getPeerX509Certificate()) === peer;

const STRANGER = 'the machine at the other end does not have the key that is pinned: pair again with `dualtone rejoin`';

/** A listening side whose certificate never grows old. */
const createPinnedServer = (
  { identity, peer }: PinnedPeer,
  onSocket: (socket: TLSSocket) => void,
  onTrouble: (why: string) => void,
): Server => {
  const papers = createPapers(identity);
  const server = createServer({ ...PINNED_TLS, ...papers(), requestCert: true, handshakeTimeout: HANDSHAKE_MS });
  const renewal = setInterval(() => server.setSecureContext({ ...PINNED_TLS, ...papers() }), RENEW_MS);
  renewal.unref();
  server.once('close', () => clearInterval(renewal));
  server.on('secureConnection', (socket) => {
    if (isExpected(socket, peer)) return onSocket(socket);
    onTrouble(`a connection from ${socket.remoteAddress ?? 'somewhere'} was refused: ${STRANGER}`);
    socket.destroy();
  });
  return server;
};

const HANDSHAKE_MS = 3000;
/** How often it is looked whether the certificate should be made anew. */
const RENEW_MS = 3_600_000;

const createKeyServer = (options: PeerStreamOptions, psk: Buffer, onSocket: (socket: TLSSocket) => void): Server => {
  const server = createServer({
    ...TLS,
    handshakeTimeout: HANDSHAKE_MS,
    pskCallback: (_, identity) => (identity === options.peer ? psk : null),
  });
  server.on('secureConnection', onSocket);
  return server;
};

/** The listening side. */
const listenFor = (
  options: PeerStreamOptions,
  psk: Buffer,
  onSocket: (socket: TLSSocket) => void,
  onTrouble: (why: string) => void,
) => {
  const raw = new Set<Socket>();
  const secured = new Set<TLSSocket>();
  let isClosed = false;
  const take = (socket: TLSSocket): void => {
    if (isClosed) return void socket.destroy();
    secured.add(socket);
    socket.once('close', () => secured.delete(socket));
    onSocket(socket);
  };
  const { pinned = null } = options;
  const server = pinned === null ? createKeyServer(options, psk, take) : createPinnedServer(pinned, take, onTrouble);
  server.maxConnections = 8;
  server.on('connection', (socket: Socket) => {
    raw.add(socket);
    socket.on('close', () => raw.delete(socket));
  });
  server.on('tlsClientError', (error, socket) => {
    onTrouble(`a connection from ${socket.remoteAddress ?? 'somewhere'} was refused: ${error.message}`);
    socket.destroy();
  });
  const open = (): Promise<Result<void>> =>
    new Promise((resolve) => {
      const { address, port } = options.listen;
      server.once('error', (error) => {
        const remedy = 'see that the address is there and that nothing else has the port: `ss -ltnp`';
        resolve(fail('stream-listen', `cannot listen on ${address} port ${port}: ${error.message}`, remedy));
      });
      server.listen(port, address, () => {
        server.on('error', (error) => onTrouble(error.message));
        resolve(ok(undefined));
      });
    });
  const close = async (): Promise<void> => {
    isClosed = true;
    server.close();
    const ends = [...secured].map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())));
    // Never the connection beneath: that breaks Node's own memory. A handshake that is under way ends by its time limit, and keeps nobody.
    for (const socket of secured) socket.destroy();
    for (const socket of raw) socket.unref();
    await Promise.all(ends);
  };
  return { open, close };
};

/** The connecting side: tries until it is closed. */
const dialFor = (
  options: PeerStreamOptions,
  psk: Buffer,
  onSocket: (socket: TLSSocket) => void,
  onTrouble: (why: string) => void,
) => {
  const first = options.retryMs ?? 200;
  const { pinned = null } = options;
  const papers = pinned === null ? null : createPapers(pinned.identity);
  let wait = first;
  let timer: NodeJS.Timeout | null = null;
  let current: TLSSocket | null = null;
  let closed = false;
  const again = (): void => {
    if (closed) return;
    timer = setTimeout(dial, wait);
    wait = Math.min(wait * 2, first * 10);
  };
  const dial = (): void => {
    const { address, port } = options.remote;
    const proof: ConnectionOptions =
      papers === null
        ? // There is no certificate: the suite allows none.
          { ...TLS, pskCallback: () => ({ psk, identity: options.self }), checkServerIdentity: () => undefined }
        : { ...PINNED_TLS, ...papers() };
    const to: ConnectionOptions & { readonly localAddress: string } = {
      ...proof,
      host: address,
      port,
      localAddress: options.listen.address,
    };
    const socket = connect(to);
    current = socket;
    const late = setTimeout(() => socket.destroy(new Error('no answer')), HANDSHAKE_MS);
    socket.once('secureConnect', () => {
      clearTimeout(late);
      if (pinned !== null && !isExpected(socket, pinned.peer)) return void socket.destroy(new Error(STRANGER));
      // In TLS 1.3 the dialling side is through before the other has looked at its key: only a word from there is a yes.
      socket.once('data', () => {
        wait = first;
      });
      onSocket(socket);
    });
    socket.on('error', (error) => onTrouble(error.message));
    socket.once('close', () => {
      clearTimeout(late);
      again();
    });
  };
  return {
    open: async (): Promise<Result<void>> => {
      dial();
      return ok(undefined);
    },
    close: async (): Promise<void> => {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      current?.destroy();
    },
  };
};

interface Listeners {
  readonly message: ((message: unknown) => void | Promise<void>)[];
  readonly connected: (() => void)[];
}

const deliver = (listeners: Listeners | undefined, message: unknown): void | Promise<void> => {
  const waits = (listeners?.message ?? [])
    .map((listener) => listener(message))
    .filter((each) => each instanceof Promise);
  return waits.length === 0 ? undefined : Promise.all(waits).then(() => undefined);
};

export const createPeerStream = (options: PeerStreamOptions): PeerStream => {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const listenersByChannel = new Map<string, Listeners>();
  const troubled: ((why: string) => void)[] = [];
  let connection: Connection | null = null;
  let lastTrouble = '';
  const onTrouble = (why: string): void => {
    if (why === lastTrouble) return;
    lastTrouble = why;
    for (const listener of troubled) listener(why);
  };
  const onSocket = (socket: TLSSocket): void => {
    // The newer one is the living one: the former may be half open since a power loss.
    connection?.end();
    const own = createConnection(socket, limits, {
      onMessage: (channel, message) =>
        connection === own ? deliver(listenersByChannel.get(channel), message) : undefined,
      onEnd: (why) => {
        if (connection !== own) return;
        connection = null;
        onTrouble(why);
      },
    });
    connection = own;
    lastTrouble = '';
    for (const { connected } of listenersByChannel.values()) for (const listener of connected) listener();
  };
  const dials = options.self === 'main';
  const [dialer, listener]: readonly Role[] = dials ? [options.self, options.peer] : [options.peer, options.self];
  const sideOf = (own: PeerStreamOptions) => {
    const psk = deriveKey(own.key, 'stream', dialer ?? '', listener ?? '');
    return (dials ? dialFor : listenFor)(own, psk, onSocket, onTrouble);
  };
  let side = sideOf(options);
  return {
    open: () => side.open(),
    renew: async (other) => {
      const former = side;
      side = sideOf({ ...options, ...other });
      await former.close();
      connection?.end();
      return side.open();
    },
    channel: (name) => {
      const listeners = listenersByChannel.get(name) ?? { message: [], connected: [] };
      listenersByChannel.set(name, listeners);
      return {
        send: (message) => connection?.send(name, message) ?? false,
        onMessage: (each) => void listeners.message.push(each),
        onConnected: (each) => void listeners.connected.push(each),
      };
    },
    connected: () => connection !== null,
    onTrouble: (each) => void troubled.push(each),
    close: async () => {
      await side.close();
      connection?.end();
    },
  };
};
