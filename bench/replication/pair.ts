/** A main and a standby: two PostgreSQL servers with the same telephone system, and Dualtone's own set-up in both. */
import { randomBytes } from 'node:crypto';
import { type Content, installTelephoneSystem } from '../../lab/telephone-system/install.ts';
import { streamsSchema } from '../../src/config/schema/streams.ts';
import { wazoStreams, xivoStreams } from '../../src/profiles/xivo/streams.ts';
import type { DatabaseAccess } from '../../src/replication/postgres/connection.ts';
import type { DatabaseRules } from '../../src/replication/postgres/rules.ts';
import { schemaSql } from '../../src/replication/postgres/setup/schema-sql.ts';
import { type Cluster, startCluster } from '../../test/postgres/cluster.ts';

export const DATABASE = 'asterisk';
const ROLE = 'dualtone';

export interface BenchPair {
  readonly main: Cluster;
  readonly standby: Cluster;
  readonly content: Content;
  readonly rules: DatabaseRules;
  readonly access: (side: 'main' | 'standby') => DatabaseAccess;
  readonly stop: () => Promise<void>;
}

/** The profile's rules for that era. */
export const rulesOf = (era: Content['era']): DatabaseRules => {
  const { database } = streamsSchema.parse(era === 'xivo' ? xivoStreams : wazoStreams);
  return {
    exclude: database.exclude,
    keepColumns: database['keep-columns'],
    keepRows: database['keep-rows'],
    status: database.status,
    events: database.events,
  };
};

/** The rights that set-up gives, and its functions. */
const prepare = (password: string): string => `
  CREATE ROLE ${ROLE} LOGIN PASSWORD '${password}';
  ${schemaSql(ROLE)}
  GRANT USAGE ON SCHEMA public TO ${ROLE};
  GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${ROLE};
  GRANT SELECT, UPDATE, USAGE ON ALL SEQUENCES IN SCHEMA public TO ${ROLE}`;

const install = async (cluster: Cluster, content: Partial<Content>, password: string): Promise<Content> => {
  await cluster.createDatabase(DATABASE);
  const db = await cluster.connect({ database: DATABASE });
  try {
    const whole = await installTelephoneSystem(db, content);
    await db.query(prepare(password));
    return whole;
  } finally {
    await db.end();
  }
};

/** Starts both. The standby's rows are the main's but for what is the host's own. Throws where a server does not start. */
export const startPair = async (content: Partial<Content>): Promise<BenchPair> => {
  const password = randomBytes(12).toString('hex');
  const clusters: Cluster[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(clusters.map((cluster) => cluster.stop()));
  };
  try {
    const main = await startCluster({ settings: { wal_level: 'logical' } });
    clusters.push(main);
    const standby = await startCluster({ settings: { wal_level: 'logical' } });
    clusters.push(standby);
    const whole = await install(main, { ...content, node: 'main' }, password);
    await install(standby, { ...content, node: 'standby' }, password);
    const access = (side: 'main' | 'standby'): DatabaseAccess => ({
      name: `the ${side}'s database`,
      host: '127.0.0.1',
      port: (side === 'main' ? main : standby).port,
      database: DATABASE,
      user: ROLE,
      password,
      tls: null,
      connectMs: 10_000,
      statementMs: 300_000,
      lockMs: 500,
      idleMs: 300_000,
    });
    return { main, standby, content: whole, rules: rulesOf(whole.era), access, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
