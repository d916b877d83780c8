/** The log of local changes: its table and the function behind its triggers. SQL of the schema `dualtone`. */

/**
 * `seq` rises in the order of changes of each row; `epoch` and `serving` are the guard's of that moment. `whole` false: the
 * row was too large, only its key was kept. `missed_changes` counts what could not be logged, also where the transaction
 * was undone: a sequence is the one thing that does.
 */
export const logTables = `
create table if not exists dualtone.changes (
  seq bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  epoch bigint not null,
  serving boolean not null,
  table_name text not null,
  op text not null check (op in ('I', 'U', 'D', 'T')),
  key jsonb,
  before jsonb,
  after jsonb,
  whole boolean not null default true
);
create sequence if not exists dualtone.missed_changes minvalue 0 start 0;
`;

/** Bytes of one row's image beyond which only its key is kept. */
const LARGEST_ROW_BYTES = 1_048_576;

/**
 * Arguments of a trigger: the table (partitions log as their root), then the columns of the key; none where it has none. Its own failure is swallowed and counted: the telephone system's write
 * comes first. Where PostgreSQL cannot even tell (out of disk) the write itself fails, log or not.
 */
export const logFunctions = `
create or replace function dualtone.log_change() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set datestyle = 'ISO, YMD' set intervalstyle = 'postgres'
set bytea_output = 'hex' set extra_float_digits = 1 as $body$
declare
  g record;
  b jsonb;
  a jsonb;
  k jsonb;
  fits boolean;
begin
  select epoch, serving, keeps_log, log_limit_bytes into g from dualtone.guard;
  if not g.keeps_log then
    return null;
  end if;
  if tg_op = 'TRUNCATE' then
    insert into dualtone.changes (epoch, serving, table_name, op) values (g.epoch, g.serving, tg_argv[0], 'T');
    return null;
  end if;
  if pg_relation_size('dualtone.changes') > g.log_limit_bytes then
    perform nextval('dualtone.missed_changes');
    return null;
  end if;
  if tg_op <> 'INSERT' then
    b := to_jsonb(old);
  end if;
  if tg_op <> 'DELETE' then
    a := to_jsonb(new);
  end if;
  if a = b then
    return null;
  end if;
  if tg_nargs = 2 then
    k := jsonb_build_object(tg_argv[1], coalesce(b, a) -> tg_argv[1]);
  else
    select coalesce(jsonb_object_agg(c, coalesce(b, a) -> c), '{}') into k from unnest(tg_argv[1:]) c;
  end if;
  fits := coalesce(pg_column_size(b), 0) + coalesce(pg_column_size(a), 0) <= ${LARGEST_ROW_BYTES};
  insert into dualtone.changes (epoch, serving, table_name, op, key, before, after, whole)
  values (g.epoch, g.serving, tg_argv[0], left(tg_op, 1), k,
    case when fits then b end, case when fits then a end, fits);
  return null;
exception when others then
  perform nextval('dualtone.missed_changes');
  raise log 'dualtone: a change of % was not logged: %', tg_table_name, sqlerrm;
  return null;
end $body$;
`;
