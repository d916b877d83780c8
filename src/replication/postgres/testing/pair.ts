/** Two databases of one or two clusters, with a stand-in for what set-up installs, for tests of the snapshot. */
import type { Cluster } from '../../../../test/postgres/cluster.ts';
import type { DatabaseAccess } from '../connection.ts';
import type { DatabaseRules } from '../rules.ts';
import type { SnapshotOptions } from '../snapshot/snapshot.ts';

/** As set-up's, without its locks: only what the snapshot asks of it. */
const STAND_IN = `
CREATE SCHEMA dualtone;
CREATE TABLE dualtone.stand_in (serving boolean, epoch bigint);
INSERT INTO dualtone.stand_in VALUES (false, 0);
CREATE FUNCTION dualtone.begin_apply() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS
  $$ SELECT set_config('session_replication_role', 'replica', true) $$;
CREATE FUNCTION dualtone.may_receive(asked bigint) RETURNS boolean LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS
  $$ SELECT NOT serving AND asked >= epoch FROM dualtone.stand_in $$;
GRANT USAGE ON SCHEMA dualtone TO dualtone;
`;

const PASSWORD = "it's \\ secret";

export interface TestDatabase {
  readonly access: DatabaseAccess;
  /** As superuser. */
  sql(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  /** Rows of a query as superuser, as JSON, sorted. */
  rows(text: string): Promise<readonly string[]>;
}

const noRules: DatabaseRules = { exclude: [], keepColumns: [], keepRows: [], status: [], events: [] };

/** Dualtone's role, once for a cluster. */
export const createRole = async (cluster: Cluster): Promise<void> => {
  await cluster.query(
    `SET password_encryption = 'scram-sha-256'; CREATE ROLE dualtone LOGIN PASSWORD '${PASSWORD.replaceAll("'", "''")}'`,
  );
};

let counter = 0;

export interface DatabaseKind {
  readonly encoding?: string;
  readonly locale?: string;
  /** Where its files lie. */
  readonly tablespace?: string;
}

/** A database with `ddl` in it, ready to be copied from and to by Dualtone's role. */
export const createTestDatabase = async (
  cluster: Cluster,
  name: string,
  ddl: string,
  { encoding = 'UTF8', locale = 'C.UTF-8', tablespace = 'pg_default' }: DatabaseKind = {},
): Promise<TestDatabase> => {
  counter += 1;
  const database = `db_${counter}`;
  await cluster.query(
    `CREATE DATABASE ${database} TEMPLATE template0 ENCODING '${encoding}' LOCALE '${locale}' TABLESPACE ${tablespace}`,
  );
  await cluster.query(
    `${STAND_IN}; ${ddl};
     GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO dualtone;
     GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO dualtone;`,
    undefined,
    database,
  );
  const sql: TestDatabase['sql'] = async (text, values) =>
    (await cluster.query(text, values, database)).rows as Record<string, unknown>[];
  return {
    access: {
      name,
      host: cluster.socketDir,
      port: cluster.port,
      database,
      user: 'dualtone',
      password: PASSWORD,
      tls: null,
      // Far above what it takes: the machine may be busy with other tests.
      connectMs: 30_000,
      statementMs: 30_000,
      lockMs: 500,
      idleMs: 60_000,
    },
    sql,
    rows: async (text) =>
      (await sql(`SELECT to_jsonb(q)::text AS row FROM (${text}) q`)).map((row) => String(row['row'])).toSorted(),
  };
};

export const snapshotOptions = (
  source: TestDatabase,
  target: TestDatabase,
  rules: Partial<DatabaseRules> = {},
): SnapshotOptions => ({
  source: source.access,
  target: target.access,
  schema: 'public',
  rules: { ...noRules, ...rules },
  epoch: 2,
  timeLimitMs: 60_000,
  limits: { clockMs: 2000 },
});
