import { type Fault, fail, ok, type Result } from '../core/result.ts';
import { buildAck } from './build.ts';
import { parseVias } from './fields.ts';
import type { ReceivedResponse, SipRequest } from './message.ts';
import { serialize } from './message.ts';

/** Where a datagram goes; a connected channel does not look at it. */
export interface Target {
  readonly address: string;
  readonly port: number;
}

export interface RequestOptions {
  readonly target?: Target | undefined;
  /** The whole wait for a final response; RFC 3261's own is 32 s (timers B and F). */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProvisional?: ((response: ReceivedResponse) => void) | undefined;
}

export interface TransactionsOptions {
  /** TCP and TLS: nothing is repeated. */
  readonly reliable: boolean;
  readonly send: (bytes: Buffer, target: Target | undefined) => void;
  /** RFC 3261's T1 and T2, the estimate of a round trip and the longest pause between repetitions. */
  readonly t1Ms?: number;
  readonly t2Ms?: number;
}

export interface Transactions {
  /** Sends a request and gives its final response. Faults: `sip-timeout`, `sip-aborted`, or what `failAll` was given. */
  readonly request: (message: SipRequest, options: RequestOptions) => Promise<Result<ReceivedResponse>>;
  /** Hands in a response; false when it belongs to no request under way. */
  readonly receive: (response: ReceivedResponse) => boolean;
  /** Ends every request under way with this fault: the transport is gone. */
  readonly failAll: (fault: Fault) => void;
  readonly size: () => number;
}

interface Pending {
  readonly receive: (response: ReceivedResponse) => void;
  readonly end: (result: Result<ReceivedResponse>) => void;
}

/** How long a final response to INVITE may come again and gets its ACK again (timer D). */
const lingerMs = 32_000;

const keyOf = (branch: string, method: string): string => `${branch} ${method}`;

/** Client transactions (RFC 3261 17.1) over any channel. One for each socket; it holds no socket itself. */
export function createTransactions(options: TransactionsOptions): Transactions {
  const pendingByKey = new Map<string, Pending>();
  const ackByKey = createAcks(options);
  return {
    size: () => pendingByKey.size,
    failAll: (fault) => {
      // A Map may lose its entries while it is walked.
      for (const pending of pendingByKey.values()) pending.end({ ok: false, error: fault });
      ackByKey.clear();
    },
    receive: (response) => {
      const key = keyOf(response.vias[0].paramByName.get('branch') ?? '', response.sequence.method);
      const pending = pendingByKey.get(key);
      pending?.receive(response);
      return pending !== undefined || ackByKey.repeat(key);
    },
    request: (message, requestOptions) =>
      new Promise((resolve) => {
        const branch = branchOf(message);
        const key = keyOf(branch, message.method);
        const keepAck = (ack: Buffer): void => ackByKey.keep(key, ack, requestOptions.target);
        const forget = (result: Result<ReceivedResponse>): void => {
          pendingByKey.delete(key);
          resolve(result);
        };
        const pending = begin(message, options, requestOptions, keepAck, forget);
        if (pending !== undefined) pendingByKey.set(key, pending);
      }),
  };
}

function branchOf(message: SipRequest): string {
  const via = message.headers.find(({ name }) => name === 'Via');
  const field = parseVias(via?.value ?? '');
  const branch = 'value' in field ? field.value[0]?.paramByName.get('branch') : undefined;
  if (branch === undefined) throw new Error('a request without a branch cannot be matched with its response');
  return branch;
}

interface Acks {
  readonly keep: (key: string, ack: Buffer, target: Target | undefined) => void;
  readonly repeat: (key: string) => boolean;
  readonly clear: () => void;
}

function createAcks({ reliable, send }: TransactionsOptions): Acks {
  const ackByKey = new Map<
    string,
    { readonly ack: Buffer; readonly target: Target | undefined; readonly untilMs: number }
  >();
  const dropOld = (): void => {
    const nowMs = performance.now();
    for (const [key, { untilMs }] of ackByKey) {
      if (untilMs > nowMs) return;
      ackByKey.delete(key);
    }
  };
  return {
    keep: (key, ack, target) => {
      send(ack, target);
      dropOld();
      if (!reliable) ackByKey.set(key, { ack, target, untilMs: performance.now() + lingerMs });
    },
    repeat: (key) => {
      const kept = ackByKey.get(key);
      if (kept !== undefined) send(kept.ack, kept.target);
      return kept !== undefined;
    },
    clear: () => ackByKey.clear(),
  };
}

/** Starts one transaction; undefined if it ended at once because its signal was already aborted. */
function begin(
  message: SipRequest,
  { reliable, send, t1Ms = 500, t2Ms = 4000 }: TransactionsOptions,
  { target, timeoutMs, signal, onProvisional }: RequestOptions,
  keepAck: (ack: Buffer) => void,
  forget: (result: Result<ReceivedResponse>) => void,
): Pending | undefined {
  const invite = message.method === 'INVITE';
  const bytes = serialize(message);
  let pauseMs = t1Ms;
  let repeatTimer: NodeJS.Timeout | undefined;
  const aborted = (): void => end(fail('sip-aborted', `${message.method} was called off.`, 'Nothing to do.'));
  const end = (result: Result<ReceivedResponse>): void => {
    clearTimeout(repeatTimer);
    clearTimeout(deadline);
    signal?.removeEventListener('abort', aborted);
    forget(result);
  };
  const repeat = (): void => {
    pauseMs = invite ? pauseMs * 2 : Math.min(pauseMs * 2, t2Ms);
    repeatTimer = setTimeout(repeat, pauseMs);
    send(bytes, target);
  };
  const deadline = setTimeout(() => {
    end(
      fail(
        'sip-timeout',
        `No answer to ${message.method} within ${timeoutMs} ms.`,
        'Check that the server runs and is reached.',
      ),
    );
  }, timeoutMs);
  const receive = (response: ReceivedResponse): void => {
    if (response.status >= 200) {
      if (invite && response.status >= 300) keepAck(serialize(buildAck(message, response)));
      end(ok(response));
      return;
    }
    // A provisional response ends the repetition of INVITE, and slows that of others to T2 (RFC 3261 17.1.1.2, 17.1.2.2).
    if (invite) clearTimeout(repeatTimer);
    else pauseMs = t2Ms;
    onProvisional?.(response);
  };
  if (signal?.aborted === true) {
    aborted();
    return undefined;
  }
  signal?.addEventListener('abort', aborted, { once: true });
  if (!reliable) repeatTimer = setTimeout(repeat, t1Ms);
  send(bytes, target);
  return { receive, end };
}
