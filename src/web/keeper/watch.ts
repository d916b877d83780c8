/** Both nodes as they stand, from this node's agent, again and again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { watchPair } from '../../api/client.ts';
import type { OtherSnapshot } from '../../api/protocol.ts';
import type { NodeSnapshot } from '../../api/snapshot.ts';
import type { Instant, Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import type { PairView } from '../contract.ts';

export interface PairWatch {
  now(): PairView;
  stop(): void;
}

const WATCH_MS = 300;
const RETRY_MS = 500;
/** Without news it is told that there are none. */
const QUIET_MS: Millis = 1000;

interface Seen {
  readonly snapshot: NodeSnapshot;
  readonly at: Instant;
}

/** Calls with each change, and each second without one. */
export const createPairWatch = (socket: string, clock: Clock, onPair: (pair: PairView) => void): PairWatch => {
  const ended = new AbortController();
  let seen: Seen | null = null;
  let other: OtherSnapshot | null = null;
  let trouble: string | null = 'the agent has said nothing yet';
  let toldAt = 0;
  const now = (): PairView => {
    const instant = clock.now();
    return {
      wall: clock.wall(),
      this: seen?.snapshot ?? null,
      thisTrouble: trouble,
      thisMsAgo: seen === null ? null : Math.round(instant - seen.at),
      other: other === null ? null : { snapshot: other.snapshot, heardMsAgo: Math.round(instant - other.heardAt) },
    };
  };
  const tell = (): void => {
    toldAt = clock.now();
    onPair(now());
  };
  const look = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      const over = await watchPair(socket, WATCH_MS, ended.signal, (snapshot, news) => {
        if (snapshot.kind !== 'node') return;
        seen = { snapshot, at: clock.now() };
        other = news ?? other;
        trouble = null;
        tell();
      });
      trouble = over.ok ? 'the agent ended the connection' : over.error.message;
      if (!ended.signal.aborted) await sleep(RETRY_MS, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  };
  void look();
  const timer = setInterval(() => {
    if (clock.now() - toldAt >= QUIET_MS) tell();
  }, QUIET_MS / 2);
  return {
    now,
    stop: () => {
      ended.abort();
      clearInterval(timer);
    },
  };
};
