/** Looks at the standby's database every few milliseconds, as a program that reads there and as one that counts locks. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Client } from 'pg';
import type { OnlookerPlace, Onlooking } from './onlooker.ts';
import { usedOf } from './processor.ts';

const EVERY_MS = 3;
const { host, port, database } = JSON.parse(process.argv[2] ?? '{}') as OnlookerPlace;

const connect = async (): Promise<Client> => {
  const client = new Client({ host, port, database, user: 'postgres', application_name: 'onlooker' });
  await client.connect();
  return client;
};

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, EVERY_MS));

/** Locks on the telephone system's tables that keep readers waiting, or that keep writers of whole tables waiting. */
const LOCKS = `SELECT coalesce(bool_or(l.mode = 'AccessExclusiveLock'), false) AS readers,
    coalesce(bool_or(l.mode IN ('ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock')), false) AS writers
  FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
  WHERE l.granted AND l.locktype = 'relation' AND c.relnamespace = 'public'::regnamespace`;

const until = new AbortController();

const read = async (client: Client): Promise<number> => {
  let longestMs = 0;
  while (!until.signal.aborted) {
    const askedAt = performance.now();
    await client.query('SELECT count(*) FROM userfeatures WHERE id = 1');
    longestMs = Math.max(longestMs, performance.now() - askedAt);
    await pause();
  }
  return longestMs;
};

/** How long each kind was held at a stretch, at most: from the first look that saw it to the first that did not. */
const watchLocks = async (client: Client): Promise<readonly [readers: number, writers: number, looks: number]> => {
  const since: [number | null, number | null] = [null, null];
  const longestMs: [number, number] = [0, 0];
  let looks = 0;
  while (!until.signal.aborted) {
    const { rows } = await client.query<{ readers: boolean; writers: boolean }>(LOCKS);
    looks += 1;
    const now = performance.now();
    for (const [at, held] of [rows[0]?.readers === true, rows[0]?.writers === true].entries()) {
      if (at !== 0 && at !== 1) continue;
      const begun = since[at] ?? null;
      if (begun !== null) longestMs[at] = Math.max(longestMs[at], now - begun);
      since[at] = held ? (begun ?? now) : null;
    }
    await pause();
  }
  return [...longestMs, looks];
};

/** Of the server's process behind a connection. */
const usedBehind = async (client: Client): Promise<number> => {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return usedOf(await readFile(`/proc/${rows[0]?.pid}/stat`, 'utf8')).ms;
};

const reader = await connect();
const watcher = await connect();
const work = Promise.all([read(reader), watchLocks(watcher)]);
process.stdout.write('looking\n');
process.stdin.resume();
await once(process.stdin, 'end');
until.abort();
const [readerMs, [exclusiveMs, writersMs, looks]] = await work;
const used = await Promise.all([usedBehind(reader), usedBehind(watcher)]);
const { user, system } = process.cpuUsage();
const usedMs = (user + system) / 1000 + used.reduce((sum, ms) => sum + ms, 0);
await Promise.all([reader.end(), watcher.end()]);
process.stdout.write(JSON.stringify({ readerMs, exclusiveMs, writersMs, looks, usedMs } satisfies Onlooking));
