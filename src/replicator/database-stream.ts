/** The stream of the database, from the configuration: by snapshots or change by change, with what is counted of it. */
import type { Config } from '../config/config.ts';
import { ok, type Result } from '../core/result.ts';
import type { Instant } from '../core/words.ts';
import type { Clock } from '../ports.ts';
import { matchesPattern } from '../replication/pattern.ts';
import { connectDatabase, type Database } from '../replication/postgres/connection.ts';
import type { Stream, StreamPending, StreamReporter } from '../replication/stream.ts';
import type { Talk } from '../replication/talk.ts';
import { databaseRules, localDatabase, peerDatabase, readSecret } from './access.ts';
import type { ChangeTeller } from './change-teller.ts';
import { createContinuousStream } from './continuous-stream.ts';
import { followCertificate } from './peer-certificate.ts';
import { createRowCount, type RowCount } from './row-count.ts';
import { createSnapshotStream } from './snapshot-stream.ts';

export interface DatabaseStreamOptions {
  readonly config: Config;
  readonly talk: Talk;
  readonly teller: ChangeTeller;
  readonly clock: Clock;
  readonly reporter: StreamReporter;
}

type WrittenSince = (at: Instant) => StreamPending | null;

const snapshotsOf = (
  options: DatabaseStreamOptions,
  learn: () => Promise<void>,
  writtenSince: WrittenSince,
): Stream => {
  const { config, teller, clock, reporter } = options;
  const { database } = config.streams;
  const access = async () => {
    await learn();
    const password = readSecret(database.passwordFile);
    if (!password.ok) return password;
    const target = peerDatabase(config, password.value);
    return target.ok ? ok({ source: localDatabase(config, password.value), target: target.value }) : target;
  };
  return createSnapshotStream({
    isMain: config.node.role === 'main',
    access,
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
  const { config, talk, clock, reporter } = options;
  const count = rowCountOf(config, clock);
  const writtenSince: WrittenSince = (at) => count?.since(at) ?? null;
  const learn = followCertificate(config, talk, reporter);
  const snapshots = (): Stream => snapshotsOf(options, learn, writtenSince);
  const stream =
    config.streams.database.mode === 'continuous'
      ? createContinuousStream({
          config,
          talk,
          clock,
          reporter,
          learn,
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
