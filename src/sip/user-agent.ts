import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { fail, ok, type Result } from '../core/result.ts';
import { socketFault } from './channel.ts';
import { type ReceivedRequest, type ReceivedResponse, type SipRequest, serialize } from './message.ts';
import { parseMessage } from './parse.ts';
import { createServerTransactions, type Incoming } from './server-transactions.ts';
import { createTransactions, type RequestOptions, type Target } from './transactions.ts';

export interface UserAgentOptions {
  readonly localAddress: string;
  /** 0: the system chooses. */
  readonly localPort: number;
  /** Each request once, however often it is repeated; ACK and CANCEL too. */
  readonly onRequest: (incoming: Incoming) => void;
  /** Sees every packet before anything else is done with it, garbage too. */
  readonly onPacket?: ((bytes: Buffer, source: Target) => void) | undefined;
  /** A response to nothing under way; the repetition of a 2xx to INVITE wants its ACK again. */
  readonly onStrayResponse?: ((response: ReceivedResponse) => void) | undefined;
  /** No acknowledgement came within 32 s to a final response to this INVITE. */
  readonly onUnacknowledged?: ((request: ReceivedRequest) => void) | undefined;
  /** RFC 3261's T1, half a second by default: the first pause before a request or final answer is repeated. */
  readonly t1Ms?: number;
  readonly signal: AbortSignal;
}

/** A SIP user agent on one UDP port: client and server transactions, nothing about dialogs. */
export interface UserAgent {
  readonly localAddress: string;
  readonly localPort: number;
  /** See `Transactions.request`; the target is needed. */
  readonly request: (
    message: SipRequest,
    options: RequestOptions & { readonly target: Target },
  ) => Promise<Result<ReceivedResponse>>;
  /** Sends what expects no response: an ACK, or a question that is not repeated. */
  readonly send: (message: SipRequest, target: Target) => void;
  /** Packets that were no SIP, or answers to nothing asked. */
  readonly strays: () => number;
  readonly close: () => void;
}

/** Opens a user agent. Faults: those of the socket (`sip-local-address`, `sip-transport`), `sip-aborted`. */
export function openUserAgent(options: UserAgentOptions): Promise<Result<UserAgent>> {
  const { localAddress, localPort, signal } = options;
  if (signal.aborted) return Promise.resolve(fail('sip-aborted', 'The user agent was called off.', 'Nothing to do.'));
  // All targets are addresses: no resolver on the way of a packet.
  const family = isIPv6(localAddress) ? 6 : 4;
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    recvBufferSize: 1 << 20,
    lookup: (host, _options, done) => done(null, host, family),
  });
  const gone = new AbortController();
  const sendBytes = (bytes: Buffer, target: Target | undefined): void => {
    // An error of one datagram (no route, no buffer) is a lost datagram, which SIP repeats.
    if (target !== undefined && !gone.signal.aborted) socket.send(bytes, target.port, target.address, () => undefined);
  };
  const t1Ms = options.t1Ms ?? 500;
  const client = createTransactions({ reliable: false, send: sendBytes, t1Ms });
  const server = createServerTransactions({ send: sendBytes, onUnacknowledged: options.onUnacknowledged, t1Ms });
  let strays = 0;
  const close = (): void => {
    if (gone.signal.aborted) return;
    gone.abort();
    signal.removeEventListener('abort', close);
    client.failAll(fail('sip-aborted', 'The user agent was closed.', 'Nothing to do.').error);
    server.close();
    socket.close();
  };
  const receive = (bytes: Buffer, source: Target): void => {
    options.onPacket?.(bytes, source);
    const message = parseMessage(bytes);
    if (!message.ok) strays += message.error.code === 'sip-empty' ? 0 : 1;
    else if (message.value.kind === 'request') server.receive(message.value, source, options.onRequest);
    else if (!client.receive(message.value)) {
      strays += 1;
      options.onStrayResponse?.(message.value);
    }
  };
  return new Promise((resolve) => {
    socket.on('error', (error) => {
      close();
      resolve({ ok: false, error: socketFault(error, `${localAddress}:${localPort}`) });
    });
    socket.on('message', receive);
    signal.addEventListener('abort', close, { once: true });
    socket.bind({ address: localAddress, port: localPort, exclusive: true }, () => {
      const { address, port } = socket.address();
      resolve(
        ok({
          localAddress: address,
          localPort: port,
          request: client.request,
          send: (message, target) => sendBytes(serialize(message), target),
          strays: () => strays,
          close,
        }),
      );
    });
  });
}
