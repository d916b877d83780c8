/** A telephone system's small database with Dualtone's set-up in it, for tests of what builds on it. */
import { join } from 'node:path';
import type { Cluster } from '../../../../../test/postgres/cluster.ts';
import { messageOf, type Result } from '../../../../core/result.ts';
import { run } from '../../../../process/run.ts';
import { connectDatabase, type Database, type DatabaseAccess } from '../../connection.ts';
import { createDatabaseSetup, type DatabaseSetup, type SetupOptions } from '../setup.ts';

export const PASSWORD = 'correct-horse-battery';

/** As on a node that nobody else is let into; change what the test is about. */
export const setupOptions = (cluster: Cluster, changes: Partial<SetupOptions> = {}): SetupOptions => ({
  admin: {
    osUser: 'postgres',
    socket: cluster.socketDir,
    port: cluster.port,
    database: 'asterisk',
    lockTimeMs: 1000,
    timeLimitMs: 20_000,
  },
  schema: 'public',
  role: 'dualtone',
  password: PASSWORD,
  recordFile: join(cluster.socketDir, '..', 'record', 'database-setup.json'),
  listenOn: null,
  peers: [],
  throughSsh: false,
  hostname: 'node',
  continuous: false,
  following: {
    wanted: changes.continuous === true,
    identitiesFile: join(cluster.socketDir, '..', 'record', 'identities.json'),
    wayDirectory: join(cluster.socketDir, '..', 'way'),
  },
  keepWalMb: 1024,
  restart: ['false'],
  overwriteDrift: false,
  ...changes,
});

/** Dualtone's role at the node's own socket. Throws the fault. */
export const openDatabase = async (cluster: Cluster, changes: Partial<DatabaseAccess> = {}): Promise<Database> => {
  const opened = await connectDatabase(
    {
      name: `PostgreSQL ${cluster.major}`,
      host: cluster.socketDir,
      port: cluster.port,
      database: 'asterisk',
      user: 'dualtone',
      password: PASSWORD,
      tls: null,
      connectMs: 3000,
      statementMs: 20_000,
      lockMs: 1000,
      idleMs: 20_000,
      ...changes,
    },
    new AbortController().signal,
  );
  if (!opened.ok) throw new Error(`${opened.error.code}: ${opened.error.message}`);
  return opened.value;
};

/** Throws the fault. */
export const must = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
};

/** Throws the fault. */
export const openSetup = async (cluster: Cluster, changes: Partial<SetupOptions> = {}): Promise<DatabaseSetup> => {
  const setup = await createDatabaseSetup(setupOptions(cluster, changes), run);
  if (!setup.ok) throw new Error(`${setup.error.code}: ${setup.error.message}`);
  return setup.value;
};

/** Owner `asterisk` as in real ones; a hyphenated column, an enum, a composite key. */
export const createTelephoneDatabase = async (cluster: Cluster): Promise<void> => {
  await cluster.query(`CREATE ROLE asterisk LOGIN PASSWORD 'proformatique'`);
  await cluster.query('CREATE DATABASE asterisk OWNER asterisk');
  await cluster.query(
    `CREATE TYPE public.kind AS ENUM ('user', 'queue');
     CREATE TABLE public.userfeatures (id serial PRIMARY KEY, firstname text NOT NULL DEFAULT '', "call-limit" int,
       enablednd int NOT NULL DEFAULT 0, kind public.kind, options text[]);
     CREATE TABLE public.queuemember (queue_name text, interface text, penalty int, PRIMARY KEY (queue_name, interface));
     CREATE TABLE public.loose (a int, b text);
     CREATE TABLE public.netiface (id serial PRIMARY KEY, ifname text UNIQUE, address text);
     DO $$ DECLARE t text; BEGIN FOR t IN SELECT c.oid::regclass::text FROM pg_class c
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
       LOOP EXECUTE 'ALTER TABLE ' || t || ' OWNER TO asterisk'; END LOOP; END $$;
     INSERT INTO public.userfeatures (firstname) SELECT 'user ' || n FROM generate_series(1, 20) n;`,
    undefined,
    'asterisk',
  );
};

/** The message of the first error that a query meets; null when it meets none. */
export const refusal = async (query: Promise<unknown>): Promise<string | null> =>
  query.then(
    () => null,
    (error: unknown) => messageOf(error),
  );
