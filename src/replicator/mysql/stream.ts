/** MySQL as a stream of this node, from its configuration; and the other server's certificate, pinned. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../../config/config.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Clock } from '../../ports.ts';
import { createMysqlNode, type MysqlNode } from '../../replication/mysql/node.ts';
import type { Stream, StreamReporter, StreamRight } from '../../replication/stream.ts';
import type { Talk } from '../../replication/talk.ts';
import type { PeerWay } from '../peer-way.ts';
import type { Term } from '../protocol.ts';
import { acceptedPath, localMysql, mysqlCertificate, mysqlSource, pinnedMysqlPath, serverIdOf } from './access.ts';

export interface MysqlStream {
  readonly stream: Stream;
  readonly node: MysqlNode;
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
  writeFileSync(`${path}.new`, pem, { mode: 0o644, flush: true });
  renameSync(`${path}.new`, path);
  reporter.note('mysql', { pinned: path });
};

export const createMysqlStream = (options: MysqlStreamOptions): MysqlStream => {
  const { config, talk, way, clock, reporter } = options;
  const { mysql } = config.streams;
  talk.answer('mysql-certificate', async () => ownCertificate(config));
  const node = createMysqlNode({
    serverId: serverIdOf(config),
    access: () => localMysql(config),
    source: async () => {
      await learnCertificate(options);
      const open = await way.toMysql();
      return open.ok ? mysqlSource(config) : open;
    },
    filters: { databases: mysql.databases, exclude: mysql.exclude },
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
      stop: node.stop,
    },
    setRight: (right, terms) => {
      const open = config.node.role === 'standby' ? terms.filter(({ settled }) => !settled).length : 0;
      node.setRight(right, open);
    },
  };
};
