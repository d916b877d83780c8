/** Server-sent events: everybody who looks hears of each change, none waits for another, and nobody who does not read keeps memory. */
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Instant } from '../../core/words.ts';
import type { EventByName, PairView } from '../contract.ts';
import type { Credential } from '../wire.ts';
import { createDiffer, type Differ } from './change.ts';
import { createRing, eventText } from './ring.ts';

export interface Viewer {
  readonly response: ServerResponse;
  /** Of one login or token; asked again whether it is still good. */
  readonly session: string;
  readonly credential: Credential | null;
  readonly lastEventId: string | null;
}

export interface Events {
  count(): number;
  countOf(session: string): number;
  /** The response's head has been sent. */
  add(viewer: Viewer, pair: PairView): void;
  pair(view: PairView): void;
  tell<N extends 'journal' | 'job'>(name: N, data: EventByName[N]): void;
  /** One of each session. */
  viewers(): readonly Viewer[];
  /** Ends the streams of a login that is over. */
  dismiss(session: string): void;
  stop(): void;
}

/** With nothing notable. */
const CHANGE_MS = 1000;
const COMMENT_MS = 15_000;
/** Above this a viewer gets nothing more until it has read; then the whole. */
const BEHIND_BYTES = 512 * 1024;
const BEHIND_MOST_MS = 30_000;
/** With nobody looking, changes are followed so long yet, for those who come back. */
const LINGER_MS = 30_000;

interface Seat {
  readonly viewer: Viewer;
  behindSince: number | null;
}

const bye = (response: ServerResponse, data: EventByName['bye']): void => {
  if (response.writable) response.end(`event: bye\ndata: ${JSON.stringify(data)}\n\n`);
};

/** Who has caught up gets the whole; who never does is let go. */
const catchUp = (seats: ReadonlySet<Seat>, whole: () => string, now: Instant): void => {
  for (const seat of seats) {
    if (seat.behindSince === null) continue;
    const { response } = seat.viewer;
    if (response.writableLength === 0) {
      seat.behindSince = null;
      response.write(whole());
    } else if (now - seat.behindSince > BEHIND_MOST_MS) response.destroy();
  }
};

/** `clock`: milliseconds since whenever. */
export const createEvents = (clock: () => Instant = () => performance.now()): Events => {
  const seats = new Set<Seat>();
  const ring = createRing(randomBytes(4).toString('hex'));
  let differ: Differ | null = null;
  let emptySince = Number.NEGATIVE_INFINITY;

  const whole = (given: Differ): string => eventText('pair', ring.last(), JSON.stringify(given.sent()));
  const write = (seat: Seat, text: string): void => {
    const { response } = seat.viewer;
    if (seat.behindSince === null && response.writableLength > BEHIND_BYTES) seat.behindSince = clock();
    if (seat.behindSince === null) response.write(text);
  };
  const broadcast = (name: string, data: unknown): void => {
    const text = ring.add(name, JSON.stringify(data));
    for (const seat of seats) write(seat, text);
  };
  const tend = (): void => {
    const sent = differ;
    if (sent !== null) catchUp(seats, () => whole(sent), clock());
  };
  const isIdle = (): boolean => seats.size === 0 && clock() - emptySince > LINGER_MS;
  const comment = setInterval(() => {
    for (const seat of seats) write(seat, ': still here\n\n');
  }, COMMENT_MS);

  return {
    count: () => seats.size,
    countOf: (session) => [...seats].filter(({ viewer }) => viewer.session === session).length,
    add: (viewer, pair) => {
      differ ??= createDiffer(pair, clock(), CHANGE_MS);
      const seat: Seat = { viewer, behindSince: null };
      const { response, lastEventId } = viewer;
      const missed = lastEventId === null ? null : ring.since(lastEventId);
      response.write(missed === null ? whole(differ) : `: you missed ${missed.length}\n\n${missed.join('')}`);
      seats.add(seat);
      response.once('close', () => {
        seats.delete(seat);
        if (seats.size === 0) emptySince = clock();
      });
    },
    pair: (view) => {
      if (isIdle()) differ = null;
      const change = differ?.next(view, clock()) ?? null;
      if (change !== null) broadcast('change', change);
      tend();
    },
    tell: (name, data) => {
      if (!isIdle()) broadcast(name, data);
    },
    viewers: () => [...new Map([...seats].map(({ viewer }) => [viewer.session, viewer])).values()],
    dismiss: (session) => {
      for (const { viewer } of seats)
        if (viewer.session === session) bye(viewer.response, { reason: 'session-over', retryMs: 0 });
    },
    stop: () => {
      clearInterval(comment);
      for (const { viewer } of seats) bye(viewer.response, { reason: 'server-stops', retryMs: 2000 });
    },
  };
};
