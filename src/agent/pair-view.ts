/** Each node shows the other how it stands, while somebody there looks at both. Nothing is decided by it. */
import type { OtherSnapshot } from '../api/protocol.ts';
import { type NodeSnapshot, SNAPSHOT_VERSION } from '../api/snapshot.ts';
import { isRecord } from '../core/words.ts';
import type { Clock } from '../ports.ts';
import type { PeerTalk } from './beside/replication.ts';

export interface PairView {
  /** `show` is asked while the other node wants it. */
  start(show: () => NodeSnapshot): void;
  /** What came last; asking also has the other go on showing itself for a while. */
  other(): OtherSnapshot | null;
  stop(): void;
}

const SHOW_MS = 500;
/** A wish lasts so long, and is told again before that. */
const WISH_MS = 10_000;
const WISH_AGAIN_MS = 4000;

/** It comes over the pair's own stream; another version may lack what is shown. */
const snapshotIn = (message: unknown): NodeSnapshot | null => {
  if (!isRecord(message) || message['type'] !== 'shown' || !isRecord(message['snapshot'])) return null;
  const { kind, version, headline, explanation, protection, streams } = message['snapshot'];
  const fits = kind === 'node' && version === SNAPSHOT_VERSION;
  return fits && [headline, explanation, protection, streams].every(isRecord)
    ? (message['snapshot'] as unknown as NodeSnapshot)
    : null;
};

export const createPairView = (talk: PeerTalk, clock: Clock): PairView => {
  let show: (() => NodeSnapshot) | null = null;
  let heard: OtherSnapshot | null = null;
  let wantedUntil = 0;
  let wishedAt = Number.NEGATIVE_INFINITY;
  let cancel: (() => void) | null = null;
  const tell = (): void => {
    cancel = null;
    if (show === null || clock.now() > wantedUntil) return;
    talk.send({ type: 'shown', snapshot: show() });
    cancel = clock.at(clock.now() + SHOW_MS, tell);
  };
  talk.onMessage((message) => {
    if (isRecord(message) && message['type'] === 'show') {
      wantedUntil = clock.now() + WISH_MS;
      if (cancel === null) tell();
      return;
    }
    const snapshot = snapshotIn(message);
    if (snapshot !== null) heard = { snapshot, heardAt: clock.now() };
  });
  talk.onConnected(() => {
    wishedAt = Number.NEGATIVE_INFINITY;
  });
  return {
    start: (given) => {
      show = given;
    },
    other: () => {
      const now = clock.now();
      if (now - wishedAt > WISH_AGAIN_MS && talk.send({ type: 'show' })) wishedAt = now;
      return heard;
    },
    stop: () => {
      show = null;
      cancel?.();
    },
  };
};
