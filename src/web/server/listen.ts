/** The sockets: HTTPS alone, TLS 1.2 and above, bounded in number, time and rate. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Limits } from '../wire.ts';

export interface Keys {
  readonly key: string;
  readonly certificate: string;
}

const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

const contextOf = ({ key, certificate }: Keys) =>
  ({ key, cert: certificate, minVersion: 'TLSv1.2', ciphers: CIPHERS }) as const;

/** After so long without an answer to a handshake the connection ends. */
const HANDSHAKE_MS = 5000;
const IDLE_MS = 10_000;

/** Connections of an address at once. */
const createDoor = ({ connectionsPerAddress }: Limits) => {
  const countByAddress = new Map<string, number>();
  return (socket: Socket): boolean => {
    const address = socket.remoteAddress ?? '';
    const count = (countByAddress.get(address) ?? 0) + 1;
    if (count > connectionsPerAddress) {
      socket.destroy();
      return false;
    }
    countByAddress.set(address, count);
    socket.once('close', () => {
      const left = (countByAddress.get(address) ?? 1) - 1;
      if (left === 0) countByAddress.delete(address);
      else countByAddress.set(address, left);
    });
    return true;
  };
};

const MOST_ADDRESSES = 10_000;

/** A bucket for each address: so many requests a second, three seconds' worth at once. */
export const createPace = ({ requestsPerSecond }: Limits) => {
  const bucketByAddress = new Map<string, { left: number; at: number }>();
  return (address: string, nowMs: number): boolean => {
    const full = requestsPerSecond * 3;
    const bucket = bucketByAddress.get(address) ?? { left: full, at: nowMs };
    bucketByAddress.delete(address);
    const oldest = bucketByAddress.size >= MOST_ADDRESSES ? bucketByAddress.keys().next() : null;
    if (oldest?.done === false) bucketByAddress.delete(oldest.value);
    const left = Math.min(full, bucket.left + ((nowMs - bucket.at) / 1000) * requestsPerSecond);
    bucketByAddress.set(address, { left: Math.max(0, left - 1), at: nowMs });
    return left >= 1;
  };
};

const TOO_OFTEN = JSON.stringify({
  error: {
    code: 'request-too-often',
    message: 'There are too many requests from this address.',
    remedy: 'Wait a moment.',
  },
});

export type Routing = (request: IncomingMessage, response: ServerResponse) => void;

const paced = (routing: Routing, limits: Limits): Routing => {
  const may = createPace(limits);
  return (request, response) => {
    if (may(request.socket.remoteAddress ?? '', performance.now())) return routing(request, response);
    response
      .writeHead(429, { 'content-type': 'application/json', 'retry-after': '1', connection: 'close' })
      .end(TOO_OFTEN);
  };
};

const LATE = 'ERR_HTTP_REQUEST_TIMEOUT';
const STATUS_BY_CODE: Readonly<Record<string, string>> = {
  [LATE]: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

/**
 * What is no request is answered once. Not so a connection on which nothing was ever said: browsers open some for later, and what comes
 * on one of them would pass for the answer to the request that it is given at that moment. Closed, it is sent again on another.
 */
const turnAway = ({ code = '' }: NodeJS.ErrnoException, socket: Duplex): void => {
  const saidNothing = code === LATE && socket instanceof Socket && socket.bytesRead === 0;
  if (!socket.writable || saidNothing) socket.destroy();
  else {
    const status = STATUS_BY_CODE[code] ?? '400 Bad Request';
    socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  }
};

const createOne = (keys: Keys, limits: Limits, routing: Routing, admit: (socket: Socket) => boolean): Server => {
  const server = createServer(
    {
      ...contextOf(keys),
      handshakeTimeout: HANDSHAKE_MS,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: IDLE_MS,
      connectionsCheckingInterval: Math.min(2000, limits.headersMs / 2),
      maxHeaderSize: 16 * 1024,
      requireHostHeader: true,
      insecureHTTPParser: false,
    },
    routing,
  );
  server.maxConnections = limits.connections;
  server.maxHeadersCount = 64;
  server.maxRequestsPerSocket = 1000;
  server.on('connection', admit);
  server.on('tlsClientError', (_, socket) => socket.destroy());
  server.on('clientError', turnAway);
  // No upgrade, no tunnel.
  server.on('upgrade', (_, socket) => socket.destroy());
  server.on('connect', (_, socket) => socket.destroy());
  return server;
};

const listenOnce = (server: Server, address: string, port: number): Promise<NodeJS.ErrnoException | null> =>
  new Promise((resolve) => {
    const onError = (error: NodeJS.ErrnoException): void => resolve(error);
    server.once('error', onError);
    server.listen(port, address, () => {
      server.off('error', onError);
      resolve(null);
    });
  });

/** The server before may not have ended yet, and an address may come a moment later. */
const TRIES = 20;
const BETWEEN_MS = 250;

const listenSoon = async (server: Server, address: string, port: number): Promise<Result<number>> => {
  let error: NodeJS.ErrnoException | null = null;
  for (let tried = 0; tried < TRIES; tried += 1) {
    error = await listenOnce(server, address, port);
    const bound = server.address();
    if (error === null && typeof bound === 'object' && bound !== null) return ok(bound.port);
    if (error?.code !== 'EADDRINUSE' && error?.code !== 'EADDRNOTAVAIL') break;
    await sleep(BETWEEN_MS);
  }
  return fail(
    'web-listen',
    `The web server cannot listen on ${address} port ${port}: ${error?.message ?? 'no address'}.`,
    'Correct web.listen, or see what has the port: `ss -ltnp`.',
  );
};

export interface Listening {
  readonly ports: readonly number[];
  renew(keys: Keys): void;
  close(): void;
}

/** Fault: `web-listen`. */
export const listenAll = async (
  places: readonly { readonly address: string; readonly port: number }[],
  keys: Keys,
  limits: Limits,
  routing: Routing,
): Promise<Result<Listening>> => {
  const admit = createDoor(limits);
  const gated = paced(routing, limits);
  const servers = places.map(() => createOne(keys, limits, gated, admit));
  const ports: number[] = [];
  for (const [index, server] of servers.entries()) {
    const { address, port } = places[index] ?? { address: '127.0.0.1', port: 0 };
    const bound = await listenSoon(server, address, port);
    if (!bound.ok) return bound;
    ports.push(bound.value);
    server.on('error', () => undefined);
  }
  return ok({
    ports,
    renew: (given) => {
      for (const server of servers) server.setSecureContext(contextOf(given));
    },
    close: () => {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    },
  });
};
