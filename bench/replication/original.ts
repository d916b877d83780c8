/**
 * The original's way to bring a database to the standby, in our own words and without its faults: everything dumped to a file, all
 * tables of the dump emptied at once, the dump read in, one transaction, as superuser with triggers and foreign keys off. It
 * takes a row that begins with COPY for a table; here the tables' names are read more carefully, so that it can be measured at all.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { runChecked } from '../../lab/process.ts';
import { ok, type Result } from '../../src/core/result.ts';
import type { Cluster } from '../../test/postgres/cluster.ts';

/** Tables that it leaves out at the end of its history, each with its sequence. */
const excluded = [
  'cel',
  'queue_log',
  'call_log',
  'stat_agent',
  'stat_agent_periodic',
  'stat_call_on_queue',
  'stat_queue',
]
  .concat(['stat_queue_periodic', 'mail', 'monitoring', 'netiface', 'resolvconf', 'dhcp'])
  .flatMap((table) => [table, `${table}_id_seq`])
  .concat(['session', 'call_log_participant']);

export interface OriginalOptions {
  readonly source: Cluster;
  readonly target: Cluster;
  readonly database: string;
  readonly signal: AbortSignal;
}

const LIMIT_MS = 600_000;

/** The tables that a dump has rows for. */
const tablesIn = async (dump: string): Promise<readonly string[]> => {
  const tables: string[] = [];
  for await (const line of createInterface({ input: createReadStream(dump), crlfDelay: Number.POSITIVE_INFINITY })) {
    const [, table] = /^COPY (public\.\S+) \(.*\) FROM stdin;$/.exec(line) ?? [];
    if (table !== undefined) tables.push(table);
  }
  return tables;
};

const around = async function* (dump: string, tables: readonly string[]): AsyncGenerator<Buffer | string> {
  yield `SET session_replication_role TO replica;\nBEGIN;\nTRUNCATE ${tables.join(', ')};\n`;
  for await (const chunk of createReadStream(dump)) yield chunk as Buffer;
  yield '\nCOMMIT;\nSET session_replication_role TO DEFAULT;\n';
};

const at = (cluster: Cluster, database: string): readonly string[] => [
  `--host=${cluster.socketDir}`,
  `--port=${cluster.port}`,
  '--username=postgres',
  `--dbname=${database}`,
];

/** One run; how long it took, ms. Faults: what its programs said. */
export const runOriginal = async ({ source, target, database, signal }: OriginalOptions): Promise<Result<number>> => {
  const folder = await mkdtemp(join(tmpdir(), 'original-'));
  const dump = join(folder, 'dump.sql');
  const script = join(folder, 'replication.sql');
  const begunAt = performance.now();
  try {
    const dumped = await runChecked(
      [
        join('/usr/lib/postgresql/15/bin', 'pg_dump'),
        '--data-only',
        '--schema=public',
        `--file=${dump}`,
        ...excluded.map((name) => `--exclude-table=${name}`),
        ...at(source, database),
      ],
      { timeoutMs: LIMIT_MS, signal },
    );
    if (!dumped.ok) return dumped;
    await pipeline(around(dump, await tablesIn(dump)), createWriteStream(script));
    const read = await runChecked(
      [
        join('/usr/lib/postgresql/15/bin', 'psql'),
        '--no-psqlrc',
        '--quiet',
        '--set=ON_ERROR_STOP=1',
        '--output=/dev/null',
        `--file=${script}`,
        ...at(target, database),
      ],
      { timeoutMs: LIMIT_MS, signal },
    );
    return read.ok ? ok(performance.now() - begunAt) : read;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
