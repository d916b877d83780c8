/** The stream of the database, from the configuration: by snapshots or change by change, with what is counted of it. */
import type { Config } from '../../config/config.ts';
import type { Result } from '../../core/result.ts';
import type { Instant } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import { databaseRules, localDatabase, readSecret } from '../../replication/access.ts';
import { matchesPattern } from '../../replication/pattern.ts';
import { connectDatabase, type Database } from '../../replication/postgres/connection.ts';
import type { Stream, StreamPending, StreamReporter } from '../../replication/stream.ts';
import type { Talk } from '../../replication/talk.ts';
import { createContinuousStream } from '../continuous/stream.ts';
import type { PeerWay } from '../peer-way.ts';
import type { ChangeTeller } from '../reload/change-teller.ts';
import { createDatabases, type Databases } from './databases.ts';
import { createRowCount, type RowCount } from './row-count.ts';
import { createSnapshotStream } from './snapshot-stream.ts';

export interface DatabaseStreamOptions {
  readonly config: Config;
  readonly talk: Talk;
  readonly way: PeerWay;
  readonly teller: ChangeTeller;
  readonly clock: Clock;
  readonly reporter: StreamReporter;
}

type WrittenSince = (at: Instant) => StreamPending | null;

const snapshotsOf = (options: DatabaseStreamOptions, databases: Databases, writtenSince: WrittenSince): Stream => {
  const { config, teller, clock, reporter } = options;
  const { database } = config.streams;
  return createSnapshotStream({
    isMain: config.node.role === 'main',
    databases,
    schema: database.schema,
    rules: databaseRules(config),
    timeLimitMs: database.timeLimitMs,
    schedule: database.schedule,
    stateDir: config.stateDir,
    clock,
    reporter,
    writtenSince,
    onChanged: ({ changes }) => teller.tell({ tables: changes.map(({ table }) => table) }),
  });
};

/** Counts on the main only: the standby's database is written by what follows. */
const rowCountOf = (config: Config, clock: Clock): RowCount | null => {
  if (config.node.role !== 'main') return null;
  const { schema, passwordFile } = config.streams.database;
  const { exclude, events } = databaseRules(config);
  const connect = async (signal: AbortSignal): Promise<Result<Database>> => {
    const password = readSecret(passwordFile);
    return password.ok ? connectDatabase(localDatabase(config, password.value), signal) : password;
  };
  const isLeftOut = (name: string): boolean =>
    [...exclude, ...events.map(({ table }) => table)].some((pattern) => matchesPattern(pattern, name));
  return createRowCount({ connect, schema, isLeftOut, clock });
};

/** Which way it follows is `streams.database.mode`'s; what was written meanwhile is counted while this node sends. */
export const createDatabaseStream = (options: DatabaseStreamOptions): Stream => {
  const { config, talk, way, clock, reporter } = options;
  const count = rowCountOf(config, clock);
  const writtenSince: WrittenSince = (at) => count?.since(at) ?? null;
  const databases = createDatabases(config, talk, way, reporter);
  const snapshots = (): Stream => snapshotsOf(options, databases, writtenSince);
  const stream =
    config.streams.database.mode === 'continuous'
      ? createContinuousStream({
          config,
          talk,
          clock,
          reporter,
          databases,
          snapshots: config.node.role === 'main' ? snapshots() : null,
          writtenSince,
        })
      : snapshots();
  return {
    ...stream,
    setRight: (right) => {
      count?.setCounting(right.holding > 0);
      stream.setRight(right);
    },
    stop: async () => {
      await Promise.all([stream.stop(), count?.stop()]);
    },
  };
};
