import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect as connectTcp, isIPv6, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { type Fault, fail, ok, type Result } from '../core/result.ts';
import type { ReceivedMessage } from './message.ts';
import { parseMessage } from './parse.ts';
import { createStreamReader } from './stream.ts';

export type Transport = 'udp' | 'tcp' | 'tls';

export interface TlsOptions {
  /** The name that the certificate must bear; default: the host. */
  readonly serverName?: string;
  /** Certificates that are trusted, in PEM; default: the system's. */
  readonly ca?: string;
  /** False takes any certificate: right for a question of life, where no secret is sent. */
  readonly verify?: boolean;
}

export interface ChannelOptions {
  readonly transport: Transport;
  /** Name or address. */
  readonly host: string;
  readonly port: number;
  readonly localAddress?: string | undefined;
  readonly tls?: TlsOptions | undefined;
  /** Ends the attempt to connect, and closes the channel. */
  readonly signal: AbortSignal;
  readonly onMessage: (message: ReceivedMessage) => void;
  /** Bytes came that are not SIP. A stream is closed after that, a datagram is forgotten. */
  readonly onGarbage: (fault: Fault) => void;
  /** The channel is gone: refused (ICMP says so), reset, closed by the other side. Called once at most. */
  readonly onGone: (fault: Fault) => void;
}

/** A connected way to one server. */
export interface Channel {
  readonly reliable: boolean;
  readonly localAddress: string;
  readonly localPort: number;
  readonly send: (bytes: Buffer) => void;
  readonly close: () => void;
}

const codeByErrno: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'sip-refused',
  ECONNRESET: 'sip-reset',
  EPIPE: 'sip-reset',
  EHOSTUNREACH: 'sip-unreachable',
  ENETUNREACH: 'sip-unreachable',
  EADDRNOTAVAIL: 'sip-local-address',
  EADDRINUSE: 'sip-local-address',
  ENOTFOUND: 'sip-name',
  EAI_AGAIN: 'sip-name',
};
const remedyByCode: Readonly<Record<string, string>> = {
  'sip-refused': 'Check that the SIP server runs and listens there.',
  'sip-reset': 'Look into the log of the SIP server.',
  'sip-unreachable': 'Check link, address and route.',
  'sip-local-address': 'Check that this machine has the local address that is configured, and that it is free.',
  'sip-name': 'Check the name, or write the address instead.',
  'sip-tls': 'Check the certificate, its names and its dates.',
};

/** The fault that an error of a socket stands for. */
export function socketFault(error: NodeJS.ErrnoException, place: string): Fault {
  const tls = error.code?.startsWith('ERR_TLS') === true || error.code?.startsWith('ERR_SSL') === true;
  const certificate = /CERT|SELF_SIGNED|UNABLE_TO/.test(error.code ?? '');
  const code = tls || certificate ? 'sip-tls' : (codeByErrno[error.code ?? ''] ?? 'sip-transport');
  const remedy = remedyByCode[code] ?? 'Check the network of this machine.';
  return { code, message: `SIP with ${place} failed: ${error.message}.`, remedy };
}

const placeOf = ({ transport, host, port }: ChannelOptions): string =>
  `${host}:${port} over ${transport.toUpperCase()}`;

const calledOff = (place: string): ReturnType<typeof fail> =>
  fail('sip-aborted', `SIP with ${place} was called off.`, 'Nothing to do.');

/**
 * Connects to a SIP server. UDP is connected too, so that a dead port is told at once (ICMP), not by waiting. Faults:
 * `sip-refused`, `sip-unreachable`, `sip-local-address`, `sip-name`, `sip-tls`, `sip-transport`, `sip-aborted`.
 */
export function openChannel(options: ChannelOptions): Promise<Result<Channel>> {
  if (options.signal.aborted) return Promise.resolve(calledOff(placeOf(options)));
  return options.transport === 'udp' ? openUdp(options) : openStream(options);
}

