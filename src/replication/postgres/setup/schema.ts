/** The schema `dualtone` in the database: guard, heartbeat, log of changes, and their functions. */
import { ok, type Result } from '../../../core/result.ts';
import type { Item, ItemContext, ItemLook } from './item.ts';
import { functionsDigest, MARK, schemaSql, schemaVersion } from './schema-sql.ts';

interface SchemaRow {
  readonly comment: string | null;
  readonly digest: string | null;
}

interface Collected {
  readonly unmerged: boolean;
  readonly subscribed: boolean;
}

const query = `
select obj_description(n.oid, 'pg_namespace') as comment, case when n.oid is not null then ${functionsDigest.replace(
  "'dualtone'::regnamespace",
  'n.oid',
)} end as digest
from pg_namespace n where n.nspname = 'dualtone'`;

const ID = 'schema';

const looked = (condition: ItemLook['condition'], text: string, change: string | null): Result<ItemLook> =>
  ok({ id: ID, condition, text, change, effect: 'at-once' });
const judge = (row: SchemaRow | null, database: string, role: string, overwriteDrift: boolean): Result<ItemLook> => {
  const make = `Makes the schema \`dualtone\` in ${database}: the guard that keeps a serving node from taking anything in, the heartbeat, and the log of local changes.`;
  if (row === null) return looked('missing', `There is no schema \`dualtone\` in ${database}.`, make);
  if (row.comment?.startsWith(MARK) !== true)
    return looked('refused', `${database} has a schema \`dualtone\` that Dualtone did not make; rename it.`, null);
  const [, version, digest] = /^.*?\. (\S+) (\S+)$/.exec(row.comment) ?? [];
  if (version !== schemaVersion(role))
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
  const find = async (): Promise<Result<SchemaRow | null>> => {
    const rows = await admin.rows<SchemaRow>(query);
    return rows.ok ? ok(rows.value[0] ?? null) : rows;
  };
  const drop = async (): Promise<Result<string | null>> => {
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
    return dropped.ok ? ok(null) : dropped;
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
      if (row.value?.comment?.startsWith(MARK) === true) {
        const dropped = await drop();
        if (!dropped.ok || dropped.value !== null) return dropped;
      } else if (row.value !== null) return ok("The schema `dualtone` is not Dualtone's and was left.");
      const forgotten = await record.drop(ID);
      return forgotten.ok ? ok(null) : forgotten;
    },
  };
};
