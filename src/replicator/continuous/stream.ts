/**
 * The database as a stream of single changes, from the configuration: the main offers and beats while it serves, the standby follows
 * while it does not. Never the other way round: what the standby collects comes home by merges, which know what it was before.
 */
import { stat } from 'node:fs/promises';
import type { Config } from '../../config/config.ts';
import { fail, messageOf, ok, type Result } from '../../core/result.ts';
import type { Epoch, Instant } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import {
  databaseRules,
  databaseWayDirectory,
  identitiesPath,
  localDatabase,
  readSecret,
} from '../../replication/access.ts';
import { connectDatabase, type DatabaseAccess } from '../../replication/postgres/connection.ts';
import { type CompareReport, compareFollowed } from '../../replication/postgres/continuous/compare.ts';
import { type ConninfoOptions, writeConninfoFiles } from '../../replication/postgres/continuous/conninfo.ts';
import { createContinuousReceiver, type ReceiverOptions } from '../../replication/postgres/continuous/receiver.ts';
import { type ContinuousSender, createContinuousSender } from '../../replication/postgres/continuous/sender.ts';
import { disableSubscription } from '../../replication/postgres/continuous/subscription.ts';
import { runSnapshot } from '../../replication/postgres/snapshot/snapshot.ts';
import type { RunOptions, Stream, StreamPending, StreamReporter, StreamRun } from '../../replication/stream.ts';
import type { Talk } from '../../replication/talk.ts';
import type { Databases } from '../database/databases.ts';
import { asRun, CLOCK_TOLERANCE_MS } from '../database/snapshot-stream.ts';
import { adminOf } from '../peer-certificate.ts';
import { type CheckParts, checkFollowed } from './check.ts';
import { createMainStream } from './main.ts';
import { createStandbyStream } from './standby.ts';

export interface ContinuousStreamOptions {
  readonly config: Config;
  readonly talk: Talk;
  readonly clock: Clock;
  readonly reporter: StreamReporter;
  /** Asks for the certificate of the other node's database. */
  readonly databases: Databases;
  /** On the main: what does the work as long as its PostgreSQL is not ready for single changes. */
  readonly snapshots: Stream | null;
  /** On the main: what was written here since a moment. */
  readonly writtenSince: (at: Instant) => StreamPending | null;
}

const SCHEMA_EVERY_MS = 10_000;
const SLOT_WAIT_MS = 30_000;
const ASK_MS = 3000;
/** A beat or an offer that takes longer is a trouble. */
const OWN_STATEMENT_MS = 5000;
const CATCH_UP_MS = 20_000;

/** PostgreSQL's own user, by the owner of its data. */
const ownerOf = async (config: Config): Promise<Result<{ readonly uid: number; readonly gid: number }>> => {
  const rows = await adminOf(config).rows<{ readonly path: string }>(
    `select current_setting('data_directory') as path`,
  );
  if (!rows.ok) return rows;
  try {
    const { uid, gid } = await stat(rows.value[0]?.path ?? '');
    return ok({ uid, gid });
  } catch (error) {
    const why = messageOf(error);
    return fail(
      'database-owner-unknown',
      `Whose data PostgreSQL's are on this node is not known: ${why}.`,
      'The database must run on this node itself for continuous replication; else use `mode: snapshot`.',
    );
  }
};

/** How this node's PostgreSQL reaches the other's: as Dualtone does. */
const wayOf = async (config: Config, there: DatabaseAccess): Promise<Result<ConninfoOptions>> => {
  const owner = await ownerOf(config);
  if (!owner.ok) return owner;
  const { host, port, database, user, password, tls } = there;
  const way = {
    host,
    port,
    database,
    user,
    password,
    trusted: tls?.trusted ?? null,
    verifyName: tls?.verifyName ?? false,
  };
  return ok({ ...way, directory: databaseWayDirectory(config), ...owner.value });
};

