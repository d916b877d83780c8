import { buildResponse, newTag, type ResponseParts } from './build.ts';
import { refusalOf } from './judge.ts';
import { headerOf, type ReceivedRequest, serialize } from './message.ts';
import type { Target } from './transactions.ts';

/** One request that came in, and the way to answer it. */
export interface Incoming {
  readonly request: ReceivedRequest;
  readonly source: Target;
  /** Sends a response; an INVITE takes several, the last of them final. The To tag is the agent's, one for each request. */
  readonly respond: (parts: ResponseParts) => void;
  /** The tag that `respond` puts on To. */
  readonly toTag: string;
}

export interface ServerTransactionsOptions {
  readonly send: (bytes: Buffer, target: Target) => void;
  /** No ACK came within 32 s to the final response to this INVITE. */
  readonly onUnacknowledged?: ((request: ReceivedRequest) => void) | undefined;
  readonly t1Ms?: number;
  readonly t2Ms?: number;
}

export interface ServerTransactions {
  /**
   * Hands in a request; `onRequest` hears of it unless it is a repetition or was refused by the letter. A CANCEL is answered
   * here, and its INVITE with 487; `onRequest` hears of it all the same.
   */
  readonly receive: (request: ReceivedRequest, source: Target, onRequest: (incoming: Incoming) => void) => void;
  readonly close: () => void;
}

interface Served {
  readonly incoming: Incoming;
  readonly back: Target;
  last: Buffer | undefined;
  status: number;
  timer: NodeJS.Timeout | undefined;
}

/** RFC 3261's 64 * T1: how long a repetition of a request may come, and an ACK is waited for. */
const lifeMs = 32_000;

/** Names the transaction of a request (RFC 3261 17.2.3). */
function keyOf(request: ReceivedRequest, method = request.method): string {
  const [top] = request.vias;
  const branch = top.paramByName.get('branch') ?? '';
  if (/^z9hg4bk/i.test(branch)) return `${branch} ${top.host}:${top.port ?? 5060} ${method}`;
  // RFC 2543 had no such branch; what it compared instead.
  const tag = request.from.paramByName.get('tag') ?? '';
  return `${request.uri} ${tag} ${request.callId} ${request.sequence.number} ${headerOf(request, 'Via')} ${method}`;
}

/** An ACK to a 2xx has a branch of its own: call, sequence number and caller's tag tell which INVITE it is for. */
const callOf = ({ callId, sequence, from }: ReceivedRequest): string =>
  `${callId} ${sequence.number} ${from.paramByName.get('tag') ?? ''}`;

/** Where the response goes: back to the port it came from if `rport` is asked (RFC 3581), else to the port of Via. */
export function backOf(request: ReceivedRequest, source: Target): Target {
  const [top] = request.vias;
  return { address: source.address, port: top.paramByName.has('rport') ? source.port : (top.port ?? 5060) };
}

/** Server transactions over UDP (RFC 3261 17.2): a repetition gets the same answer, a final answer to INVITE is repeated until its ACK. */
export function createServerTransactions(options: ServerTransactionsOptions): ServerTransactions {
  const kept = createGenerations();
  const unacknowledgedByCall = new Map<string, Served>();
  const acknowledged = (call: string): void => {
    clearTimeout(unacknowledgedByCall.get(call)?.timer);
    unacknowledgedByCall.delete(call);
  };
  const answer = (served: Served, bytes: Buffer, status: number): void => {
    const { request } = served.incoming;
    if (served.status >= 200) return;
    served.last = bytes;
    served.status = status;
    options.send(bytes, served.back);
    if (request.method !== 'INVITE' || status < 200) return;
    unacknowledgedByCall.set(callOf(request), served);
    repeatUntilAck(served, bytes, options, () => {
      acknowledged(callOf(request));
      options.onUnacknowledged?.(request);
    });
  };
  const begin = (key: string, request: ReceivedRequest, source: Target): Served => {
    const toTag = newTag();
    const respond = (parts: ResponseParts): void =>
      answer(served, serialize(buildResponse(request, { toTag, ...parts })), parts.status);
    const incoming = { request, source, respond, toTag };
    const served: Served = { incoming, back: backOf(request, source), last: undefined, status: 0, timer: undefined };
    kept.add(key, served);
    return served;
  };
  const cancel = (served: Served): void => {
    const invite = kept.find(keyOf(served.incoming.request, 'INVITE'));
    const { respond } = served.incoming;
    respond(invite === undefined ? { status: 481, reason: 'No Such Transaction' } : { status: 200, reason: 'OK' });
    invite?.incoming.respond({ status: 487, reason: 'Request Terminated' });
  };
  return {
    close: () => {
      for (const call of unacknowledgedByCall.keys()) acknowledged(call);
    },
    receive: (request, source, onRequest) => {
      if (request.method === 'ACK') {
        acknowledged(callOf(request));
        onRequest({ request, source, respond: () => undefined, toTag: '' });
        return;
      }
      const key = keyOf(request);
      const known = kept.find(key);
      if (known !== undefined) {
        if (known.last !== undefined) options.send(known.last, known.back);
        return;
      }
      const served = begin(key, request, source);
      const refusal = refusalOf(request);
      if (request.method === 'CANCEL') cancel(served);
      else if (refusal !== undefined) served.incoming.respond(refusal);
      if (refusal === undefined) onRequest(served.incoming);
    },
  };
}

function repeatUntilAck(
  served: Served,
  bytes: Buffer,
  { send, t1Ms = 500, t2Ms = 4000 }: ServerTransactionsOptions,
  gaveUp: () => void,
): void {
  let pauseMs = t1Ms;
  let leftMs = lifeMs;
  const again = (): void => {
    leftMs -= pauseMs;
    pauseMs = Math.min(pauseMs * 2, t2Ms);
    if (leftMs <= 0) {
      gaveUp();
      return;
    }
    send(bytes, served.back);
    served.timer = setTimeout(again, pauseMs);
  };
  served.timer = setTimeout(again, pauseMs);
}

interface Generations {
  readonly add: (key: string, served: Served) => void;
  readonly find: (key: string) => Served | undefined;
}

/** What was served lately: two generations instead of a timer for each, so an entry lives one to two lives. */
function createGenerations(): Generations {
  let young = new Map<string, Served>();
  let old = new Map<string, Served>();
  let turnedMs = performance.now();
  return {
    find: (key) => young.get(key) ?? old.get(key),
    add: (key, served) => {
      if (performance.now() - turnedMs > lifeMs) {
        turnedMs = performance.now();
        old = young;
        young = new Map();
      }
      young.set(key, served);
    },
  };
}
