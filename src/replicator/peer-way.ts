/**
 * The main's ways to the standby by SSH, kept open: one with forwards, where anything goes through it, and one that carries runs of rsync, so that
 * each costs no login. On the standby, and without SSH, all is always open.
 */
import type { Config } from '../config/config.ts';
import { ok, type Result } from '../core/result.ts';
import type { Clock } from '../ports.ts';
import { filesTarget, sendsFiles, sshTarget, tunnelForwards } from '../replication/access.ts';
import type { StreamReporter } from '../replication/stream.ts';
import { createTunnel, type Tunnel } from '../ssh/tunnel.ts';

export interface PeerWay {
  /** Settles when the other node's database can be asked for: where SSH leads there, once it stands. Faults: the tunnel's. */
  toDatabase(): Promise<Result<void>>;
  /** The same for MySQL. */
  toMysql(): Promise<Result<void>>;
  /** The other node may let in now what it refused, or refuse what it let in. */
  renew(): void;
  stop(): Promise<void>;
}

const tunnelOf = (config: Config, clock: Clock, reporter: StreamReporter): Tunnel | null => {
  const forwards = tunnelForwards(config);
  if (config.node.role !== 'main' || forwards.length === 0) return null;
  let told = '';
  const tunnel = createTunnel({
    target: sshTarget(config),
    forwards,
    clock,
    onChange: () => {
      const trouble = tunnel.trouble();
      const code = trouble?.code ?? '';
      if (trouble !== null && code !== told) reporter.say('warning', code, `${trouble.message} ${trouble.remedy}`);
      told = code;
    },
  });
  const started: Result<void> = tunnel.start();
  if (!started.ok) reporter.say('alarm', started.error.code, started.error.message);
  return tunnel;
};

/**
 * Apart from the tunnel, since a large file must not hold up what goes through that. Its troubles are told by the streams: where it does not
 * stand, each run connects by itself.
 */
const connectionOf = (config: Config, clock: Clock): Tunnel | null => {
  const target = filesTarget(config);
  if (config.node.role !== 'main' || !sendsFiles(config) || target.controlPath === null) return null;
  const backOffMs = { first: 1000, last: 60_000 };
  const connection = createTunnel({ target, forwards: [], clock, onChange: () => undefined, backOffMs });
  connection.start();
  return connection;
};

/** Begins to open all at once. */
export const createPeerWay = (config: Config, clock: Clock, reporter: StreamReporter): PeerWay => {
  const tunnel = tunnelOf(config, clock, reporter);
  const connection = connectionOf(config, clock);
  const { database, mysql } = config.streams;
  const open = async (via: 'tls' | 'ssh', withinMs: number): Promise<Result<void>> =>
    tunnel === null || via === 'tls' ? ok(undefined) : tunnel.whenUp(withinMs);
  return {
    toDatabase: () => open(database.via, database.connectTimeMs),
    toMysql: () => open(mysql.via, mysql.connectTimeMs),
    renew: () => {
      tunnel?.renew();
      connection?.renew();
    },
    stop: async () => {
      await Promise.all([tunnel?.stop(), connection?.stop()]);
    },
  };
};
