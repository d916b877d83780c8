/** Two nodes with a small telephone system's events and a reporting database beside them, on one real server, for tests. */
import { type Cluster, startCluster } from '../../../test/postgres/cluster.ts';
import { ok, type Result } from '../../core/result.ts';
import { createEventsPart } from '../../replication/merge/events/part.ts';
import {
  connectTo,
  eventRules,
  eventsOptions,
  identity,
  options,
  type Reach,
  schemaSql,
} from '../../replication/merge/testing/nodes.ts';
import type { DatabaseAccess } from '../../replication/postgres/connection.ts';
import { schemaSql as dualtoneSchema } from '../../replication/postgres/setup/schema-sql.ts';
import type { Step, TableRule } from '../core/words.ts';
import { openPass, type PassOptions } from '../pass.ts';
import { reportingSql } from '../postgres/schema-sql.ts';
import { createPostgresTarget } from '../postgres/target.ts';
import type { Target } from '../target.ts';

export const tables: readonly TableRule[] = [
  { table: 'queue_log', key: 'id', time: 'time', omit: [] },
  { table: 'cel', key: 'id', time: 'eventtime', omit: ['call_log_id'] },
];

/** As a contact centre's has them: other types, keys without and with numbers of their own. */
const statsSql = `
CREATE TABLE queue_log (id int PRIMARY KEY, "time" timestamp, callid varchar(80), event varchar(20), data1 varchar(30));
CREATE TABLE cel (id bigserial PRIMARY KEY, eventtype text NOT NULL, eventtime timestamptz NOT NULL, linkedid text, extra text, tags text,
  arrived timestamptz NOT NULL DEFAULT now());`;

export type Row = Readonly<Record<string, unknown>>;

export interface Fixture {
  readonly cluster: Cluster;
  readonly access: DatabaseAccess;
  on(database: 'main' | 'standby' | 'stats', sql: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  lane(node: 'main' | 'standby', changes?: Partial<PassOptions>): PassOptions;
  /** What the standby wrote within the term comes home. */
  merge(): Promise<void>;
  target(): Target;
  /** Nothing was ever written or sent. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

const never = new AbortController().signal;

const accessOf = (cluster: Cluster): DatabaseAccess => ({
  name: 'the reporting database',
  host: cluster.host,
  port: cluster.port,
  database: 'stats',
  user: 'reporter',
  password: 'reporter',
  tls: null,
  connectMs: 60_000,
  statementMs: 60_000,
  lockMs: 60_000,
  idleMs: 60_000,
});

const prepareNode = async (cluster: Cluster, name: string): Promise<void> => {
  await cluster.createDatabase(name);
  await cluster.query(
    `${dualtoneSchema('dualtone')}; ${schemaSql}; GRANT USAGE ON SCHEMA public TO dualtone;
     GRANT TEMPORARY ON DATABASE ${name} TO dualtone;
     GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO dualtone;
     GRANT SELECT, USAGE, UPDATE ON ALL SEQUENCES IN SCHEMA public TO dualtone`,
    undefined,
    name,
  );
};

export const startFixture = async (): Promise<Fixture> => {
  const cluster = await startCluster();
  const on: Fixture['on'] = async (database, sql, values) => (await cluster.query(sql, values, database)).rows as Row[];
  await cluster.query(`CREATE ROLE dualtone LOGIN PASSWORD 'dualtone'`);
  await prepareNode(cluster, 'main');
  await prepareNode(cluster, 'standby');
  await cluster.createDatabase('stats');
  await cluster.query(statsSql, undefined, 'stats');
  await cluster.query(reportingSql('public', tables, 'reporter'), undefined, 'stats');
  await cluster.query(`ALTER ROLE reporter PASSWORD 'reporter'`);
  const access = accessOf(cluster);
  const reach = (database: string): Reach => ({ socketDir: cluster.socketDir, port: cluster.port, database });
  const target: Fixture['target'] = () =>
    createPostgresTarget({ access: () => ok(access), schema: 'public', mostRuns: 1000 });
  return {
    cluster,
    access,
    on,
    target,
    lane: (node, changes = {}) => ({
      target: target(),
      source: {
        schema: 'public',
        node,
        peer: node === 'main' ? 'standby' : 'main',
        era: 1,
        isMain: node === 'main',
        tables,
      },
      connect: connectTo(node, reach(node)),
      pace: { everyMs: 10, batchRows: 7, batchBytes: 1_000_000 },
      begin: 'all',
      onStep: () => undefined,
      ...changes,
    }),
    merge: async () => {
      const nodes = { main: reach('main'), standby: reach('standby') };
      const part = createEventsPart(eventsOptions(nodes, { batchRows: 5 }));
      const done = await part.run(identity(), options());
      if (!done.ok) throw new Error(JSON.stringify(done.error));
    },
    reset: async () => {
      for (const node of ['main', 'standby'] as const)
        await on(
          node,
          `DROP TABLE IF EXISTS dualtone.merged, dualtone.aside, dualtone.merge_settled, dualtone.merge_changes;
           TRUNCATE queue_log, cel RESTART IDENTITY`,
        );
      const own = ['stream', 'position', 'run', 'gone', 'refused'].map((name) => `dualtone_reporting.${name}`);
      await on('stats', `TRUNCATE queue_log, cel RESTART IDENTITY; TRUNCATE ${own.join(', ')}`);
    },
    stop: cluster.stop,
  };
};

/** `eventRules` are what merges bring; a fixture whose tables they lack would show nothing. */
if (!tables.every(({ table }) => eventRules.some((rule) => rule.table === table))) throw new Error('no such events');

/** Opens, sends all there is, closes. */
export const drain = async (
  lane: PassOptions,
): Promise<Result<{ sent: number; known: number; refused: number; gone: number }>> => {
  const opened = await openPass(lane, never);
  if (!opened.ok) return opened;
  const total = { sent: 0, known: 0, refused: 0, gone: 0 };
  try {
    for (;;) {
      const passed = await opened.value.run();
      if (!passed.ok) return passed;
      const { counts, isMore } = passed.value;
      total.sent += counts.sent;
      total.known += counts.known;
      total.refused += counts.refused;
      total.gone += counts.gone;
      if (!isMore) return ok(total);
    }
  } finally {
    await opened.value.close();
  }
};

/** Thrown at a step, as if the process had died there: nothing after it runs, and its connections are gone. */
export class Killed extends Error {}

/** Ends the process at the `nth` step it comes by. */
export const killAt = (nth: number): ((step: Step) => void) => {
  let count = 0;
  return () => {
    count += 1;
    if (count === nth) throw new Killed();
  };
};
