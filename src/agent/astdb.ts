/** The stream of AstDB between the two nodes, over the encrypted connection of the pair. */
import type { Config } from '../config/config.ts';
import { listenAddress } from '../config/config.ts';
import type { Result } from '../core/result.ts';
import { type Instant, rivalOf } from '../core/words.ts';
import type { PairKey } from '../peer/key.ts';
import { createPeerStream } from '../peer/stream.ts';
import type { Clock } from '../ports.ts';
import type { AriOptions } from '../replication/astdb/ari.ts';
import { createAstDbBase } from '../replication/astdb/base.ts';
import type { ManagerOptions } from '../replication/astdb/manager.ts';
import { type AstDbStatus, createAstDbStream } from '../replication/astdb/stream.ts';
import type { Follower } from './agent.ts';

/** How often Asterisk is asked whether it wrote anything; the question costs it and us a fifth of a millisecond. */
const POLL_MS = 200;

export interface AstDbFollower extends Follower {
  /** Fails with `stream-listen`. */
  open(): Promise<Result<void>>;
  status(): AstDbStatus & { readonly connected: boolean; readonly connection: string | null };
}

/** Null where the stream is off, or there is no manager to read and write by. `ari` makes states of endpoints follow at once. */
export const createAstDbFollower = (
  config: Config,
  key: PairKey,
  manager: ManagerOptions | null,
  ari: AriOptions | null,
  clock: Clock,
): AstDbFollower | null => {
  const { astdb } = config.streams;
  if (!astdb.enabled || manager === null) return null;
  const { role } = config.node;
  const stream = createPeerStream({
    self: role,
    peer: rivalOf(role),
    key,
    listen: { address: listenAddress(config), port: config.listen.port },
    remote: { address: config.peer.address, port: config.peer.port },
  });
  let trouble: string | null = null;
  let lostAt: Instant | null = clock.now();
  stream.onTrouble((why) => {
    trouble = why;
    lostAt ??= clock.now();
  });
  const base = createAstDbBase({ manager, ari, rules: { include: astdb.include, exclude: astdb.exclude } }, clock);
  const channel = stream.channel('astdb');
  channel.onConnected(() => {
    lostAt = null;
  });
  const options = { pollMs: POLL_MS, compareMs: astdb.resyncMs };
  const follower = createAstDbStream(options, base, channel, clock);
  return {
    open: () => stream.open(),
    start: () => follower.start(),
    setRight: (right) => follower.setRight(right),
    status: () => {
      const connected = stream.connected();
      const status = follower.status();
      if (connected) return { ...status, connected, connection: null };
      const silentMs = lostAt === null ? 0 : clock.now() - lostAt;
      const lagMs = status.lastSuccess === null ? null : POLL_MS + silentMs;
      return { ...status, lagMs, connected, connection: trouble };
    },
    stop: async () => {
      await stream.close();
      await follower.stop();
    },
  };
};
