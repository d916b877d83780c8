/** The one encrypted stream between the two nodes, and all that travels on it. */
import { type Config, listenAddress } from '../config/config.ts';
import type { Result } from '../core/result.ts';
import { type Instant, rivalOf } from '../core/words.ts';
import { createPeerStream, type PeerStream, type PeerStreamOptions } from '../peer/stream.ts';
import type { Clock } from '../ports.ts';
import type { OwnKeys } from './keys.ts';

export interface PairStream extends Pick<PeerStream, 'open' | 'channel' | 'connected' | 'close'> {
  /** Why there is no connection, in words; null while there is one, or nothing is known. */
  trouble(): string | null;
  /** Since when there has been none, null while there is one. */
  lostAt(): Instant | null;
  /** Goes on with the machine that took the other's place. Fails with `stream-listen`. */
  renew(config: Config, keys: OwnKeys): Promise<Result<void>>;
}

/** Loopback port at which the main finds the standby's through SSH (`streams.link: ssh`). */
export const sshStreamPort = (config: Config): number => config.listen.port;

const remoteOf = (config: Config): { readonly address: string; readonly port: number } =>
  config.streams.link === 'ssh'
    ? { address: '127.0.0.1', port: sshStreamPort(config) }
    : { address: config.peer.address, port: config.peer.port };

/** Through SSH the main arrives at this node's loopback, and nobody else need reach it. */
const streamAddress = (config: Config): string => (config.streams.link === 'ssh' ? '127.0.0.1' : listenAddress(config));

const otherOf = (
  config: Config,
  { pair, identity }: OwnKeys,
): Pick<PeerStreamOptions, 'key' | 'pinned' | 'remote'> => ({
  key: pair,
  pinned: identity === null || config.peer.pin === null ? null : { identity, peer: config.peer.pin },
  remote: remoteOf(config),
});

/** The main opens the connection. */
export const createPairStream = (config: Config, keys: OwnKeys, clock: Clock): PairStream => {
  const { role } = config.node;
  const stream = createPeerStream({
    self: role,
    peer: rivalOf(role),
    ...otherOf(config, keys),
    listen: { address: streamAddress(config), port: config.listen.port },
  });
  let trouble: string | null = null;
  let lostAt: Instant | null = clock.now();
  stream.onTrouble((why) => {
    trouble = why;
    // A stranger that is refused is no loss of the other node.
    if (!stream.connected()) lostAt ??= clock.now();
  });
  stream.channel('pair').onConnected(() => {
    lostAt = null;
  });
  return {
    open: () => stream.open(),
    channel: (name) => stream.channel(name),
    connected: () => stream.connected(),
    renew: (other, otherKeys) => stream.renew(otherOf(other, otherKeys)),
    close: () => stream.close(),
    trouble: () => (stream.connected() ? null : trouble),
    lostAt: () => lostAt,
  };
};