const receiverOptions = async (
  options: ContinuousStreamOptions,
  onProgress: RunOptions['onProgress'],
  epoch: () => Epoch,
): Promise<Result<ReceiverOptions>> => {
  const { config } = options;
  const { schema, timeLimitMs } = config.streams.database;
  const both = await options.databases.both();
  if (!both.ok) return both;
  const { here, there } = both.value;
  const way = await wayOf(config, there);
  if (!way.ok) return way;
  const rules = databaseRules(config);
  const limits = { clockMs: CLOCK_TOLERANCE_MS };
  return ok({
    admin: adminOf(config),
    node: 'standby',
    sourceNode: 'main',
    source: there,
    target: here,
    way: way.value,
    schema,
    rules,
    recordFile: identitiesPath(config),
    schemaEveryMs: SCHEMA_EVERY_MS,
    slotWaitMs: SLOT_WAIT_MS,
    copy: (sourceSnapshot, signal) =>
      runSnapshot(
        {
          source: there,
          target: here,
          schema,
          rules,
          epoch: epoch(),
          timeLimitMs,
          limits,
          space: options.databases.spaceHere,
          sourceSnapshot,
        },
        { signal, onProgress },
      ),
  });
};

const standbyStream = (options: ContinuousStreamOptions): Stream => {
  const { config, talk, clock, reporter } = options;
  return createStandbyStream({
    open: async (signal, onProgress, epoch) => {
      const made = await receiverOptions(options, onProgress, epoch);
      if (!made.ok) return made;
      // A password or certificate that has changed since the beginning.
      const written = await writeConninfoFiles(made.value.way);
      return written.ok ? createContinuousReceiver(made.value, signal) : written;
    },
    disable: () => disableSubscription(adminOf(config)),
    answer: (view, copy) => {
      talk.answer('database-following', async () => ok(view()));
      talk.answer('database-copy', async (parameters) => {
        const why =
          typeof parameters === 'object' && parameters !== null ? (parameters as { why?: unknown }).why : null;
        return copy(typeof why === 'string' ? why.slice(0, 500) : 'the main asked for it');
      });
    },
    clock,
    reporter,
  });
};

/** Those tables alone that do not follow one by one. */
const copyRest = async (
  options: ContinuousStreamOptions,
  { tables }: CompareReport,
  epoch: Epoch,
  run: RunOptions,
): Promise<Result<StreamRun>> => {
  const both = await options.databases.both();
  if (!both.ok) return both;
  const { schema, timeLimitMs } = options.config.streams.database;
  const rules = databaseRules(options.config);
  const limits = { clockMs: CLOCK_TOLERANCE_MS };
  const done = await runSnapshot(
    {
      source: both.value.here,
      target: both.value.there,
      schema,
      rules: { ...rules, exclude: [...rules.exclude, ...tables] },
      epoch,
      timeLimitMs,
      limits,
      space: options.databases.spaceThere,
    },
    run,
  );
  return done.ok ? ok(asRun(done.value)) : done;
};

const checkPartsOf = (options: ContinuousStreamOptions): CheckParts => {
  const { config, talk, clock } = options;
  const { schema, timeLimitMs } = config.streams.database;
  return {
    compare: async (run) => {
      const both = await options.databases.both();
      if (!both.ok) return both;
      const { here: source, there: target } = both.value;
      const common = { schema, rules: databaseRules(config), sourceNode: 'main', catchUpMs: CATCH_UP_MS };
      return compareFollowed({ source, target, ...common }, run);
    },
    askCopy: (why) => talk.ask('database-copy', { why }, ASK_MS),
    copyRest: (report, epoch, run) => copyRest(options, report, epoch, run),
    timeLimitMs,
    clock,
  };
};

const mainStream = (options: ContinuousStreamOptions): Stream => {
  const { config, talk, clock, reporter } = options;
  const { schema, passwordFile } = config.streams.database;
  let sender: Promise<Result<ContinuousSender>> | null = null;
  const parts = checkPartsOf(options);
  return createMainStream({
    openSender: () => {
      sender ??= createContinuousSender({
        admin: adminOf(config),
        node: 'main',
        schema,
        rules: databaseRules(config),
        recordFile: identitiesPath(config),
      });
      return sender;
    },
    openDatabase: async (signal) => {
      const password = readSecret(passwordFile);
      if (!password.ok) return password;
      return connectDatabase({ ...localDatabase(config, password.value), statementMs: OWN_STATEMENT_MS }, signal);
    },
    askFollower: () => talk.ask('database-following', null, ASK_MS),
    check: (check) => checkFollowed(parts, check),
    snapshots: options.snapshots,
    writtenSince: options.writtenSince,
    clock,
    reporter,
  });
};

/** Of this node's role. */
export const createContinuousStream = (options: ContinuousStreamOptions): Stream =>
  options.config.node.role === 'main' ? mainStream(options) : standbyStream(options);
