/** The schema `dualtone` in each node's database, whole, and how it is told from anything else of that name. */
import { createHash } from 'node:crypto';
import { doBlock, quoteName, quoteValue } from '../identifier.ts';
import { guardCalls, guardFunctions, guardTables } from './guard-sql.ts';
import { logFunctions, logTables } from './log-sql.ts';

/** Tables of the schema, and what Dualtone's role may do with each. */
const tableRights: Readonly<Record<string, string>> = {
  guard: 'select',
  heartbeat: 'select, insert, update',
  changes: 'select, delete',
  truncations: 'select, delete',
};

/** Who owns `log_change`: nobody logs in as it, and it may add to the log and no more. */
export const logRoleFor = (role: string): string => `${role.slice(0, 50)}_log`;

/** Begins the comment on whatever Dualtone made in a database. */
export const MARK = 'Made by Dualtone';

/**
 * `to_jsonb` runs the casts that the telephone system's own role may have made for its types: a trigger function with the
 * administrator's rights would lend them to whoever may write a row.
 */
const logOwner = (role: string): string => {
  const name = quoteName(logRoleFor(role));
  return `
${doBlock(`if not exists (select from pg_roles where rolname = ${quoteValue(logRoleFor(role))}) then
  create role ${name} nologin;
  comment on role ${name} is ${quoteValue(`${MARK}.`)};
end if;`)};
grant usage on schema dualtone to ${name};
grant select on dualtone.guard to ${name};
grant insert on dualtone.changes to ${name};
grant usage on sequence dualtone.missed_changes to ${name};
alter function dualtone.log_change() owner to ${name};
`;
};

const body = (role: string): string => {
  const name = quoteName(role);
  const functions = (guardFunctions + logFunctions).replaceAll('{role}', quoteValue(role));
  return `
create schema if not exists dualtone;
revoke all on schema dualtone from public;
-- CREATE as well: what a merge keeps (which event became which) it keeps in tables of its own here.
grant usage, create on schema dualtone to ${name};
${guardTables}${logTables}${functions}
revoke all on all functions in schema dualtone from public;
${guardCalls.map((call) => `grant execute on function dualtone.${call} to ${name};`).join('\n')}
${Object.entries(tableRights)
  .map(
    ([table, rights]) =>
      `revoke all on dualtone.${table} from public;\ngrant ${rights} on dualtone.${table} to ${name};`,
  )
  .join('\n')}
grant select on sequence dualtone.missed_changes, dualtone.changes_seq_seq to ${name};
${logOwner(role)}`;
};

/** Which version of the schema this program makes; stands in the comment on the schema. */
export const schemaVersion = (role: string): string =>
  createHash('sha256').update(body(role)).digest('hex').slice(0, 16);

/** Of which version of the program the schema in a database is; `missing`: there is none of ours. */
export type SchemaStanding = 'right' | 'other-version' | 'missing';

/** By the comment on the schema; null: it has none, or there is no schema. */
export const schemaStanding = (comment: string | null, role: string): SchemaStanding => {
  if (comment?.startsWith(MARK) !== true) return 'missing';
  return /^.*?\. (\S+) \S+$/.exec(comment)?.[1] === schemaVersion(role) ? 'right' : 'other-version';
};

/** The comment, as anybody may read it. */
export const SCHEMA_COMMENT = `SELECT obj_description(to_regnamespace('dualtone'), 'pg_namespace') AS comment`;

/**
 * What the functions are in the catalogue. A hand that changes one is seen by it.
 * Tables are not in it: their data is, and merges have tables of their own in the schema.
 */
export const functionsDigest = `(select md5(string_agg(p.proname || p.prosrc || p.prosecdef || coalesce(p.proconfig::text, '') || r.rolsuper, '|'
    order by p.proname, p.oid::regprocedure::text))
  from pg_proc p join pg_roles r on r.oid = p.proowner where p.pronamespace = 'dualtone'::regnamespace
    and p.proname in ('from_here', 'may_receive', 'begin_apply', 'begin_merge', 'end_receivers', 'stop_subscriptions', 'subscriptions', 'serve', 'rest',
      'set_unmerged', 'keep_log', 'log_change', 'log_truncate'))`;

/** Makes the schema, or makes it whole again; repeatable. As the administrator, who then owns it. */
export const schemaSql = (role: string): string => `${body(role)}
do $mark$ begin
  execute format('comment on schema dualtone is %L', '${MARK}. ${schemaVersion(role)} ' || ${functionsDigest});
end $mark$;
`;
