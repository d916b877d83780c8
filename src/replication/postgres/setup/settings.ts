/**
 * Settings of the server, by ALTER SYSTEM: it is checked by the server, written whole, works without a configuration
 * directory (containers), and what was there before can be read and put back. A file of our own in conf.d would need all of
 * that again, and is not read everywhere.
 */
import { fail, ok, type Result } from '../../../core/result.ts';
import { quoteName, quoteValue } from '../identifier.ts';
import type { Admin } from './admin.ts';
import type { Item, ItemContext, ItemLook } from './item.ts';

/** One setting: what must hold of its value, in this process and after the next restart. */
export interface SettingWanted {
  readonly name: string;
  /** Null: the value will do; otherwise the one to set instead. */
  readonly improve: (value: string) => string | null;
  /** What it is for, after "…, ": `so that the other node reaches this PostgreSQL`. */
  readonly why: string;
}

interface SettingRow {
  readonly value: string;
  readonly context: string;
  readonly source: string;
  readonly pending: boolean;
  /** What ALTER SYSTEM has set; null when nothing. */
  readonly altered: string | null;
  /** What the files say, or the default: in force after the next restart. */
  readonly next: string;
}

/** Settings whose value is a list; ALTER SYSTEM takes its elements apart. */
const LISTS = new Set(['listen_addresses']);

const query = (name: string): string => `
select case when s.unit is null then s.setting else current_setting(s.name) end as value,
  s.context, s.source, s.pending_restart as pending,
  (select f.setting from pg_file_settings f where f.name = s.name and f.sourcefile like '%/postgresql.auto.conf'
    order by f.seqno desc limit 1) as altered,
  coalesce((select f.setting from pg_file_settings f where lower(f.name) = s.name order by f.seqno desc limit 1),
    s.boot_val, '') as next
from pg_settings s where s.name = ${quoteValue(name)}`;

const find = async (admin: Admin, name: string): Promise<Result<SettingRow>> => {
  const rows = await admin.rows<SettingRow>(query(name));
  if (!rows.ok) return rows;
  const [row] = rows.value;
  return row === undefined
    ? fail(
        'database-setting-unknown',
        `This PostgreSQL does not know the setting ${name}.`,
        'Dualtone needs PostgreSQL 13 or later.',
      )
    : ok(row);
};

const valueSql = (name: string, value: string): string =>
  LISTS.has(name)
    ? value
        .split(',')
        .map((element) => quoteValue(element.trim()))
        .join(', ')
    : quoteValue(value);

const alter = (admin: Admin, name: string, value: string | null): Promise<Result<void>> =>
  // ALTER SYSTEM runs in no transaction block.
  admin.execute(
    value === null
      ? `alter system reset ${quoteName(name)};`
      : `alter system set ${quoteName(name)} = ${valueSql(name, value)};`,
    { transaction: false },
  );

/** A setting whose change waits has another value then; undone by a hand or by us, it is lost then. */
const afterRestart = ({ pending, next, value }: SettingRow): string => (pending ? next : value);

const isAltered = ({ altered }: SettingRow, { improve }: SettingWanted): boolean =>
  altered !== null && improve(altered) === null;

const judge = (
  id: string,
  wanted: SettingWanted,
  row: SettingRow,
  wrote: string | null,
  overwriteDrift: boolean,
): ItemLook => {
  const { name, why } = wanted;
  const effect = row.context === 'postmaster' ? 'restart' : 'reload';
  const better = wanted.improve(row.value);
  const later = wanted.improve(afterRestart(row));
  const base = { id, effect, change: null } as const;
  if (better === null && later === null) return { ...base, condition: 'right', text: `\`${name}\` is ${row.value}.` };
  if (better !== null && (later === null || isAltered(row, wanted)))
    return row.source === 'command line'
      ? {
          ...base,
          condition: 'refused',
          text: `\`${name}\` is given on PostgreSQL's own command line (${row.value}); set it there to ${better}, ${why}.`,
        }
      : {
          ...base,
          condition: 'due',
          text: `\`${name}\` will be ${row.next} after the next restart of PostgreSQL, ${why}; it is ${row.value} now.`,
        };
  if (wrote !== null && row.altered !== wrote && !overwriteDrift)
    return {
      ...base,
      condition: 'drifted',
      text: `\`${name}\` was changed by hand from ${wrote} to ${row.altered ?? row.value}; it should be ${later ?? better}, ${why}.`,
    };
  if (better === null)
    return {
      ...base,
      effect: 'reload',
      condition: 'missing',
      text: `\`${name}\` is ${row.value} now, and would be ${row.next} after the next restart of PostgreSQL.`,
      change: `Sets \`${name}\` to ${later ?? row.value}, so that it stays.`,
    };
  return {
    ...base,
    condition: 'missing',
    text: `\`${name}\` is ${row.value === '' ? 'empty' : row.value}.`,
    change: `Sets \`${name}\` to ${later ?? better}, ${why}${effect === 'restart' ? ' (in force after a restart, which is not done now)' : ''}.`,
  };
};

