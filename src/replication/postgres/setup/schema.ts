/** The schema `dualtone` in the database: guard, heartbeat, log of changes, and their functions. */
import { ok, type Result } from '../../../core/result.ts';
import { doBlock, quoteName, quoteValue } from '../identifier.ts';
import type { Item, ItemContext, ItemLook } from './item.ts';
import { functionsDigest, logRoleFor, MARK, schemaSql, schemaStanding, schemaVersion } from './schema-sql.ts';

interface SchemaRow {
  readonly there: boolean;
  readonly comment: string | null;
  readonly digest: string | null;
  /** A role of the name that the log's owner has, and not ours. */
  readonly taken: boolean;
}

interface Collected {
  readonly unmerged: boolean;
  readonly subscribed: boolean;
}

const query = (role: string): string => `
select n.oid is not null as there, exists (select from pg_roles r where r.rolname = ${quoteValue(logRoleFor(role))}
    and shobj_description(r.oid, 'pg_authid') like ${quoteValue(`${MARK}%`)} is not true) as taken,
  obj_description(n.oid, 'pg_namespace') as comment, case when n.oid is not null then ${functionsDigest.replace(
    "'dualtone'::regnamespace",
    'n.oid',
  )} end as digest
from (select 1) one left join pg_namespace n on n.nspname = 'dualtone'`;

const ID = 'schema';

const looked = (condition: ItemLook['condition'], text: string, change: string | null): Result<ItemLook> =>
  ok({ id: ID, condition, text, change, effect: 'at-once' });
const judge = (row: SchemaRow, database: string, role: string, overwriteDrift: boolean): Result<ItemLook> => {
  if (row.taken)
    return looked('refused', `A role \`${logRoleFor(role)}\` is there that Dualtone did not make; rename it.`, null);
  const make = `Makes the schema \`dualtone\` in ${database}: the guard that keeps a serving node from taking anything in, the heartbeat, and the log of local changes.`;
  if (!row.there) return looked('missing', `There is no schema \`dualtone\` in ${database}.`, make);
  if (row.comment?.startsWith(MARK) !== true)
    return looked('refused', `${database} has a schema \`dualtone\` that Dualtone did not make; rename it.`, null);
  const digest = /(\S+)$/.exec(row.comment)?.[1];
  if (schemaStanding(row.comment, role) !== 'right')
    return looked(
      'missing',
      'The schema `dualtone` is of another version of Dualtone.',
      'Brings the schema `dualtone` to this version; its data stays.',
    );
  if (digest !== row.digest)
    return looked(
      overwriteDrift ? 'missing' : 'drifted',
      'A function of the schema `dualtone` was changed by hand.',
      overwriteDrift ? 'Puts the functions of the schema `dualtone` back.' : null,
    );
  return looked('right', 'The schema `dualtone` is there, as this version made it.', null);
};

/** Fault of all: `database-admin-failed`. */
export const createSchemaItem = ({ admin, record, overwriteDrift }: ItemContext, role: string): Item => {
  const find = async (): Promise<Result<SchemaRow>> => {
    const rows = await admin.rows<SchemaRow>(query(role));
    return rows.ok ? ok(rows.value[0] ?? { there: false, comment: null, digest: null, taken: false }) : rows;
  };
  /** Another database of the same server may have its log by it still: then it stays, and nobody logs in as it. */
  const dropLogRole = (): Promise<Result<void>> => {
    const name = quoteName(logRoleFor(role));
    return admin.execute(
      `${doBlock(`drop role if exists ${name}; exception when dependent_objects_still_exist then null;`)};`,
    );
  };
  const drop = async ({ taken }: SchemaRow): Promise<Result<string | null>> => {
    const rows = await admin.rows<Collected>(`select
      coalesce((select unmerged is not null from dualtone.guard), false) as unmerged,
      exists (select from pg_subscription s join pg_database d on d.oid = s.subdbid
        where d.datname = current_database() and s.subname like 'dualtone%') as subscribed`);
    if (!rows.ok) return rows;
    if (rows.value[0]?.unmerged === true)
      return ok('What this node collected is not merged yet; the schema `dualtone` with its log was left.');
    if (rows.value[0]?.subscribed === true)
      return ok('This node still subscribes to the other; the schema `dualtone` was left.');
    const dropped = await admin.execute('drop schema dualtone cascade;');
    if (!dropped.ok) return dropped;
    const gone = taken ? ok(undefined) : await dropLogRole();
    return gone.ok ? ok(null) : gone;
  };
  return {
    id: ID,
    look: async () => {
      const row = await find();
      return row.ok ? judge(row.value, admin.database, role, overwriteDrift) : row;
    },
    act: async () => {
      const kept = await record.keep(ID, null, schemaVersion(role));
      return kept.ok ? admin.execute(schemaSql(role)) : kept;
    },
    undo: async () => {
      const row = await find();
      if (!row.ok) return row;
      if (row.value.comment?.startsWith(MARK) === true) {
        const dropped = await drop(row.value);
        if (!dropped.ok || dropped.value !== null) return dropped;
      } else if (row.value.there) return ok("The schema `dualtone` is not Dualtone's and was left.");
      const forgotten = await record.drop(ID);
      return forgotten.ok ? ok(null) : forgotten;
    },
  };
};
