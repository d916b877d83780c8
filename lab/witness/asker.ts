import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { buildRequest, newTag } from '../../src/sip/build.ts';
import { serialize } from '../../src/sip/message.ts';
import { monotonicMs, startTicker } from '../phones/clock.ts';
import type { Testimony, WitnessPlan } from './protocol.ts';
import { type Arrival, intervalsOf } from './serving.ts';

const sipPort = 5060;

export interface Asker {
  readonly report: (sinceMs: number, untilMs: number) => Testimony;
  readonly stop: () => void;
}

/** One OPTIONS, with a mark where each ask has its number. */
const question = (plan: WitnessPlan, localPort: number, mark: string): readonly string[] =>
  serialize(
    buildRequest({
      method: 'OPTIONS',
      uri: `sip:${plan.server}`,
      via: { transport: 'UDP', host: plan.localAddress, port: localPort },
      from: `<sip:${plan.user}@${plan.server}>;tag=${newTag()}`,
      to: `<sip:${plan.server}>`,
      callId: `${mark}@witness`,
      sequence: 1,
      branch: `z9hG4bKwitness-${mark}`,
      headers: [{ name: 'Contact', value: `<sip:${plan.user}@${plan.localAddress}:${localPort}>` }],
    }),
  )
    .toString()
    .split(mark);

/** A passive node may tell callers to go on: then it was heard, and serves nobody. */
const isRefused = (bytes: Buffer): boolean => bytes.toString('latin1', 0, 11) === 'SIP/2.0 503';

/**
 * Asks again and again, and notes every answer's arrival however late: it does not judge whether a telephone would have been content,
 * but whether the node spoke. Rejects when the socket cannot be opened.
 */
export const startAsker = async (plan: WitnessPlan): Promise<Asker> => {
  const periodMs = plan.intervalMs ?? 10;
  const socket = createSocket('udp4');
  socket.bind(0, plan.localAddress);
  await once(socket, 'listening');
  const mark = `N${newTag()}N`;
  const pieces = question(plan, socket.address().port, mark);
  const asks: number[] = [];
  const arrivals: Arrival[] = [];
  let lookedMs = monotonicMs();
  let isLooking = false;
  // Runs when all that had come in has been read.
  const looked = (): void => {
    isLooking = false;
    lookedMs = monotonicMs();
  };
  const look = (): void => {
    if (!isLooking) setImmediate(looked);
    isLooking = true;
  };
  socket.on('message', (bytes, from) => {
    look();
    if (isRefused(bytes)) return;
    if (from.address === plan.server && from.port === sipPort) arrivals.push({ lookedMs, readMs: monotonicMs() });
  });
  socket.on('error', () => undefined);
  const ticker = startTicker(periodMs, () => {
    look();
    asks.push(monotonicMs());
    socket.send(pieces.join(String(asks.length)), sipPort, plan.server, () => undefined);
  });
  return {
    report: (sinceMs, untilMs) => {
      const within = (atMs: number): boolean => atMs >= sinceMs && atMs <= untilMs;
      const inside = arrivals.filter(({ readMs }) => within(readMs));
      return {
        asked: asks.filter(within).length,
        answers: inside.length,
        served: intervalsOf(inside, 2.5 * periodMs),
        lastMs: arrivals.at(-1)?.readMs,
      };
    },
    stop: () => {
      ticker.stop();
      socket.close();
    },
  };
};