function openUdp(options: ChannelOptions): Promise<Result<Channel>> {
  const { host, port, localAddress, signal } = options;
  const version6 = isIPv6(host) || (localAddress !== undefined && isIPv6(localAddress));
  const socket = createSocket(version6 ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    const life = createLife(options, () => socket.close(), resolve);
    socket.on('error', life.failed);
    socket.on('message', (bytes) => readDatagram(bytes, options));
    signal.addEventListener('abort', life.abort, { once: true });
    const connect = (): void => {
      socket.connect(port, host, (error?: Error) => {
        if (error !== undefined) life.failed(error);
        else if (life.open()) resolve(ok(udpChannel(socket, life)));
      });
    };
    if (localAddress === undefined) connect();
    else socket.bind({ address: localAddress, port: 0, exclusive: true }, connect);
  });
}

function udpChannel(socket: UdpSocket, life: Life): Channel {
  const { address, port } = socket.address();
  const send = (bytes: Buffer): void => {
    if (life.open()) socket.send(bytes, (error) => (error === null ? undefined : life.failed(error)));
  };
  return { reliable: false, localAddress: address, localPort: port, send, close: life.close };
}

function readDatagram(bytes: Buffer, { onMessage, onGarbage }: ChannelOptions): void {
  const message = parseMessage(bytes);
  if (message.ok) onMessage(message.value);
  else if (message.error.code !== 'sip-empty') onGarbage(message.error);
}

function openStream(options: ChannelOptions): Promise<Result<Channel>> {
  const { host, port, localAddress, signal } = options;
  const place = { host, port, ...(localAddress === undefined ? {} : { localAddress }) };
  const socket: Socket =
    options.transport === 'tcp' ? connectTcp(place) : connectTls({ ...place, ...tlsPlace(options) });
  socket.setNoDelay(true);
  return new Promise((resolve) => {
    const life = createLife(options, () => socket.destroy(), resolve);
    const reader = createStreamReader();
    socket.on('error', life.failed);
    socket.on('close', () => life.failed(new Error('closed by the other side')));
    socket.on('data', (chunk) => {
      const messages = reader.push(chunk);
      if (messages.ok) for (const message of messages.value) options.onMessage(message);
      else {
        options.onGarbage(messages.error);
        life.failed(new Error('what it sent is not SIP'));
      }
    });
    signal.addEventListener('abort', life.abort, { once: true });
    socket.on(options.transport === 'tcp' ? 'connect' : 'secureConnect', () => {
      const { localAddress: address = '', localPort: ownPort = 0 } = socket;
      const send = (bytes: Buffer): void => {
        if (life.open()) socket.write(bytes);
      };
      resolve(ok({ reliable: true, localAddress: address, localPort: ownPort, send, close: life.close }));
    });
  });
}

function tlsPlace({ host, tls }: ChannelOptions): ConnectionOptions {
  const name = tls?.serverName ?? host;
  return {
    // A name for SNI must not be an address (RFC 6066 3).
    ...(/^[0-9.]+$|:/.test(name) ? {} : { servername: name }),
    ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
    rejectUnauthorized: tls?.verify ?? true,
  };
}

interface Life {
  readonly open: () => boolean;
  readonly failed: (error: NodeJS.ErrnoException) => void;
  readonly abort: () => void;
  readonly close: () => void;
}

/** Sees to it that a socket is closed once, whatever ends it, and that its owner hears of it once. */
function createLife(options: ChannelOptions, release: () => void, resolve: (result: Result<Channel>) => void): Life {
  let open = true;
  const close = (): void => {
    if (!open) return;
    open = false;
    options.signal.removeEventListener('abort', abort);
    release();
  };
  const gone = (fault: Fault): void => {
    if (!open) return;
    close();
    resolve({ ok: false, error: fault });
    options.onGone(fault);
  };
  const abort = (): void => gone(calledOff(placeOf(options)).error);
  return {
    open: () => open,
    failed: (error) => gone(socketFault(error, placeOf(options))),
    abort,
    close,
  };
}