/** PostgreSQL does not start at all with logical slots and too low a `wal_level`, or fewer places than slots. */
const NEEDED_BY_SLOTS = new Set(['wal_level', 'max_replication_slots']);

const heldBySlots = async (admin: Admin, name: string): Promise<Result<string | null>> => {
  if (!NEEDED_BY_SLOTS.has(name)) return ok(null);
  const rows = await admin.rows<{ readonly name: string }>(
    `select slot_name as name from pg_replication_slots where slot_type = 'logical' order by 1`,
  );
  if (!rows.ok || rows.value.length === 0) return rows.ok ? ok(null) : rows;
  const slots = rows.value.map((row) => row.name).join(', ');
  return ok(
    `\`${name}\` was left: PostgreSQL would not start without it as long as there is the replication slot ${slots}.`,
  );
};

/** Faults of all: `database-admin-failed`, `database-setting-unknown`. */
export const createSettingItem = ({ admin, record, overwriteDrift }: ItemContext, wanted: SettingWanted): Item => {
  const { name } = wanted;
  const id = `setting:${name}`;
  return {
    id,
    look: async () => {
      const row = await find(admin, name);
      return row.ok ? ok(judge(id, wanted, row.value, record.get(id)?.wrote ?? null, overwriteDrift)) : row;
    },
    act: async () => {
      const row = await find(admin, name);
      if (!row.ok) return row;
      const better = wanted.improve(afterRestart(row.value)) ?? wanted.improve(row.value.value);
      if (better === null) return ok(undefined);
      const kept = await record.keep(id, row.value.altered, better);
      return kept.ok ? alter(admin, name, better) : kept;
    },
    undo: async () => {
      const entry = record.get(id);
      if (entry === null) return ok(null);
      const row = await find(admin, name);
      if (!row.ok) return row;
      if (row.value.altered !== entry.wrote && row.value.altered !== entry.former)
        return ok(
          `\`${name}\` was changed by hand from ${entry.wrote ?? '?'} to ${row.value.altered ?? 'its default'} and was left.`,
        );
      const held = await heldBySlots(admin, name);
      if (!held.ok || held.value !== null) return held;
      const undone = row.value.altered === entry.former ? ok(undefined) : await alter(admin, name, entry.former);
      if (!undone.ok) return undone;
      const forgotten = await record.drop(id);
      return forgotten.ok ? ok(null) : forgotten;
    },
  };
};

const atLeast =
  (least: number) =>
  (value: string): string | null =>
    Number(value) >= least ? null : String(least);

/** Listens on `address` as well; what it listened on before stays. */
export const listening = (address: string): SettingWanted => ({
  name: 'listen_addresses',
  improve: (value) => {
    const heard = value.split(',').map((element) => element.trim());
    const all = address.includes(':') ? '::' : '0.0.0.0';
    if (heard.some((element) => element === '*' || element === address || element === all)) return null;
    return [...heard.filter((element) => element !== ''), address].join(', ');
  },
  why: 'so that the other node reaches this PostgreSQL',
});

/** What logical replication out of this server needs. `keepWalMb`: how much an absent receiver may hold back at most. */
export const sendingChanges = (keepWalMb: number): readonly SettingWanted[] => [
  {
    name: 'wal_level',
    improve: (value) => (value === 'logical' ? null : 'logical'),
    why: 'so that changes can be followed',
  },
  { name: 'max_replication_slots', improve: atLeast(4), why: 'so that there is a place for the other node' },
  { name: 'max_wal_senders', improve: atLeast(4), why: 'so that the other node can follow' },
  {
    name: 'max_slot_wal_keep_size',
    improve: (value) => (value === '-1' ? `${keepWalMb}MB` : null),
    why: 'so that an absent node never fills this disk',
  },
];
