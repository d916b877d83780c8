/** Both nodes as they stand, from this node's agent, again and again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { askSnapshot, watchPair } from '../../api/client.ts';
import type { OtherSnapshot } from '../../api/protocol.ts';
import type { NodeSnapshot, Snapshot } from '../../api/snapshot.ts';
import type { Instant, Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import type { PairView } from '../contract.ts';

export interface PairWatch {
  now(): PairView;
  stop(): void;
}

const WATCH_MS = 300;
const RETRY_MS = 500;
/** Without news it is asked: nothing may have changed, or it may hang. */
const QUIET_MS: Millis = 1000;
const ANSWER_MS: Millis = 1500;

interface Seen {
  readonly snapshot: NodeSnapshot;
  readonly at: Instant;
}

/** Calls with each change, and each second without one. `trouble` says why what is shown is old. */
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
  const see = (snapshot: Snapshot): void => {
    if (snapshot.kind !== 'node') return;
    seen = { snapshot, at: clock.now() };
    trouble = null;
    tell();
  };
  const look = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      const over = await watchPair(socket, WATCH_MS, ended.signal, (snapshot, news) => {
        other = news ?? other;
        see(snapshot);
      });
      trouble = over.ok ? 'the agent ended the connection' : over.error.message;
      if (!ended.signal.aborted) await sleep(RETRY_MS, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  };
  void look();
  let asking = false;
  const askAgain = async (): Promise<void> => {
    asking = true;
    const asked = await askSnapshot(socket, ANSWER_MS);
    asking = false;
    if (ended.signal.aborted) return;
    if (asked.ok) return see(asked.value);
    trouble = asked.error.message;
    tell();
  };
  const timer = setInterval(() => {
    if (clock.now() - toldAt < QUIET_MS) return;
    if (clock.now() - (seen?.at ?? 0) >= QUIET_MS && !asking) void askAgain();
    else tell();
  }, QUIET_MS / 2);
  return {
    now,
    stop: () => {
      ended.abort();
      clearInterval(timer);
    },
  };
};
