/** By what a changed row is found again at the other node: its key, a unique index, or all its columns. */
import { type Fault, fail, ok, type Result } from '../../../core/result.ts';
import { doBlock, qualify, quoteName, quoteValue } from '../identifier.ts';
import type { CopyPlan, TablePlan } from '../rules.ts';
import type { Admin } from '../setup/admin.ts';
import type { SetupRecord } from '../setup/record.ts';

/** `key`: nothing to do; `index`: that of the columns of `table.key`; `full`: the whole row. */
export type RowIdentity = 'key' | 'index' | 'full';

export interface Followed {
  readonly plan: TablePlan;
  readonly identity: RowIdentity;
}

export interface FollowPlan {
  readonly followed: readonly Followed[];
  /** Tables that cannot follow one change at a time, each with its reason. They are copied by snapshot runs still. */
  readonly refused: readonly Fault[];
}

/** Types without a notion of equality: a row that holds one cannot be told from another by its columns. */
const UNEQUAL = new Set(['json', 'xml', 'point', 'line', 'lseg', 'box', 'path', 'polygon', 'circle']);

const refusal = (table: string, why: string): Fault =>
  fail(
    'database-not-followed',
    `The table \`${table}\` has no primary key, and ${why}; its changes do not follow one by one.`,
    'Give it a primary key on both nodes, or exclude it; snapshot runs copy it in any case.',
  ).error;

const judge = (plan: TablePlan): RowIdentity | Fault => {
  const { table } = plan;
  if (table.keyIs === 'primary') return 'key';
  if (table.keyIs === 'unique') return 'index';
  const unequal = table.columns.find(({ type }) => UNEQUAL.has(type.replace(/(\[\])+$/, '')));
  if (unequal !== undefined)
    return refusal(table.name, `its column \`${unequal.name}\` (${unequal.type}) cannot be compared`);
  if (plan.keptColumns.length > 0) return refusal(table.name, 'each node keeps columns of its own there');
  return 'full';
};

/** Which tables follow, and by what their rows are told. Pure. */
export const planFollowing = (plan: CopyPlan): FollowPlan => {
  const judged = plan.tables.map((table) => ({ plan: table, identity: judge(table) }));
  return {
    followed: judged.filter((one): one is Followed => typeof one.identity === 'string'),
    refused: judged.flatMap(({ identity }) => (typeof identity === 'string' ? [] : [identity])),
  };
};

interface Present {
  readonly table: string;
  readonly ident: string;
  /** Of the unique indexes that bind whole tables over columns that are never null: name and columns. */
  readonly indexes: readonly { readonly name: string; readonly columns: readonly string[]; readonly used: boolean }[];
}

const query = (schema: string): string => `
select c.relname as table, c.relreplident as ident, coalesce((
    select json_agg(json_build_object('name', x.relname, 'used', i.indisreplident, 'columns', (
        select json_agg(a.attname order by k.ord) from unnest(i.indkey[0:i.indnkeyatts - 1]) with ordinality k(num, ord)
          join pg_attribute a on a.attrelid = c.oid and a.attnum = k.num)) order by x.relname)
    from pg_index i join pg_class x on x.oid = i.indexrelid
    where i.indrelid = c.oid and i.indisunique and i.indimmediate and i.indisvalid and i.indpred is null and i.indexprs is null
      and not exists (select from unnest(i.indkey[0:i.indnkeyatts - 1]) k join pg_attribute a on a.attrelid = c.oid and a.attnum = k
        where not a.attnotnull)), '[]') as indexes
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = ${quoteValue(schema)} and c.relkind in ('r', 'p') and not c.relispartition`;

const same = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((name, index) => name === other[index]);

/** The clause that is missing; null: it is so already. */
const clauseFor = ({ plan, identity }: Followed, present: Present | undefined): string | null => {
  if (present === undefined) return null;
  // What an administrator has widened to FULL serves as well.
  if (present.ident === 'f') return null;
  if (identity === 'key') return present.ident === 'd' ? null : 'default';
  if (identity === 'full') return 'full';
  const index = present.indexes.find(({ columns }) => same(columns, plan.table.key ?? []));
  if (index === undefined || (present.ident === 'i' && index.used)) return null;
  return `using index ${quoteName(index.name)}`;
};

export interface Identities {
  /** Makes it so on this node, and keeps what was before. Tables that could not be locked: the next time tries again. */
  act(followed: readonly Followed[]): Promise<Result<readonly { readonly table: string; readonly text: string }[]>>;
  /** Puts back what was before. */
  undo(): Promise<Result<void>>;
}

/** Faults of all: `database-admin-failed`, `database-record-unusable`. */
export const createIdentities = (admin: Admin, record: SetupRecord, schema: string): Identities => {
  const prefix = `identity:${schema}.`;
  const alter = (table: string, clause: string): string =>
    `alter table ${qualify(schema, table)} replica identity ${clause}`;
  return {
    act: async (followed) => {
      const rows = await admin.rows<Present>(query(schema));
      if (!rows.ok) return rows;
      const presentByTable = new Map(rows.value.map((row) => [row.table, row]));
      const todo = followed.flatMap((one) => {
        const present = presentByTable.get(one.plan.table.name);
        const clause = clauseFor(one, present);
        return clause === null || present === undefined ? [] : [{ table: one.plan.table.name, clause, present }];
      });
      if (todo.length === 0) return ok([]);
      for (const { table, clause, present } of todo) {
        const used = present.indexes.find((index) => index.used);
        const former =
          present.ident === 'i' && used !== undefined
            ? `using index ${quoteName(used.name)}`
            : present.ident === 'n'
              ? 'nothing'
              : 'default';
        const kept = await record.keep(prefix + table, former, clause);
        if (!kept.ok) return kept;
      }
      const done = await admin.each(todo.map(({ table, clause }) => alter(table, clause)));
      if (!done.ok) return done;
      return ok(
        done.value.flatMap((text, index) => (text === null ? [] : [{ table: todo[index]?.table ?? '', text }])),
      );
    },
    undo: async () => {
      for (const id of record.ids().filter((one) => one.startsWith(prefix))) {
        const table = id.slice(prefix.length);
        // A table that is gone has nothing to put back.
        const put = await admin.execute(
          `${doBlock(`if to_regclass(${quoteValue(qualify(schema, table))}) is not null then ${alter(table, record.get(id)?.former ?? 'default')}; end if;`)};`,
        );
        if (!put.ok) return put;
        const dropped = await record.drop(id);
        if (!dropped.ok) return dropped;
      }
      return ok(undefined);
    },
  };
};
