import { ok, type Result } from '../../src/core/result.ts';
import { buildRequest, hostText, newTag } from '../../src/sip/build.ts';
import { headerOf, serialize } from '../../src/sip/message.ts';
import { parseMessage } from '../../src/sip/parse.ts';
import { monotonicMs, startTicker } from './clock.ts';
import { domainOf, followServer, type Server } from './follow.ts';
import { type Ask, judgeOutage, type OutageReport } from './outage.ts';
import { openUdp } from './udp.ts';

export interface ProbePlan {
  readonly name: string;
  readonly localAddress: string;
  readonly server: Server;
  /** Default 10. */
  readonly intervalMs?: number;
  /** Default 200: see `Window.answerWithinMs`. */
  readonly answerWithinMs?: number;
  /** Asks in the name of this user: Asterisk counts and slows down those whom it does not know. */
  readonly user: string;
  /** The host part of the addresses; default: the server's name or address. */
  readonly domain?: string;
}

export interface Prober {
  /** Judges what was asked in a window of `monotonicMs`; until now, if no end is given. */
  readonly report: (sinceMs: number, untilMs?: number) => OutageReport;
  readonly stop: () => void;
}

const branchStart = 'z9hG4bKprobe-';
const numberWidth = 9;

type Filling = { -readonly [Name in keyof Ask]: Ask[Name] };

/**
 * Asks a SIP server without pause whether it is there: one OPTIONS each interval, never repeated, each a transaction and a
 * call of its own. Only a well-formed final answer from the address asked counts; any status does but 503.
 */
export async function startProber(plan: ProbePlan): Promise<Result<Prober>> {
  const ended = new AbortController();
  const followed = await followServer(plan.server, ended.signal);
  if (!followed.ok) return followed;
  const server = followed.value;
  // Not connected: a pending ICMP error would swallow the next ask.
  const opened = await openUdp(plan.localAddress);
  if (!opened.ok) return opened;
  const socket = opened.value;
  const asks: Filling[] = [];
  const compose = composer(plan, socket.address().port);
  const read = createReader();
  socket.on('message', (bytes, from) => {
    const answeredMs = monotonicMs();
    const answer = from.address === server.address && from.port === server.port ? read(bytes) : undefined;
    const ask = answer === undefined || answer.status < 200 ? undefined : asks[answer.index];
    if (answer === undefined || ask === undefined || ask.answeredMs !== undefined) return;
    // A passive node that tells callers to go on serves nobody.
    if (answer.status === 503) return;
    ask.answeredMs = answeredMs;
    ask.status = answer.status;
    ask.by = answer.by;
  });
  const ticker = startTicker(plan.intervalMs ?? 10, (lateMs) => {
    const bytes = compose(asks.length);
    asks.push({ sentMs: monotonicMs(), lateMs });
    socket.send(bytes, server.port, server.address, () => undefined);
  });
  return ok({
    report: (sinceMs, untilMs = monotonicMs()) =>
      judgeOutage(asks, { sinceMs, untilMs, answerWithinMs: plan.answerWithinMs ?? 200 }),
    stop: () => {
      ended.abort();
      ticker.stop();
      socket.close();
    },
  });
}

/** Makes each ask by writing its number into one message: cheaper than building a message a hundred times a second. */
function composer(plan: ProbePlan, localPort: number): (index: number) => Buffer {
  const host = hostText(plan.domain ?? domainOf(plan.server));
  const own = hostText(plan.localAddress);
  const blank = '#'.repeat(numberWidth);
  const request = buildRequest({
    method: 'OPTIONS',
    uri: `sip:${host}`,
    via: { transport: 'UDP', host: plan.localAddress, port: localPort },
    from: `<sip:${plan.user}@${host}>;tag=${newTag()}`,
    to: `<sip:${host}>`,
    callId: `${newTag()}-${blank}`,
    sequence: 1,
    branch: `${branchStart}000`,
    headers: [
      { name: 'Contact', value: `<sip:${plan.user}@${own}:${localPort}>` },
      { name: 'Accept', value: 'application/sdp' },
    ],
  });
  const text = serialize(request).toString().replace(`${branchStart}000`, `${branchStart}${blank}`);
  const places = [text.indexOf(blank), text.lastIndexOf(blank)];
  return (index) => {
    // A fresh buffer each time: the former may still be on its way out.
    const bytes = Buffer.from(text, 'latin1');
    const digits = String(index).padStart(numberWidth, '0');
    for (const place of places) bytes.write(digits, place, 'latin1');
    return bytes;
  };
}

interface Answer {
  readonly index: number;
  readonly status: number;
  readonly by: string | undefined;
}

/** Takes a proper answer apart; undefined for anything else. */
function readStrictly(bytes: Buffer): Answer | undefined {
  const message = parseMessage(bytes);
  if (!message.ok || message.value.kind !== 'response') return undefined;
  const branch = message.value.vias[0].paramByName.get('branch') ?? '';
  if (!branch.startsWith(branchStart)) return undefined;
  const by = headerOf(message.value, 'Server') ?? headerOf(message.value, 'User-Agent');
  return { index: Number(branch.slice(branchStart.length)), status: message.value.status, by };
}

/**
 * Reads answers at a tenth of the cost of the strict parser, which would be most of the prober's own: what begins like an answer and
 * bears an ask's number. The strict parser has its say when status or server differ from the last answer, and at each fiftieth.
 */
function createReader(): (bytes: Buffer) => Answer | undefined {
  let last: Answer | undefined;
  let sinceStrict = 0;
  return (bytes) => {
    const text = bytes.toString('latin1');
    const at = text.indexOf(branchStart) + branchStart.length;
    const status = text.startsWith('SIP/2.0 ') ? Number(text.slice(8, 11)) : 0;
    const serverAt = text.indexOf('\r\nServer: ');
    const by = serverAt < 0 ? undefined : text.slice(serverAt + 10, text.indexOf('\r\n', serverAt + 10));
    sinceStrict += 1;
    if (last === undefined || status !== last.status || by !== last.by || sinceStrict >= 50) {
      sinceStrict = 0;
      last = readStrictly(bytes);
      return last;
    }
    return { index: Number(text.slice(at, at + numberWidth)), status, by };
  };
}
