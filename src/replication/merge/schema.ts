/** What a merge keeps in the main's own database, in the same transactions as what it brings. SQL of the schema `dualtone`. */
import type { Result } from '../../core/result.ts';
import type { Database } from '../postgres/connection.ts';

/**
 * `merged`: which row of the standby (`node` names its database, `key_there` the row) became which row here, and what it looked
 * like there. `aside`: rows that do not fit here; `state` is `aside` (not in its table), `trimmed` (it is, without a
 * reference that leads nowhere here) or `undone`. `merge_changes`: what became of status columns and configuration, with
 * what was here before; `whole`: a row that was made or deleted, otherwise columns; `net`: what the standby had before and after. `merge_settled`: up to which term all is home.
 */
const mergeTables = `
create table if not exists dualtone.merged (
  merge_key uuid not null,
  node text collate "C" not null,
  table_name text collate "C" not null,
  key_there text collate "C" not null,
  key_here text collate "C" not null,
  digest uuid not null,
  primary key (node, table_name, key_there)
);
create table if not exists dualtone.aside (
  id bigint generated always as identity primary key,
  merge_key uuid not null,
  node text collate "C" not null,
  table_name text collate "C" not null,
  key_there text collate "C" not null,
  state text not null check (state in ('aside', 'trimmed', 'undone')),
  reason text not null,
  row jsonb not null,
  at timestamptz not null default clock_timestamp(),
  unique (node, table_name, key_there, state)
);
create table if not exists dualtone.merge_changes (
  id bigint generated always as identity primary key,
  merge_key uuid not null,
  part text not null check (part in ('status', 'configuration')),
  entry text not null,
  table_name text not null,
  key jsonb not null,
  whole boolean not null,
  outcome text not null check (outcome in ('written', 'same', 'aside', 'refused', 'pending', 'undone')),
  was jsonb,
  became jsonb,
  net jsonb not null,
  both_changed boolean not null,
  text text not null,
  at timestamptz not null default clock_timestamp()
);
do $$ begin
  -- "If not exists" would lock the table first, and wait for an autovacuum that is at it.
  if to_regclass('dualtone.merge_changes_merge') is null then
    create index merge_changes_merge on dualtone.merge_changes (merge_key, part);
  end if;
end $$;
create table if not exists dualtone.merge_settled (
  node text collate "C" primary key,
  epoch bigint not null
);
`;

/** Makes them where they are missing; repeatable. Faults: those of `Database.run`. */
export const ensureMergeTables = (here: Database): Promise<Result<number>> => here.run(mergeTables);
