/** What the active node offers: one publication of named tables, kept as the rules are. */
import { fail, ok, type Result } from '../../../core/result.ts';
import { qualify, quoteName, quoteValue } from '../identifier.ts';
import type { TablePlan } from '../rules.ts';
import type { Admin } from '../setup/admin.ts';
import { MARK } from '../setup/schema-sql.ts';
import { HEARTBEAT, PUBLICATION } from './names.ts';

interface Present {
  readonly comment: string | null;
  readonly options: string;
  readonly tables: readonly { readonly schema: string; readonly name: string }[];
}

const query = `
select obj_description(p.oid, 'pg_publication') as comment,
  concat(p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate, p.pubviaroot, p.puballtables) as options,
  coalesce((select json_agg(json_build_object('schema', n.nspname, 'name', c.relname)) from pg_publication_rel r
    join pg_class c on c.oid = r.prrelid join pg_namespace n on n.oid = c.relnamespace where r.prpubid = p.oid), '[]') as tables
from pg_publication p where p.pubname = ${quoteValue(PUBLICATION)}`;

/**
 * Without TRUNCATE: at the passive node it would wait for every reader, with all later readers behind it, and take the rows
 * that the node keeps. That a table was emptied follows as a row of `dualtone.truncations` instead.
 */
const OPTIONS = { text: `publish = 'insert, update, delete', publish_via_partition_root = true`, flags: 'tttftf' };

const OURS = ['heartbeat', 'truncations'].map((name) => ({ schema: 'dualtone', name }));

const TRUNCATED = 'dualtone_truncated';

const withoutTrigger = (schema: string): string => `
select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = ${quoteValue(schema)} and c.relkind in ('r', 'p') and not c.relispartition and not exists (
  select from pg_trigger t where t.tgrelid = c.oid and t.tgname = '${TRUNCATED}' and t.tgenabled = 'O')`;

/** Tables that could not be locked for it; the next time tries again. */
const watchTruncates = async (
  admin: Admin,
  schema: string,
  tables: readonly TablePlan[],
): Promise<Result<readonly string[]>> => {
  const rows = await admin.rows<{ readonly name: string }>(withoutTrigger(schema));
  if (!rows.ok) return rows;
  const lacking = new Set(rows.value.map(({ name }) => name));
  const names = tables.map(({ table }) => table.name).filter((name) => lacking.has(name));
  if (names.length === 0) return ok([]);
  const done = await admin.each(
    names.map(
      (name) =>
        `create trigger ${TRUNCATED} after truncate on ${qualify(schema, name)} for each statement execute function dualtone.log_truncate()`,
    ),
  );
  return done.ok ? ok(names.filter((_, index) => done.value[index] !== null)) : done;
};

const makeSql = (schema: string, tables: readonly TablePlan[], present: Present | undefined): string => {
  const list = [...tables.map(({ table }) => ({ schema, name: table.name })), ...OURS]
    .map((table) => qualify(table.schema, table.name))
    .join(', ');
  const name = quoteName(PUBLICATION);
  return present === undefined
    ? `create publication ${name} for table ${list} with (${OPTIONS.text});
comment on publication ${name} is ${quoteValue(`${MARK}.`)};`
    : `alter publication ${name} set (${OPTIONS.text}); alter publication ${name} set table ${list};`;
};

const isRight = (schema: string, tables: readonly TablePlan[], present: Present): boolean => {
  const there = new Set(present.tables.map((table) => qualify(table.schema, table.name)));
  const wanted = [...tables.map(({ table }) => ({ schema, name: table.name })), ...OURS];
  return (
    present.options === OPTIONS.flags &&
    there.size === wanted.length &&
    wanted.every((table) => there.has(qualify(table.schema, table.name)))
  );
};

/**
 * Only tables whose rows can be found again may be named here: the telephone system's own updates of others would fail.
 * Names of tables that had to be left out for a lock. Faults: `database-publication-taken`, `database-admin-failed`.
 */
export const publish = async (
  admin: Admin,
  schema: string,
  tables: readonly TablePlan[],
): Promise<Result<readonly string[]>> => {
  const rows = await admin.rows<Present>(query);
  if (!rows.ok) return rows;
  const [present] = rows.value;
  if (present !== undefined && present.comment?.startsWith(MARK) !== true)
    return fail(
      'database-publication-taken',
      `A publication \`${PUBLICATION}\` is there that Dualtone did not make.`,
      'Rename it.',
    );
  const busy = await watchTruncates(admin, schema, tables);
  if (!busy.ok) return busy;
  const able = tables.filter(({ table }) => !busy.value.includes(table.name));
  if (present !== undefined && isRight(schema, able, present)) return busy;
  const done = await admin.execute(makeSql(schema, able, present));
  return done.ok ? busy : done;
};

/** Takes all of it away. Fault: `database-admin-failed`. */
export const unpublish = (admin: Admin): Promise<Result<void>> =>
  admin.execute(
    `do $d$ declare r record; begin
  for r in select pubname from pg_publication where pubname = ${quoteValue(PUBLICATION)}
    and obj_description(oid, 'pg_publication') like ${quoteValue(`${MARK}%`)}
  loop execute format('drop publication %I', r.pubname); end loop;
  for r in select tgrelid::regclass as at from pg_trigger where tgname = '${TRUNCATED}' and tgparentid = 0
  loop execute format('drop trigger ${TRUNCATED} on %s', r.at); end loop;
end $d$;`,
  );

/** The next beat of this node's heart, which follows like any row. Fault: those of `Database.run`. */
export const BEAT = `INSERT INTO ${HEARTBEAT} AS h (node, beat, at) VALUES ($1, 1, clock_timestamp())
ON CONFLICT (node) DO UPDATE SET beat = h.beat + 1, at = clock_timestamp()`;

/** What the passive node has long read. */
export const PRUNE = `DELETE FROM dualtone.truncations WHERE at < clock_timestamp() - interval '7 days'`;
