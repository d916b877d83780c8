/** A main and a standby with the events of a small telephone system, for tests with real servers. */
import { type Cluster, startCluster } from '../../../../test/postgres/cluster.ts';
import { connectDatabase } from '../../postgres/connection.ts';
import type { EventRule } from '../../postgres/rules.ts';
import { schemaSql as dualtoneSchema } from '../../postgres/setup/schema-sql.ts';
import { createEventsPart, EVENTS_DEFAULTS } from '../events/part.ts';
import type { EventsOptions } from '../options.ts';
import type { MergeIdentity, MergePart, PartRunOptions, Term } from '../part.ts';
import type { Connect } from '../session.ts';

const ROLE = 'dualtone';

export const schemaSql = `
CREATE TYPE role AS ENUM ('source', 'destination');
CREATE TABLE users (id int PRIMARY KEY, name text, dnd boolean NOT NULL DEFAULT false, forward text NOT NULL DEFAULT '', own text);
CREATE TABLE extensions (id serial PRIMARY KEY, exten text UNIQUE, context text NOT NULL DEFAULT 'default', user_id int REFERENCES users(id));
CREATE TABLE call_log (id serial PRIMARY KEY, date timestamptz NOT NULL, source text, answered boolean, "duration-ms" bigint);
CREATE TABLE cel (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, eventtype varchar(10) NOT NULL, eventtime timestamptz NOT NULL,
  linkedid text, extra jsonb, tags text[], call_log_id int REFERENCES call_log(id), shout text GENERATED ALWAYS AS (upper(eventtype)) STORED);
CREATE INDEX cel_time ON cel (eventtime);
CREATE INDEX cel_linked ON cel (linkedid);
CREATE TABLE participant (uuid uuid PRIMARY KEY, call_log_id int NOT NULL REFERENCES call_log(id) ON DELETE CASCADE,
  role role NOT NULL, user_id int REFERENCES users(id), must_user int NOT NULL DEFAULT 1 REFERENCES users(id));
CREATE TABLE queue_log (id serial PRIMARY KEY, "time" varchar(80) NOT NULL DEFAULT '', callid varchar(80), event varchar(20), data1 text);
INSERT INTO users (id, name) SELECT n, 'user ' || n FROM generate_series(1, 20) n;
`;

export const eventRules: readonly EventRule[] = [
  { table: 'cel', key: 'id', time: 'eventtime', parent: { table: 'call_log', column: 'call_log_id' } },
  { table: 'participant', key: 'uuid', time: null, parent: { table: 'call_log', column: 'call_log_id' } },
  { table: 'call_log', key: 'id', time: 'date', parent: null },
  { table: 'queue_log', key: 'id', time: 'time', parent: null },
];

/** One node's database. */
export interface Side {
  readonly socketDir: string;
  readonly port: number;
  readonly database: string;
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** As superuser; the caller ends it. */
  connect: () => ReturnType<Cluster['connect']>;
}

export interface Nodes {
  readonly main: Side;
  readonly standby: Side;
  stop(): Promise<void>;
}

const sideOf = (cluster: Cluster, database: string): Side => ({
  socketDir: cluster.socketDir,
  port: cluster.port,
  database,
  connect: () => cluster.connect({ database }),
  query: async (sql) => {
    const done: unknown = await cluster.query(sql, undefined, database);
    const last = Array.isArray(done) ? (done.at(-1) as unknown) : done;
    return (last as { readonly rows: readonly Readonly<Record<string, unknown>>[] }).rows;
  },
});

/** Two databases of one server: what a merge knows of a node is its database, and one server is half the work. */
export const startNodes = async (sql: string = schemaSql): Promise<Nodes> => {
  const cluster = await startCluster();
  const nodes = { main: sideOf(cluster, 'main'), standby: sideOf(cluster, 'standby'), stop: cluster.stop };
  try {
    await cluster.query(`CREATE ROLE ${ROLE} LOGIN PASSWORD '${ROLE}'`);
    for (const side of [nodes.main, nodes.standby]) {
      await cluster.createDatabase(side.database);
      await side.query(`${dualtoneSchema(ROLE)}; ${sql};
        GRANT USAGE ON SCHEMA public TO ${ROLE}; GRANT TEMPORARY ON DATABASE ${side.database} TO ${ROLE};
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${ROLE};
        GRANT SELECT, USAGE, UPDATE ON ALL SEQUENCES IN SCHEMA public TO ${ROLE}`);
    }
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return nodes;
};

export type Reach = Pick<Side, 'socketDir' | 'port' | 'database'>;

/** With no more rights than set-up gives Dualtone's role. */
export const connectTo =
  (name: string, side: Reach): Connect =>
  (signal) =>
    connectDatabase(
      {
        name,
        host: side.socketDir,
        port: side.port,
        database: side.database,
        user: ROLE,
        password: ROLE,
        tls: null,
        connectMs: 60_000,
        statementMs: 900_000,
        lockMs: 60_000,
        idleMs: 900_000,
      },
      signal,
    );

export const eventsOptions = (
  nodes: { readonly main: Reach; readonly standby: Reach },
  changes: Partial<EventsOptions> = {},
): EventsOptions => ({
  ...EVENTS_DEFAULTS,
  connectHere: connectTo('the main', nodes.main),
  connectThere: connectTo('the standby', nodes.standby),
  schema: 'public',
  events: eventRules,
  zone: 'UTC',
  now: () => Date.parse('2026-03-01T14:00:00Z'),
  ...changes,
});

export const eventsPart = (nodes: Nodes, changes: Partial<EventsOptions> = {}): MergePart =>
  createEventsPart(eventsOptions(nodes, changes));

export const TERM: Term = {
  epoch: 3,
  from: Date.parse('2026-03-01T10:00:00Z'),
  to: Date.parse('2026-03-01T12:00:00Z'),
};

export const identity = (changes: Partial<MergeIdentity> = {}): MergeIdentity => ({
  mergeKey: '11111111-1111-4111-8111-111111111111',
  directory: '/nonexistent',
  terms: [TERM],
  settled: false,
  ...changes,
});

export const options = (changes: Partial<PartRunOptions> = {}): PartRunOptions => ({
  pass: 'second',
  decisions: { all: 'ask', byId: {} },
  signal: new AbortController().signal,
  onProgress: () => undefined,
  ...changes,
});
