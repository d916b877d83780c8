/** Two real servers, set up by Dualtone, one of which follows the other; for tests and measurements. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Cluster, startCluster } from '../../../../../test/postgres/cluster.ts';
import { ok, type Result } from '../../../../core/result.ts';
import { readCatalog } from '../../catalog.ts';
import type { Database, DatabaseAccess } from '../../connection.ts';
import { qualify, quoteName, quoteNames } from '../../identifier.ts';
import { type DatabaseRules, planCopy, type TablePlan } from '../../rules.ts';
import { createAdmin } from '../../setup/admin.ts';
import { must, openDatabase, openSetup, PASSWORD, setupOptions } from '../../setup/testing/prepare.ts';
import {
  type ContinuousReceiver,
  type CopyOutcome,
  createContinuousReceiver,
  type ReceiverOptions,
} from '../receiver.ts';
import { type ContinuousSender, createContinuousSender } from '../sender.ts';

export interface Node {
  readonly cluster: Cluster;
  readonly db: Database;
  /** As superuser, in the telephone system's database. */
  sql(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
}

export interface Pair {
  readonly main: Node;
  readonly standby: Node;
  readonly sender: ContinuousSender;
  readonly receiver: ContinuousReceiver;
  readonly receiverOptions: ReceiverOptions;
  stop(): Promise<void>;
}

/** Quoted: a name that ends every quote and block there is, if it can. */
export const WEIRD = `"-we""ird'$d$\n; DROP TABLE cel; --"`;

export const SCHEMA = `
CREATE TYPE public.kind AS ENUM ('user', 'queue');
CREATE TABLE public.userfeatures (id serial PRIMARY KEY, firstname text NOT NULL DEFAULT '', "call-limit" int,
  enablednd int NOT NULL DEFAULT 0, kind public.kind, options text[], written timestamptz);
CREATE TABLE public.queuemember (queue_name text, interface text, penalty int, PRIMARY KEY (queue_name, interface));
CREATE TABLE public.loose (a int, b text);
CREATE TABLE public.indexed (a int NOT NULL UNIQUE, b text);
CREATE TABLE public.shapeless (a int, b json);
CREATE TABLE public.netiface (id serial PRIMARY KEY, ifname text);
CREATE TABLE public.provisioning (id int PRIMARY KEY, net4_ip text, port int);
CREATE TABLE public.accesswebservice (id int PRIMARY KEY, name text UNIQUE, passwd text);
CREATE TABLE public.cel (id serial PRIMARY KEY, what text);
CREATE TABLE public.${WEIRD} (id int PRIMARY KEY, "a""b'$d$\n;" text);
INSERT INTO public.provisioning VALUES (1, 'own', 80);
INSERT INTO public.accesswebservice VALUES (1, 'xivo-agentd', 'own'), (2, 'crm', 'secret');
`;

export const pairRules: DatabaseRules = {
  exclude: ['netiface'],
  keepColumns: [{ table: 'provisioning', columns: ['net4_ip'] }],
  keepRows: [{ table: 'accesswebservice', where: { name: 'xivo-agentd' } }],
  status: [],
  events: [{ table: 'cel', key: 'id', time: null, parent: null }],
};

