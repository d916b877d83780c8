/**
 * What each node keeps for itself, kept at the receiving side: triggers that fire for replicated rows only. One way for all
 * versions and all rules; filters at the publisher exist from PostgreSQL 15 on, demand columns of the replica identity, and
 * would make the telephone system's own updates fail where one is missing.
 */
import { createHash } from 'node:crypto';
import { ok, type Result } from '../../../core/result.ts';
import { qualify, quoteName, quoteValue } from '../identifier.ts';
import type { CopyPlan, RowMatch, TablePlan } from '../rules.ts';
import type { Admin } from '../setup/admin.ts';

const TRIGGER = 'dualtone_keep';

const matches = (row: 'old' | 'new', ownRows: readonly RowMatch[]): string => {
  const any = ownRows.map(
    (match) =>
      `(${Object.entries(match)
        .map(([column, value]) => `${row}.${quoteName(column)}::text = ${quoteValue(value)}`)
        .join(' and ')})`,
  );
  return any.length === 0 ? 'false' : `coalesce(${any.join(' or ')}, false)`;
};

const bodyOf = ({ ownRows, keptColumns }: TablePlan): string => `
begin
  -- Only what logical replication brings; snapshots and merges keep the rules themselves.
  if coalesce(current_setting('dualtone.writer', true), '') <> '' then
    return coalesce(new, old);
  end if;
  if tg_op <> 'INSERT' then
    if ${matches('old', ownRows)} then return null; end if;
  end if;
  if tg_op = 'DELETE' then
    return old;
  end if;
  if ${matches('new', ownRows)} then return null; end if;
  if tg_op = 'UPDATE' then
    ${keptColumns.map((column) => `new.${quoteName(column)} := old.${quoteName(column)};`).join('\n    ')}
    null;
  end if;
  return new;
end`;

interface Wanted {
  readonly table: string;
  readonly fn: string;
  readonly body: string;
  readonly digest: string;
}

const hash = (text: string, length: number): string => createHash('sha256').update(text).digest('hex').slice(0, length);

const wantedOf = (plan: TablePlan): Wanted => {
  const body = bodyOf(plan);
  return { table: plan.table.name, fn: `keep_${hash(plan.table.name, 12)}`, body, digest: hash(body, 16) };
};

const query = (schema: string): string => `
select c.relname as table, p.proname as fn, obj_description(p.oid, 'pg_proc') as digest
from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
  join pg_proc p on p.oid = t.tgfoid
where n.nspname = ${quoteValue(schema)} and t.tgname = '${TRIGGER}' and t.tgenabled = 'R' and not c.relispartition`;

const makeSql = (schema: string, { table, fn, body, digest }: Wanted): string => {
  const at = qualify(schema, table);
  const name = qualify('dualtone', fn);
  return `create or replace function ${name}() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as ${quoteValue(body)};
comment on function ${name}() is ${quoteValue(digest)};
revoke all on function ${name}() from public;
drop trigger if exists ${TRIGGER} on ${at};
create trigger ${TRIGGER} before insert or update or delete on ${at} for each row execute function ${name}();
alter table ${at} enable replica trigger ${TRIGGER};`;
};

/**
 * Makes the triggers as the rules are, and removes those of former rules; also all, with a plan of no tables. Before any
 * change comes in, so it is all or nothing. Fault: `database-admin-failed`.
 */
export const installKeeping = async (
  admin: Admin,
  plan: Pick<CopyPlan, 'schema' | 'tables'>,
): Promise<Result<number>> => {
  const rows = await admin.rows<{ readonly table: string; readonly fn: string; readonly digest: string | null }>(
    query(plan.schema),
  );
  if (!rows.ok) return rows;
  const wanted = plan.tables.filter((table) => table.ownRows.length + table.keptColumns.length > 0).map(wantedOf);
  const missing = wanted.filter(
    ({ table, fn, digest }) => !rows.value.some((row) => row.table === table && row.fn === fn && row.digest === digest),
  );
  const surplus = rows.value.filter((row) => !wanted.some(({ table }) => table === row.table));
  if (missing.length + surplus.length === 0) return ok(0);
  const done = await admin.execute(
    [
      ...missing.map((one) => makeSql(plan.schema, one)),
      ...surplus.map(
        ({ table, fn }) =>
          `drop trigger if exists ${TRIGGER} on ${qualify(plan.schema, table)}; drop function if exists ${qualify('dualtone', fn)}();`,
      ),
    ].join('\n'),
  );
  return done.ok ? ok(missing.length + surplus.length) : done;
};
