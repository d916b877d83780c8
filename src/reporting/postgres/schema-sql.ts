/** What an administrator runs once in the reporting database: Dualtone's role there, its own schema, the few rights it needs. */
import { qualify, quoteName, quoteValue } from '../../replication/postgres/identifier.ts';
import type { TableRule } from '../core/words.ts';

export const SCHEMA = 'dualtone_reporting';

/**
 * `stream`: a table's lock, so that numbers are given in the order of commits, and where ours begin. `position`: how far each sender is; `folded`: up to
 * where its runs were dropped. `run`: which events are which rows. `gone`: deleted at the source before they were sent. `refused`: events that do not fit.
 */
const tablesSql = `
CREATE TABLE IF NOT EXISTS ${SCHEMA}.stream (table_name text PRIMARY KEY, begin_id bigint NOT NULL);
CREATE TABLE IF NOT EXISTS ${SCHEMA}.position (origin text COLLATE "C", table_name text, begun bigint NOT NULL, position bigint NOT NULL,
  digest text, folded bigint NOT NULL DEFAULT 0, at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (origin, table_name));
CREATE TABLE IF NOT EXISTS ${SCHEMA}.run (origin text COLLATE "C", table_name text, key_from bigint, key_to bigint NOT NULL, id bigint NOT NULL,
  PRIMARY KEY (table_name, origin, key_from), CHECK (key_to >= key_from));
CREATE TABLE IF NOT EXISTS ${SCHEMA}.gone (origin text COLLATE "C", table_name text, key_from bigint, key_to bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (table_name, origin, key_from));
CREATE TABLE IF NOT EXISTS ${SCHEMA}.refused (origin text COLLATE "C", table_name text, key bigint, reason text NOT NULL, cells json NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (table_name, origin, key));`;

const sequenceGrant = (schema: string, { table, key }: TableRule, role: string): string => `
DO $do$ DECLARE s text := pg_get_serial_sequence(${quoteValue(qualify(schema, table))}, ${quoteValue(key)});
BEGIN IF s IS NOT NULL THEN EXECUTE 'GRANT SELECT, UPDATE ON SEQUENCE ' || s || ' TO ' || ${quoteValue(quoteName(role))}; END IF; END $do$;`;

/** As the administrator of the reporting database, connected to it; repeatable. The password is set by hand, so that it stands in no file. */
export const reportingSql = (schema: string, tables: readonly TableRule[], role: string): string => {
  const to = quoteName(role);
  const own = ['stream', 'position', 'run', 'gone', 'refused'].map((name) => qualify(SCHEMA, name)).join(', ');
  const theirs = tables.map(({ table }) => qualify(schema, table)).join(', ');
  return `-- Run as its administrator in the reporting database, then: \\password ${role}
BEGIN;
DO $do$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ${quoteValue(role)}) THEN
    CREATE ROLE ${to} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT;
  END IF;
END $do$;
CREATE SCHEMA IF NOT EXISTS ${SCHEMA};
REVOKE ALL ON SCHEMA ${SCHEMA} FROM PUBLIC;${tablesSql}
GRANT USAGE ON SCHEMA ${SCHEMA}, ${quoteName(schema)} TO ${to};
GRANT SELECT, INSERT, UPDATE, DELETE ON ${own} TO ${to};
-- Rows of others it can neither change nor delete.
GRANT SELECT, INSERT ON ${theirs} TO ${to};${tables.map((rule) => sequenceGrant(schema, rule, role)).join('')}
COMMIT;
`;
};
