/** What the agent has of its replicator: the process, the note of the terms in which this node served, and the way to the other's. */
import { type Config, isCopying } from '../../config/config.ts';
import type { Result } from '../../core/result.ts';
import type { Clock } from '../../ports.ts';
import type { StreamProgress, StreamRight } from '../../replication/stream.ts';
import type { Work } from '../../replicator/protocol.ts';
import { createTerms } from '../terms.ts';
import { createReplicator, type Replicator, type ReplicatorListeners, type ReplicatorStatus } from './replicator.ts';

/** The channel of the pair's stream on which the two replicators talk. */
export interface PeerTalk {
  send(message: unknown): boolean;
  onMessage(listener: (message: unknown) => void): void;
  onConnected(listener: () => void): void;
}

export interface Replication {
  start(listeners: Pick<ReplicatorListeners, 'note' | 'say' | 'mayReturn'>): void;
  setRight(right: StreamRight): void;
  status(): ReplicatorStatus | null;
  trouble(): string | null;
  work(work: Work, onProgress: (progress: StreamProgress) => void, signal: AbortSignal): Promise<Result<unknown>>;
  /** Begins anew, with the configuration as it is now. */
  again(): void;
  stop(): Promise<void>;
}

const NOT_HOME = 'what was left on this node while it served is not known to be at home yet';

/** Null where nothing but AstDB follows. `argv` runs this program. */
export const createReplication = (
  config: Config,
  argv: readonly string[],
  talk: PeerTalk,
  clock: Clock,
): Replication | null => {
  if (!isCopying(config)) return null;
  let heard: Pick<ReplicatorListeners, 'note' | 'say' | 'mayReturn'> | null = null;
  const keepsTerms = config.node.role === 'standby';
  const terms = createTerms(`${config.stateDir}/terms.json`, (why) =>
    heard?.say('alarm', 'terms-not-kept', `The note of when this node served cannot be kept: ${why}.`),
  );
  const replicator: Replicator = createReplicator(argv, clock, {
    note: (kind, data) => heard?.note(kind, data),
    say: (level, code, text) => heard?.say(level, code, text),
    mayReturn: (ready, why) => heard?.mayReturn(ready, why),
    settled: (untilEpoch) => {
      terms.settle(untilEpoch);
      replicator.setTerms(terms.all());
    },
    toPeer: (message) => void talk.send(message),
  });
  talk.onMessage((message) => replicator.fromPeer(message));
  talk.onConnected(() => replicator.peerConnected());
  return {
    start: (listeners) => {
      heard = listeners;
      replicator.setTerms(terms.all());
      replicator.start();
      // Until the replicator knows better, nothing speaks for giving service back.
      if (config.streams.merge.automatic && terms.all().some(({ settled }) => !settled))
        listeners.mayReturn(false, NOT_HOME);
    },
    setRight: (right) => {
      if (keepsTerms) {
        terms.follow(right.holding, clock.wall());
        replicator.setTerms(terms.all());
      }
      replicator.setRight(right);
    },
    status: () => replicator.status(),
    trouble: () => replicator.trouble(),
    work: (work, onProgress, signal) => replicator.work(work, onProgress, signal),
    again: () => replicator.again(),
    stop: async () => {
      await replicator.stop();
      await terms.kept();
    },
  };
};
