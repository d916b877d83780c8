/**
 * A realistic telephone database, made inside the server: at least 130 tables of either era with circles of foreign keys,
 * composite keys, enumerations, arrays, odd names, and rows on which copies break. The same content gives the same rows.
 */
import { type Content, helperStatements } from './content.ts';
import { daemonRows } from './rows/daemons.ts';
import { eventRows, statisticRows } from './rows/events.ts';
import { hostRows, systemRows } from './rows/host.ts';
import { keyRows } from './rows/keys.ts';
import { peopleRows } from './rows/people.ts';
import { queueRows } from './rows/queues.ts';
import { standbyRows } from './rows/standby.ts';
import { constraintStatements, schemaStatements } from './schema.ts';

export type { Content } from './content.ts';
export type { Era } from './notation.ts';

/** Anything that takes SQL: a client of `pg`. */
export interface Database {
  query(sql: string): Promise<unknown>;
}

/** After rows with numbers of their own, each sequence goes on behind the highest. */
const behindTheHighest = `DO $$ DECLARE s record; BEGIN
  FOR s IN SELECT quote_ident(t.relname) AS t, quote_ident(a.attname) AS a, quote_ident(q.relname) AS q FROM pg_class q
    JOIN pg_depend d ON d.objid = q.oid AND d.deptype = 'a' JOIN pg_class t ON t.oid = d.refobjid
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid WHERE q.relkind = 'S'
  LOOP EXECUTE format('SELECT setval(%L, coalesce((SELECT max(%s) FROM %s), 0) + 1, false)', s.q, s.a, s.t); END LOOP; END $$`;

const withDefaults = (content: Partial<Content>): Content => ({
  era: 'xivo',
  users: 100,
  queues: 5,
  events: 1000,
  seed: 1,
  node: 'main',
  ...content,
});

/** All statements that make the database in an empty schema, in order. */
export const telephoneSystemSql = (content: Content): readonly string[] => [
  ...schemaStatements(content.era),
  ...helperStatements(content.seed),
  ...peopleRows(content),
  ...queueRows(content),
  ...keyRows(content),
  ...systemRows(content),
  ...hostRows(content),
  ...daemonRows(content),
  ...statisticRows(content),
  behindTheHighest,
  ...eventRows(content, { from: 0, count: content.events }),
  ...constraintStatements(content.era),
];

const runAll = async (db: Database, statements: readonly string[]): Promise<void> => {
  await db.query('BEGIN');
  for (const statement of statements) await db.query(statement);
  await db.query('COMMIT');
};

/**
 * Makes the whole database, by default a small one of XiVO's. Seconds for 5,000 users and some hundred thousand events. The
 * schema `public` must be empty, and the session a superuser's or its owner's.
 */
export const installTelephoneSystem = async (db: Database, content: Partial<Content> = {}): Promise<Content> => {
  const whole = withDefaults(content);
  await runAll(db, telephoneSystemSql(whole));
  await db.query('ANALYZE');
  return whole;
};

/** Further events of that content: numbers `from` + 1 and on, made by `content.node`. */
export const addEvents = async (db: Database, content: Content, from: number, count: number): Promise<void> => {
  await runAll(db, [...helperStatements(content.seed), ...eventRows(content, { from, count })]);
};

/** What only a standby has after it served: rows in tables that are excluded, and in tables that are replicated. */
export const addStandbyRows = async (db: Database, content: Content): Promise<void> => {
  await runAll(db, [...helperStatements(content.seed), ...standbyRows({ ...content, node: 'standby' })]);
};

/** Changes about `percent` of the configuration's rows; `round` tells which ones, and makes each round's values new. */
export const changeSome = async (db: Database, percent: number, round: number): Promise<void> => {
  const chosen = (column: string): string => `(${column} * 7 + ${round}) % 1000 < ${Math.round(percent * 10)}`;
  await runAll(db, [
    `UPDATE userfeatures SET enablednd = ${round} % 2, destunc = '06${round}' || id WHERE ${chosen('id')}`,
    `UPDATE extensions SET commented = ${round} % 2, typeval = '${round}' WHERE ${chosen('id')}`,
    `UPDATE func_key_mapping SET label = 'round ${round}' WHERE ${chosen('func_key_id')}`,
    `UPDATE queuemember SET penalty = ${round} % 100 WHERE ${chosen('userid')}`,
    `UPDATE dialaction SET actionarg2 = 'round ${round}' WHERE category = 'user' AND ${chosen('categoryval::int')}`,
    `UPDATE voicemail SET password = '${1000 + round}' WHERE ${chosen('uniqueid')}`,
  ]);
};