const startNode = async (version: number, sql: string): Promise<Node> => {
  const cluster = await startCluster({
    version,
    tls: true,
    settings: { wal_level: 'logical', max_slot_wal_keep_size: '64MB', wal_retrieve_retry_interval: '500ms' },
  });
  try {
    await cluster.query('CREATE DATABASE asterisk');
    await cluster.query(SCHEMA + sql, undefined, 'asterisk');
    must(await (await openSetup(cluster, { peers: ['127.0.0.1'], continuous: true })).apply());
    const db = await openDatabase(cluster);
    return { cluster, db, sql: async (text, values) => (await cluster.query(text, values, 'asterisk')).rows };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
};

/** A plain copy from a picture of the source: what a snapshot run does, without its care for speed. */
const copyTable = async (source: Database, target: Database, plan: TablePlan): Promise<void> => {
  const table = qualify('public', plan.table.name);
  const own = plan.ownRows.flatMap((match) =>
    Object.entries(match).map(([column, value]) => `"${column}"::text <> '${value}'`),
  );
  const where = own.length === 0 ? '' : ` WHERE ${own.join(' AND ')}`;
  const rows = must(
    await source.query<{ readonly all: string }>(
      `SELECT coalesce(jsonb_agg(t), '[]')::text AS all FROM ${table} t${where}`,
    ),
  );
  const key = plan.table.key ?? [];
  const from = `jsonb_populate_recordset(NULL::${table}, $1::text::jsonb)`;
  if (key.length === 0) {
    must(await target.run(`DELETE FROM ${table}${where}`));
    must(await target.run(`INSERT INTO ${table} SELECT * FROM ${from}`, [rows[0]?.all]));
    return;
  }
  const gone = `(${quoteNames(key)}) NOT IN (SELECT ${quoteNames(key)} FROM ${from})`;
  must(await target.run(`DELETE FROM ${table}${where === '' ? ' WHERE' : `${where} AND`} ${gone}`, [rows[0]?.all]));
  const set = plan.columns
    .filter((name) => !key.includes(name))
    .map((name) => `${quoteName(name)} = excluded.${quoteName(name)}`);
  must(
    await target.run(
      `INSERT INTO ${table} SELECT * FROM ${from} ON CONFLICT (${quoteNames(key)}) ${set.length === 0 ? 'DO NOTHING' : `DO UPDATE SET ${set.join(', ')}`}`,
      [rows[0]?.all],
    ),
  );
};

const copyFrom = async (main: Cluster, standby: Cluster, snapshot: string): Promise<Result<CopyOutcome>> => {
  const [source, target] = [await openDatabase(main), await openDatabase(standby)];
  try {
    must(await source.run('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'));
    must(await source.run(`SET TRANSACTION SNAPSHOT '${snapshot}'`));
    const plan = planCopy(must(await readCatalog(source, 'public')), pairRules);
    must(await target.run('BEGIN'));
    must(await target.run('SELECT dualtone.begin_apply()'));
    for (const table of plan.tables) await copyTable(source, target, table);
    must(await target.run('COMMIT'));
    return ok({ changed: 1, bytes: 1 });
  } finally {
    await source.close();
    await target.close();
  }
};

const accessTo = (node: Node, name: string): DatabaseAccess => ({ ...node.db.access, name });

const home = (node: Node): string => join(node.cluster.socketDir, '..', 'record');

const adminOf = (node: Node) => createAdmin(setupOptions(node.cluster).admin);

const receiverOptionsFor = async (main: Node, standby: Node): Promise<ReceiverOptions> => {
  const { uid, gid } = await stat(standby.cluster.dataDir);
  return {
    admin: adminOf(standby),
    node: 'standby',
    sourceNode: 'main',
    source: accessTo(main, "the main's database"),
    target: accessTo(standby, "the standby's database"),
    way: {
      host: '127.0.0.1',
      port: main.cluster.port,
      database: 'asterisk',
      user: 'dualtone',
      password: PASSWORD,
      trusted: await readFile(main.cluster.certificateFile ?? '', 'utf8'),
      verifyName: false,
      directory: join(standby.cluster.socketDir, '..', 'way'),
      uid,
      gid,
    },
    schema: 'public',
    rules: pairRules,
    recordFile: join(home(standby), 'identities.json'),
    schemaEveryMs: 0,
    slotWaitMs: 10_000,
    copy: (snapshot) => copyFrom(main.cluster, standby.cluster, snapshot),
  };
};

/** Starts both, offers, and follows nothing yet. `stop` ends all of it. */
export const startPair = async (version: number): Promise<Pair> => {
  const main = await startNode(
    version,
    `INSERT INTO public.userfeatures (firstname) SELECT 'user ' || n FROM generate_series(1, 100) n;`,
  );
  const standby = await startNode(
    version,
    `UPDATE public.provisioning SET net4_ip = 'standby'; UPDATE public.accesswebservice SET passwd = 'standby';`,
  );
  const receiverOptions = await receiverOptionsFor(main, standby);
  const sender = must(
    await createContinuousSender({
      admin: adminOf(main),
      node: 'main',
      schema: 'public',
      rules: pairRules,
      recordFile: join(home(main), 'identities.json'),
    }),
  );
  const receiver = must(await createContinuousReceiver(receiverOptions, new AbortController().signal));
  return {
    main,
    standby,
    sender,
    receiver,
    receiverOptions,
    stop: async () => {
      await receiver.close();
      for (const node of [main, standby]) {
        await node.db.close();
        await node.cluster.stop();
      }
    },
  };
};

/** Asks until it is so; throws after `limitMs`. */
export const until = async (what: string, limitMs: number, isSo: () => Promise<boolean>): Promise<void> => {
  const endsAt = performance.now() + limitMs;
  while (!(await isSo())) {
    if (performance.now() > endsAt) throw new Error(`not within ${limitMs} ms: ${what}`);
    await pause(50);
  }
};
