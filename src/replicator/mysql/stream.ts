/** MySQL as a stream of this node, from its configuration; and the other server's certificate, pinned. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../config/config.ts';
import { fail, messageOf, ok, type Result } from '../../core/result.ts';
import { writeWholeSync } from '../../files/whole.ts';
import type { Clock } from '../../ports.ts';
import { type Comparison, compareAll } from '../../replication/mysql/compare.ts';
import { connectMysql, type Mysql } from '../../replication/mysql/connection.ts';
import type { Filters } from '../../replication/mysql/dialect.ts';
import { createMysqlNode, type MysqlNode } from '../../replication/mysql/node.ts';
import { answerRows, localSide, peerSide } from '../../replication/mysql/sides.ts';
import type { RunOptions, Stream, StreamReporter, StreamRight } from '../../replication/stream.ts';
import type { Talk } from '../../replication/talk.ts';
import type { PeerWay } from '../peer-way.ts';
import type { Term } from '../protocol.ts';
import {
  acceptedPath,
  localMysql,
  mysqlCertificate,
  mysqlPlace,
  mysqlSource,
  pinnedMysqlPath,
  serverIdOf,
} from './access.ts';

export interface MysqlStream {
  readonly stream: Stream;
  readonly node: MysqlNode;
  /** Both nodes' rows. Faults: those of the server and of the talk. */
  compare(options: RunOptions): Promise<Result<Comparison>>;
  /** What is on this side only may flow to the other from now on. Faults: `mysql-join-not-kept`, those of the server. */
  join(): Promise<Result<string>>;
  setRight(right: StreamRight, terms: readonly Term[]): void;
}

export interface MysqlStreamOptions {
  readonly config: Config;
  readonly talk: Talk;
  readonly way: PeerWay;
  readonly clock: Clock;
  readonly reporter: StreamReporter;
}

const ASK_MS = 5000;
const LONGEST = 20_000;
const COMPARE_MS = 60_000;
const SETTLE_MS = 2000;

const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

const pemOf = (answer: unknown): string | null => {
  const pem = typeof answer === 'object' && answer !== null ? (answer as { readonly pem?: unknown }).pem : null;
  return typeof pem === 'string' && pem.length < LONGEST && pem.includes('BEGIN CERTIFICATE') ? pem : null;
};

const ownCertificate = (config: Config): Result<unknown> => {
  const pem = textOf(mysqlCertificate(config, null).certificate);
  if (pem !== '') return ok({ pem });
  return fail('mysql-no-certificate', 'MySQL here has no certificate.', 'Run `dualtone mysql setup`.');
};

/** Comes over the pair's own stream, which is proved by the pair's key. */
const learnCertificate = async ({ config, talk, reporter }: MysqlStreamOptions): Promise<void> => {
  const { via, caFile } = config.streams.mysql;
  if (via !== 'tls' || caFile !== null) return;
  const answer = await talk.ask('mysql-certificate', null, ASK_MS);
  const pem = answer.ok ? pemOf(answer.value) : null;
  const path = pinnedMysqlPath(config);
  if (pem === null || pem === textOf(path)) return;
  // The server reads it, which is another user's.
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  // Whatever the unit's umask is.
  chmodSync(dirname(path), 0o755);
  writeWholeSync(path, pem, { mode: 0o644 });
  reporter.note('mysql', { pinned: path });
};

const connectHere = async (config: Config, signal: AbortSignal): Promise<Result<Mysql>> => {
  const access = localMysql(config);
  return access.ok ? connectMysql({ ...access.value, statementMs: COMPARE_MS }, signal) : access;
};

/** What was on its way when a difference was seen has come, or never will. */
const settleFor = (signal: AbortSignal) => async (): Promise<void> => {
  await sleep(SETTLE_MS, undefined, { signal }).catch(() => undefined);
};

const compareBoth = async ({ config, talk }: MysqlStreamOptions, filters: Filters, options: RunOptions) => {
  const db = await connectHere(config, options.signal);
  if (!db.ok) return db;
  const sides = { here: localSide(db.value, filters), there: peerSide(talk) };
  const compared = await compareAll(sides, { ...options, settle: settleFor(options.signal) });
  db.value.destroy();
  return compared;
};

const join = async (config: Config, node: MysqlNode): Promise<Result<string>> => {
  const position = await node.positionText();
  if (!position.ok) return position;
  try {
    writeFileSync(acceptedPath(config), `${position.value}\n`, { mode: 0o600, flush: true });
    return position;
  } catch (error) {
    const why = messageOf(error);
    return fail('mysql-join-not-kept', `The decision cannot be kept: ${why}.`, 'Make space on the disk of state-dir.');
  }
};

export const createMysqlStream = (options: MysqlStreamOptions): MysqlStream => {
  const { config, talk, way, clock, reporter } = options;
  const { mysql } = config.streams;
  talk.answer('mysql-certificate', async () => ownCertificate(config));
  const filters: Filters = { databases: mysql.databases, exclude: mysql.exclude };
  const stopping = new AbortController();
  answerRows(talk, filters, () => connectHere(config, stopping.signal));
  const node = createMysqlNode({
    serverId: serverIdOf(config),
    access: () => localMysql(config),
    source: async () => {
      await learnCertificate(options);
      const open = await way.toMysql();
      return open.ok ? mysqlSource(config) : open;
    },
    place: () => mysqlPlace(config),
    filters,
    semiSyncWaitMs: mysql.semiSyncWaitMs,
    catchUpMs: mysql.catchUpMs,
    accepted: () => textOf(acceptedPath(config)).trim(),
    talk,
    clock,
    reporter,
  });
  return {
    node,
    stream: {
      name: 'mysql',
      start: node.start,
      // Told with the terms, below.
      setRight: () => undefined,
      status: node.status,
      run: null,
      stop: () => {
        stopping.abort();
        return node.stop();
      },
    },
    compare: (asked) => compareBoth(options, filters, asked),
    join: () => join(config, node),
    setRight: (right, terms) => {
      const open = config.node.role === 'standby' ? terms.filter(({ settled }) => !settled).length : 0;
      node.setRight(right, open);
    },
  };
};
