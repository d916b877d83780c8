/** The stream of registrations between the two nodes, over the encrypted connection of the pair. */
import type { Config } from '../config/config.ts';
import { listenAddress } from '../config/config.ts';
import type { Result } from '../core/result.ts';
import { rivalOf } from '../core/words.ts';
import type { PairKey } from '../peer/key.ts';
import { createPeerStream } from '../peer/stream.ts';
import type { Clock } from '../ports.ts';
import { type BaseOptions, createContactsBase } from '../replication/astdb/base.ts';
import { createContactsStream } from '../replication/astdb/stream.ts';
import type { Follower } from './agent.ts';

/** How often at most all registrations are read again, for the refreshed ones, of which Asterisk tells nothing. */
const REFRESH_MS = 1000;

export interface ContactsFollower extends Follower {
  /** Fails with `stream-listen`. */
  open(): Promise<Result<void>>;
}

/** Null where the stream is off, or there is no manager to read and write by. */
export const createContactsFollower = (
  config: Config,
  key: PairKey,
  manager: BaseOptions | null,
  clock: Clock,
): ContactsFollower | null => {
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
  stream.onTrouble((why) => {
    trouble = why;
  });
  const options = { refreshMs: REFRESH_MS, compareMs: astdb.resyncMs };
  const follower = createContactsStream(options, createContactsBase(manager, clock), stream.channel('contacts'), clock);
  return {
    open: () => stream.open(),
    start: () => follower.start(),
    setRight: (right) => follower.setRight(right),
    status: () => ({
      ...follower.status(),
      connected: stream.connected(),
      connection: stream.connected() ? null : trouble,
    }),
    stop: async () => {
      await stream.close();
      await follower.stop();
    },
  };
};
