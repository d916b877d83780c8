/** `xivo-master-slave-db-replication <ip>`: the main's database to the standby, now: by the agent where there is one, else directly. */
import { askWork } from '../api/client.ts';
import type { Config } from '../config/config.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { databaseRules, localDatabase, peerDatabase, readSecret } from '../replication/access.ts';
import { runSnapshot, type SnapshotOptions } from '../replication/postgres/snapshot/snapshot.ts';
import type { StreamRun } from '../replication/stream.ts';
import { adminOf } from '../replicator/peer-certificate.ts';
import { EXIT, type Ground } from './ground.ts';
import { mailRoot } from './mail.ts';

const CLOCK_TOLERANCE_MS = 2000;

/** Copies; says in a sentence what was done. */
export type Replicate = (standby: string) => Promise<Result<string>>;

const noConfig = () =>
  fail(
    'xivo-not-configured',
    'Dualtone has no usable configuration on this node, so that it does not know how the standby is reached.',
    'Set it up with `dualtone init` and `dualtone join` (or `dualtone import xivo`), then `dualtone database setup` on both nodes.',
  );

const notHere = (why: string, remedy: string) => fail('xivo-not-replicated', why, remedy);

/** The term that this node's own database has heard of last: the standby refuses one that is older than its own. */
const ownEpoch = async (config: Config): Promise<Result<number>> => {
  const rows = await adminOf(config).rows<{ readonly epoch: string }>(
    'select epoch::text as epoch from dualtone.guard',
  );
  return rows.ok ? ok(Number(rows.value[0]?.epoch ?? 0)) : rows;
};

const optionsOf = async (config: Config, epochOf: typeof ownEpoch): Promise<Result<SnapshotOptions>> => {
  const { database } = config.streams;
  const password = readSecret(database.passwordFile);
  if (!password.ok) return password;
  const target = peerDatabase(config, password.value);
  if (!target.ok) return target;
  const epoch = await epochOf(config);
  if (!epoch.ok) return epoch;
  return ok({
    source: localDatabase(config, password.value),
    target: target.value,
    schema: database.schema,
    rules: databaseRules(config),
    timeLimitMs: database.timeLimitMs,
    limits: { clockMs: CLOCK_TOLERANCE_MS, freeBytes: null },
    epoch: epoch.value,
    // Whoever runs it by hand or by cron sees a full disk by its fault.
    space: async () => null,
  });
};

const directly = async (ground: Ground, config: Config, epochOf: typeof ownEpoch): Promise<Result<string>> => {
  if (config.streams.database.via === 'ssh') {
    return notHere(
      'The database is reached through SSH, which the agent opens.',
      'Start the agent, or set `streams.database.via: tls`.',
    );
  }
  const options = await optionsOf(config, epochOf);
  if (!options.ok) return options;
  const done = await runSnapshot(options.value, { signal: ground.signal, onProgress: () => undefined });
  return done.ok ? ok(done.value.text) : done;
};

const byAgent = async (ground: Ground): Promise<Result<string>> => {
  const work = { name: 'replicate', stream: 'database' } as const;
  const by = 'xivo-master-slave-db-replication';
  const done = await askWork(ground.socket, by, work, ground.signal, () => undefined);
  if (!done.ok) return done;
  return ok((done.value as readonly StreamRun[]).map(({ text }) => text).join(' '));
};

/** By whoever is to do it here. Faults: `xivo-not-configured`, `xivo-not-replicated`, those of the agent and of the snapshot. */
export const createReplicate =
  (ground: Ground, epochOf: typeof ownEpoch = ownEpoch): Replicate =>
  async (standby) => {
    const config = ground.config();
    if (config === null) return noConfig();
    if (config.node.role !== 'main') return notHere('This node is the standby.', 'Run it on the main.');
    if (config.peer.address !== standby) {
      return notHere(
        `The other node of this pair is ${config.peer.address}, not ${standby}.`,
        'Give its address, in the cron file too.',
      );
    }
    const agent = await ground.agent();
    if (agent === 'answers') return byAgent(ground);
    if (agent === 'none') return directly(ground, config, epochOf);
    return notHere('The agent of Dualtone is enabled here and does not answer.', 'See `systemctl status dualtone`.');
  };

/** The command. A failure is one mail to root and the same on standard output, as in the original. The exit code. */
export const replicateDatabase = async (ground: Ground, standby: string, replicate: Replicate): Promise<number> => {
  const done = await replicate(standby);
  if (done.ok) {
    ground.out(`Database replicated to ${standby}: ${done.value}`);
    return EXIT.done;
  }
  const { message, remedy } = done.error;
  const failure = `Slave replication failed: ${message}`;
  ground.out(failure);
  const mailed = await mailRoot(ground.run, failure, `${failure}\n${remedy}`);
  if (!mailed.ok) ground.err(`No mail could be sent: ${mailed.error.message}`);
  return EXIT.failed;
};
