/** The guard: the database's own knowledge of whether it may take anything in. SQL of the schema `dualtone`. */

/**
 * One row. `serving`: this node serves; `epoch`: the highest term that it heard of; `unmerged`: the term in which it
 * collected what is not merged yet; `keeps_log`: local changes are logged; `served`: it has served since its data were last
 * copied whole, so that single changes of the other may not simply follow.
 * A receiver holds a ROW SHARE lock on the table until its transaction ends: so `serve` knows who receives, and ends it.
 */
export const guardTables = `
create table if not exists dualtone.guard (
  one boolean primary key default true check (one),
  serving boolean not null default false,
  epoch bigint not null default 0,
  unmerged bigint,
  keeps_log boolean not null default false,
  log_limit_bytes bigint not null default 2147483648,
  changed_at timestamptz not null default now()
);
alter table dualtone.guard add column if not exists served boolean not null default false;
insert into dualtone.guard default values on conflict do nothing;
create table if not exists dualtone.heartbeat (
  node text primary key,
  beat bigint not null,
  at timestamptz not null
);
create table if not exists dualtone.truncations (
  id bigint generated always as identity primary key,
  table_name text not null,
  at timestamptz not null default clock_timestamp()
);
`;

/** Which function does what is said in docs; all have a fixed search_path, so that a caller's own schema has no say. */
export const guardFunctions = `
create or replace function dualtone.from_here() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $body$
begin
  if inet_client_addr() is not null then
    raise exception 'dualtone: only this node itself may say whether it serves' using errcode = '42501';
  end if;
end $body$;

create or replace function dualtone.may_receive(p_epoch bigint) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $body$
declare
  g record;
begin
  select serving, epoch, unmerged into g from dualtone.guard for key share;
  return found and not g.serving and g.unmerged is null and p_epoch >= g.epoch;
end $body$;

create or replace function dualtone.begin_apply() returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $body$
declare
  g record;
begin
  select serving, epoch, unmerged into g from dualtone.guard for key share;
  if g.serving then
    raise exception 'dualtone: this node serves and takes nothing in' using errcode = '55000';
  elsif g.unmerged is not null then
    raise exception 'dualtone: what this node collected in term % is not merged yet', g.unmerged using errcode = '55000';
  end if;
  perform set_config('dualtone.writer', 'snapshot', true);
  perform set_config('session_replication_role', 'replica', true);
end $body$;

create or replace function dualtone.begin_merge() returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $body$
begin
  perform set_config('dualtone.writer', 'merge', true);
  perform set_config('session_replication_role', 'replica', true);
end $body$;

create or replace function dualtone.end_receivers() returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $body$
declare
  ended integer;
begin
  select count(*) filter (where pg_terminate_backend(r.pid)) into ended
  from (
    select l.pid from pg_locks l
    where l.relation = 'dualtone.guard'::regclass and l.mode = 'RowShareLock' and l.granted
      and l.database = (select oid from pg_database where datname = current_database())
    union
    select s.pid from pg_stat_subscription s where s.subname like 'dualtone%' and s.pid is not null
    union
    select a.pid from pg_stat_activity a
    where a.datname = current_database() and a.usename = {role} and a.client_addr is not null
      and a.backend_type = 'client backend' and a.backend_xid is not null
  ) r
  where r.pid <> pg_backend_pid();
  return ended;
end $body$;

create or replace function dualtone.stop_subscriptions() returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $body$
declare
  s record;
begin
  for s in select subname from pg_subscription join pg_database d on d.oid = subdbid
    where d.datname = current_database() and subname like 'dualtone%' and subenabled
  loop
    -- Whoever holds it is making or removing it, and asks the guard again before anything comes in.
    begin
      execute format('alter subscription %I disable', s.subname);
    exception when lock_not_available then null;
    end;
  end loop;
end $body$;

create or replace function dualtone.log_truncate() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $body$
begin
  insert into dualtone.truncations (table_name) values (tg_table_name);
  return null;
exception when others then
  raise log 'dualtone: that % was emptied was not noted: %', tg_table_name, sqlerrm;
  return null;
end $body$;

create or replace function dualtone.subscriptions()
returns table (id oid, name text, enabled boolean, slot text, comment text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $body$
  select s.oid, s.subname::text, s.subenabled, s.subslotname::text, obj_description(s.oid, 'pg_subscription')
  from pg_subscription s join pg_database d on d.oid = s.subdbid
  where d.datname = current_database() and s.subname like 'dualtone%'
$body$;

create or replace function dualtone.serve(p_epoch bigint, p_collects boolean) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $body$
declare
  ended integer := 0;
begin
  perform dualtone.from_here();
  if p_epoch < (select epoch from dualtone.guard) then
    raise exception 'dualtone: term % is over', p_epoch using errcode = '55000';
  end if;
  perform set_config('lock_timeout', '25ms', true);
  -- What does not die in half a second keeps nobody from serving: the flag is set without the lock then.
  for i in 1..20 loop
    ended := ended + dualtone.end_receivers();
    begin
      lock table dualtone.guard in exclusive mode;
      exit;
    exception when lock_not_available then null;
    end;
  end loop;
  perform dualtone.stop_subscriptions();
  update dualtone.guard set serving = true, served = true, epoch = p_epoch, changed_at = clock_timestamp(),
    unmerged = case when p_collects then coalesce(unmerged, p_epoch) else unmerged end;
  return ended;
end $body$;

create or replace function dualtone.rest(p_epoch bigint) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $body$
begin
  perform dualtone.from_here();
  update dualtone.guard set serving = false, epoch = greatest(epoch, p_epoch), changed_at = clock_timestamp();
end $body$;

create or replace function dualtone.set_unmerged(p_epoch bigint) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $body$
begin
  perform dualtone.from_here();
  update dualtone.guard set unmerged = p_epoch, changed_at = clock_timestamp();
end $body$;

create or replace function dualtone.keep_log(p_on boolean) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $body$
begin
  perform dualtone.from_here();
  update dualtone.guard set keeps_log = p_on, changed_at = clock_timestamp() where keeps_log <> p_on;
end $body$;
`;

/** Executable by Dualtone's role, and by no one else but the administrator. */
export const guardCalls = [
  'may_receive(bigint)',
  'begin_apply()',
  'begin_merge()',
  'end_receivers()',
  'subscriptions()',
  'serve(bigint, boolean)',
  'rest(bigint)',
  'set_unmerged(bigint)',
  'keep_log(boolean)',
] as const;
