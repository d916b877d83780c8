import type { RemoteInfo } from 'node:dgram';
import { ok, type Result } from '../../src/core/result.ts';
import { buildRequest, hostText, newTag } from '../../src/sip/build.ts';
import { headerOf, serialize } from '../../src/sip/message.ts';
import { parseMessage } from '../../src/sip/parse.ts';
import type { Target } from '../../src/sip/transactions.ts';
import { monotonicMs, startTicker } from './clock.ts';
import { type Ask, judgeOutage, type OutageReport } from './outage.ts';
import { openUdp } from './udp.ts';

export interface ProbePlan {
  readonly name: string;
  readonly localAddress: string;
  readonly server: Target;
  /** Default 10. */
  readonly intervalMs?: number;
  /** Default 200: see `Window.answerWithinMs`. */
  readonly answerWithinMs?: number;
  /** Asks in the name of this user: Asterisk counts and slows down those whom it does not know. */
  readonly user: string;
  /** The host part of the addresses; default: the server's address. */
  readonly domain?: string;
}

export interface Prober {
  /** Judges what was asked in a window of `monotonicMs`; until now, if no end is given. */
  readonly report: (sinceMs: number, untilMs?: number) => OutageReport;
  readonly stop: () => void;
}

type Filling = { -readonly [Name in keyof Ask]: Ask[Name] };

/**
 * Asks a SIP server without pause whether it is there: one OPTIONS each interval, never repeated, each a transaction and a
 * call of its own. Only a well-formed final answer from the address asked counts; any status does.
 */
export async function startProber(plan: ProbePlan): Promise<Result<Prober>> {
  // Not connected: a pending ICMP error would swallow the next ask.
  const opened = await openUdp(plan.localAddress);
  if (!opened.ok) return opened;
  const socket = opened.value;
  const asks: Filling[] = [];
  const { server } = plan;
  const compose = composer(plan, socket.address().port);
  socket.on('message', (bytes, from) => noteAnswer(asks, bytes, from, server));
  const ticker = startTicker(plan.intervalMs ?? 10, (lateMs) => {
    const bytes = compose(asks.length);
    asks.push({ sentMs: monotonicMs(), lateMs });
    socket.send(bytes, server.port, server.address, () => undefined);
  });
  return ok({
    report: (sinceMs, untilMs = monotonicMs()) =>
      judgeOutage(asks, { sinceMs, untilMs, answerWithinMs: plan.answerWithinMs ?? 200 }),
    stop: () => {
      ticker.stop();
      socket.close();
    },
  });
}

/** Makes each ask from one text, by putting its number in: cheaper than building a message a hundred times a second. */
function composer(plan: ProbePlan, localPort: number): (index: number) => Buffer {
  const host = hostText(plan.domain ?? plan.server.address);
  const mark = `N${newTag()}N`;
  const own = hostText(plan.localAddress);
  const request = buildRequest({
    method: 'OPTIONS',
    uri: `sip:${host}`,
    via: { transport: 'UDP', host: plan.localAddress, port: localPort },
    from: `<sip:${plan.user}@${host}>;tag=${newTag()}`,
    to: `<sip:${host}>`,
    callId: `${mark}@dualtone-lab`,
    sequence: 1,
    branch: `z9hG4bKprobe-${mark}`,
    headers: [
      { name: 'Contact', value: `<sip:${plan.user}@${own}:${localPort}>` },
      { name: 'Accept', value: 'application/sdp' },
    ],
  });
  const pieces = serialize(request).toString().split(mark);
  return (index) => Buffer.from(pieces.join(String(index)));
}

function noteAnswer(asks: Filling[], bytes: Buffer, from: RemoteInfo, server: Target): void {
  const answeredMs = monotonicMs();
  if (from.address !== server.address || from.port !== server.port) return;
  const message = parseMessage(bytes);
  if (!message.ok || message.value.kind !== 'response' || message.value.status < 200) return;
  const index = /^z9hG4bKprobe-([0-9]+)$/.exec(message.value.vias[0].paramByName.get('branch') ?? '')?.[1];
  const ask = asks[Number(index ?? -1)];
  if (ask === undefined || ask.answeredMs !== undefined) return;
  ask.answeredMs = answeredMs;
  ask.status = message.value.status;
  ask.by = headerOf(message.value, 'Server') ?? headerOf(message.value, 'User-Agent');
}
