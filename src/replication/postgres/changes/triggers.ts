/** The triggers that log local changes: on each copied table of the standby, made, remade and removed. */
import { ok, type Result } from '../../../core/result.ts';
import { doBlock, qualify, quoteValue } from '../identifier.ts';
import type { CopyPlan } from '../rules.ts';
import type { Admin } from '../setup/admin.ts';

export interface LoggedTable {
  readonly name: string;
  /** The columns that tell its rows; empty: it has no key, and the whole row is it. */
  readonly key: readonly string[];
}

/** All copied tables; those left out and those of events have no log. */
export const loggedTables = (plan: CopyPlan): readonly LoggedTable[] =>
  plan.tables.map(({ table }) => ({ name: table.name, key: table.key ?? [] }));

export interface TriggersLook {
  /** Tables that lack their triggers, or have others. */
  readonly missing: readonly string[];
  /** Tables that have them and should not. */
  readonly surplus: readonly string[];
}

export interface TriggersOutcome {
  readonly made: readonly string[];
  readonly removed: readonly string[];
  /** What could not be done now, most likely for a lock; the next time tries again. */
  readonly failed: readonly { readonly table: string; readonly text: string }[];
}

/** Faults of all: `database-admin-failed`, those of the process runner. */
export interface ChangeTriggers {
  look(tables: readonly LoggedTable[]): Promise<Result<TriggersLook>>;
  /** Makes it so; an empty list removes all. Each table for itself, never waiting longer than the lock time. */
  act(tables: readonly LoggedTable[]): Promise<Result<TriggersOutcome>>;
}

const ROW = 'dualtone_log';
const WHOLE = 'dualtone_log_truncate';

interface Found {
  readonly table: string;
  /** Hex of the arguments of the row trigger; null when one of the two is missing or switched off. */
  readonly arguments: string | null;
}

const query = (schema: string): string => `
select c.relname as table, max(encode(t.tgargs, 'hex')) filter (where t.tgname = '${ROW}' and t.tgenabled = 'O'
    and exists (select from pg_trigger w where w.tgrelid = c.oid and w.tgname = '${WHOLE}' and w.tgenabled = 'O')) as arguments
from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = ${quoteValue(schema)} and not c.relispartition and t.tgname in ('${ROW}', '${WHOLE}')
group by c.relname`;

const argumentsOf = ({ name, key }: LoggedTable): string =>
  Buffer.from([name, ...key].map((argument) => `${argument}\0`).join('')).toString('hex');

const makeSql = (schema: string, { name, key }: LoggedTable): string => {
  const table = qualify(schema, name);
  const args = [name, ...key].map(quoteValue).join(', ');
  // In one block, so that a table has both or none.
  return doBlock(`${removeSql(schema, name)}
create trigger ${ROW} after insert or update or delete on ${table} for each row execute function dualtone.log_change(${args});
create trigger ${WHOLE} after truncate on ${table} for each statement execute function dualtone.log_change(${args});`);
};

const removeSql = (schema: string, name: string): string =>
  [ROW, WHOLE].map((trigger) => `drop trigger if exists ${trigger} on ${qualify(schema, name)};`).join('\n');

/** On the standby's own PostgreSQL; needs the schema `dualtone`. */
export const createChangeTriggers = (admin: Admin, schema: string): ChangeTriggers => {
  const look = async (tables: readonly LoggedTable[]): Promise<Result<TriggersLook>> => {
    const rows = await admin.rows<Found>(query(schema));
    if (!rows.ok) return rows;
    const foundByTable = new Map(rows.value.map((row) => [row.table, row.arguments]));
    const wanted = new Set(tables.map(({ name }) => name));
    return ok({
      missing: tables.filter((table) => foundByTable.get(table.name) !== argumentsOf(table)).map(({ name }) => name),
      surplus: [...foundByTable.keys()].filter((name) => !wanted.has(name)),
    });
  };
  return {
    look,
    act: async (tables) => {
      const seen = await look(tables);
      if (!seen.ok) return seen;
      const { missing, surplus } = seen.value;
      if (missing.length + surplus.length === 0) return ok({ made: [], removed: [], failed: [] });
      const names = [...missing, ...surplus];
      const done = await admin.each([
        ...tables.filter(({ name }) => missing.includes(name)).map((table) => makeSql(schema, table)),
        ...surplus.map((name) => doBlock(removeSql(schema, name))),
      ]);
      if (!done.ok) return done;
      const failed = done.value.flatMap((text, index) => (text === null ? [] : [{ table: names[index] ?? '', text }]));
      const went = (name: string): boolean => failed.every(({ table }) => table !== name);
      return ok({ made: missing.filter(went), removed: surplus.filter(went), failed });
    },
  };
};
