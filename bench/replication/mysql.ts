/** How late a committed row is at the other server: two real MariaDBs that Dualtone has made a pair, over TLS on this machine. */
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../../lab/scenarios/statistics.ts';
import { ok, type Result } from '../../src/core/result.ts';
import type { Mysql } from '../../src/replication/mysql/connection.ts';
import { beginLink, readPosition, setReadOnly, waitFor } from '../../src/replication/mysql/link.ts';
import { must, rows, startPair, type TestPair } from '../../src/replication/mysql/testing/pair.ts';
import { removeTemplate } from '../../test/mysql/server.ts';
import type { RunLine } from '../results.ts';

export interface MysqlLine extends RunLine {
  readonly server: string;
  readonly rows: number;
  readonly lag_p50_ms: number;
  readonly lag_p99_ms: number;
  readonly lag_max_ms: number;
}

const ROWS = 1000;
const A_SECOND = 100;
const FILTERS = { databases: ['asterisk'], exclude: [] };

const lastId = async (db: Mysql): Promise<number> =>
  Number((await rows(db, 'SELECT COALESCE(MAX(id), 0) AS id FROM asterisk.cdr'))[0]?.['id'] ?? 0);

/** The main takes writes, and the standby has all of it. */
const join = async (
  pair: TestPair,
  signal: AbortSignal,
): Promise<{ readonly main: Mysql; readonly standby: Mysql }> => {
  const [main, standby] = [await pair.main.own(), await pair.standby.own()];
  await must(setReadOnly(main, false));
  const root = await pair.main.root();
  await must(
    root.runAll([
      'CREATE DATABASE IF NOT EXISTS asterisk',
      'CREATE TABLE asterisk.cdr (id INT AUTO_INCREMENT PRIMARY KEY, src VARCHAR(20), dst VARCHAR(20)) ENGINE=InnoDB',
    ]),
  );
  root.destroy();
  const there = await must(readPosition(main));
  await must(beginLink(standby, pair.main.source(), FILTERS, { logThere: there.log, serverId: 2 }));
  await must(waitFor(standby, (await must(readPosition(main))).executed, 10_000, signal));
  return { main, standby };
};

/** Each row by its number: when its commit was answered, and when it was first seen at the other server. */
const writeAndWatch = async (pair: TestPair, signal: AbortSignal): Promise<readonly number[]> => {
  const [writer, reader] = [await pair.main.telephony(), await pair.standby.root()];
  const committedMs = new Map<number, number>();
  const lagsMs: number[] = [];
  let seen = await lastId(reader);
  const watch = async (): Promise<void> => {
    const limit = performance.now() + 120_000;
    while (lagsMs.length < ROWS && !signal.aborted && performance.now() < limit) {
      const last = await lastId(reader);
      const nowMs = performance.now();
      for (const [id, atMs] of committedMs) if (id > seen && id <= last) lagsMs.push(Math.max(0, nowMs - atMs));
      // What is seen before its commit was answered here is counted when it is known.
      if (last > seen) seen = Math.min(last, Math.max(seen, ...committedMs.keys()));
      await sleep(1);
    }
  };
  const watching = watch();
  const beganMs = performance.now();
  for (let row = 0; row < ROWS && !signal.aborted; row += 1) {
    await must(writer.query("INSERT INTO asterisk.cdr (src, dst) VALUES ('1000', '2000')"));
    const atMs = performance.now();
    const [told] = await rows(writer, 'SELECT LAST_INSERT_ID() AS id');
    committedMs.set(Number(told?.['id']), atMs);
    await sleep(Math.max(0, beganMs + ((row + 1) * 1000) / A_SECOND - performance.now()));
  }
  await watching;
  for (const db of [writer, reader]) db.destroy();
  return lagsMs;
};

/** One run on servers of its own, in memory. Throws where they cannot be made. */
export const measureMysql = async (signal: AbortSignal): Promise<Result<Omit<MysqlLine, keyof RunLine>>> => {
  const pair = await startPair('mariadb');
  try {
    const { main, standby } = await join(pair, signal);
    const lagsMs = await writeAndWatch(pair, signal);
    const at = (share: number): number => Math.round((percentile(lagsMs, share) ?? Number.NaN) * 10) / 10;
    const server = main.dialect.title;
    for (const db of [main, standby]) db.destroy();
    return ok({ server, rows: lagsMs.length, lag_p50_ms: at(0.5), lag_p99_ms: at(0.99), lag_max_ms: at(1) });
  } finally {
    await pair.stop();
    await removeTemplate();
  }
};
