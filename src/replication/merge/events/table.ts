/** What a merge must know of a table of events, at either side. */
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Database } from '../../postgres/connection.ts';
import type { EventRule } from '../../postgres/rules.ts';

export interface EventColumn {
  readonly name: string;
  /** Without a length, so that a cast never cuts a text silently. */
  readonly type: string;
  readonly category: string;
  readonly notNull: boolean;
  readonly generated: boolean;
  readonly identity: boolean;
  /** What gives a new number, as SQL; null: it has none, and keys are kept. */
  readonly numberedBy: string | null;
}

export interface Reference {
  readonly columns: readonly string[];
  readonly toSchema: string;
  readonly toTable: string;
  readonly toColumns: readonly string[];
}

export interface EventTable {
  readonly name: string;
  readonly columns: readonly EventColumn[];
  /** Columns that are unique by themselves. */
  readonly uniques: readonly string[];
  readonly references: readonly Reference[];
}

const QUERY = `
SELECT c.oid IS NOT NULL AS found,
  coalesce((SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, -1),
      'category', CASE WHEN t.typname IN ('timestamp', 'timestamptz', 'date') THEN t.typname ELSE t.typcategory::text END,
      'notNull', a.attnotnull, 'generated', a.attgenerated <> '', 'identity', a.attidentity <> '',
      'numberedBy', CASE
        WHEN a.attidentity <> '' THEN (SELECT format('nextval(%L::regclass)', d.objid::regclass::text) FROM pg_depend d
          WHERE d.classid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid = a.attnum AND d.deptype = 'i')
        WHEN pg_get_expr(e.adbin, e.adrelid) LIKE 'nextval(%' THEN pg_get_expr(e.adbin, e.adrelid) END) ORDER BY a.attnum)
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
      LEFT JOIN pg_attrdef e ON e.adrelid = c.oid AND e.adnum = a.attnum AND a.attgenerated = ''
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]') AS columns,
  coalesce((SELECT json_agg(DISTINCT a.attname) FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = c.oid AND i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS NULL AND i.indexprs IS NULL), '[]') AS uniques,
  coalesce((SELECT json_agg(json_build_object('toSchema', tn.nspname, 'toTable', tc.relname,
      'columns', (SELECT json_agg(a.attname ORDER BY u.ord) FROM unnest(k.conkey) WITH ORDINALITY u(num, ord)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num),
      'toColumns', (SELECT json_agg(a.attname ORDER BY u.ord) FROM unnest(k.confkey) WITH ORDINALITY u(num, ord)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num)))
    FROM pg_constraint k JOIN pg_class tc ON tc.oid = k.confrelid JOIN pg_namespace tn ON tn.oid = tc.relnamespace
    WHERE k.contype = 'f' AND k.conrelid = c.oid), '[]') AS refs
FROM (SELECT 1) one LEFT JOIN (pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = $1)
  ON c.relname = $2 AND c.relkind IN ('r', 'p')`;

interface RawTable {
  readonly [column: string]: unknown;
  readonly found: boolean;
  readonly columns: readonly EventColumn[];
  readonly uniques: readonly string[];
  readonly refs: readonly Reference[];
}

/** Null: there is no such table. Faults: those of `Database.query`. */
export const readEventTable = async (
  database: Database,
  schema: string,
  name: string,
): Promise<Result<EventTable | null>> => {
  const rows = await database.query<RawTable>(QUERY, [schema, name]);
  if (!rows.ok) return rows;
  const row = rows.value[0];
  if (row === undefined || !row.found) return ok(null);
  return ok({ name, columns: row.columns, uniques: row.uniques, references: row.refs });
};

/** One table's rows, as they are carried. */
export interface EventPlan {
  readonly rule: EventRule;
  readonly schema: string;
  readonly key: EventColumn;
  /** Carried, in the main's order; with the key. */
  readonly columns: readonly EventColumn[];
  /** Of `time`, as the standby has it. */
  readonly timeCategory: string | null;
  /** Columns that say to which other event a row belongs: their numbers are translated. */
  readonly pointers: readonly { readonly column: EventColumn; readonly table: string }[];
  /** References to anything else. */
  readonly references: readonly Reference[];
}

const cannot = (table: string, why: string, remedy: string) =>
  fail('merge-table-unfit', `The events of \`${table}\` cannot be merged: ${why}.`, remedy);

const SCHEMA_REMEDY = 'Bring both nodes to the same version; until then the events stay on the standby.';
const RULE_REMEDY = 'Correct the entry in `streams.database.events`.';

/** Fault: `merge-table-unfit`. */
export const planEventTable = (
  schema: string,
  rule: EventRule,
  rules: readonly EventRule[],
  here: EventTable,
  there: EventTable,
): Result<EventPlan> => {
  const key = here.columns.find((column) => column.name === rule.key);
  if (key === undefined) return cannot(rule.table, `it has no column \`${rule.key}\``, RULE_REMEDY);
  if (![here, there].every((table) => table.uniques.includes(rule.key)))
    return cannot(rule.table, `\`${rule.key}\` is not unique`, RULE_REMEDY);
  const carried = there.columns.filter((column) => !column.generated);
  const missing = carried.find((column) => !here.columns.some((one) => one.name === column.name && !one.generated));
  if (missing !== undefined)
    return cannot(rule.table, `the main lacks the column \`${missing.name}\` of the standby`, SCHEMA_REMEDY);
  const columns = here.columns.filter((column) => carried.some((one) => one.name === column.name));
  const isEvent = (table: string): boolean => rules.some((one) => one.table === table);
  const parents = [
    ...(rule.parent === null ? [] : [{ name: rule.parent.column, table: rule.parent.table }]),
    ...here.references
      .filter((reference) => reference.toSchema === schema && isEvent(reference.toTable))
      .filter((reference) => reference.columns.length === 1)
      .map((reference) => ({ name: reference.columns[0] ?? '', table: reference.toTable })),
  ];
  const pointers = columns.flatMap((column) => {
    const parent = parents.find((one) => one.name === column.name);
    return parent === undefined ? [] : [{ column, table: parent.table }];
  });
  if (rule.parent !== null && !pointers.some((pointer) => pointer.column.name === rule.parent?.column))
    return cannot(rule.table, `it has no column \`${rule.parent.column}\``, RULE_REMEDY);
  const time = rule.time === null ? null : there.columns.find((column) => column.name === rule.time);
  if (time === undefined) return cannot(rule.table, `it has no column \`${rule.time ?? ''}\``, RULE_REMEDY);
  if (time === null && rule.parent === null)
    return cannot(rule.table, 'neither `time` nor `parent` says when its events were', RULE_REMEDY);
  const references = here.references.filter(
    (reference) => !reference.columns.some((name) => pointers.some((pointer) => pointer.column.name === name)),
  );
  return ok({ rule, schema, key, columns, timeCategory: time?.category ?? null, pointers, references });
};

/** Those whose numbers are needed by others first; a ring is an answer in plain words. Fault: `merge-table-unfit`. */
export const orderEventPlans = (plans: readonly EventPlan[]): Result<readonly EventPlan[]> => {
  const ordered: EventPlan[] = [];
  let rest = plans;
  while (rest.length > 0) {
    const waiting = new Set(rest.map((plan) => plan.rule.table));
    const next = rest.filter((plan) =>
      plan.pointers.every(({ table }) => table === plan.rule.table || !waiting.has(table)),
    );
    const [first] = rest;
    if (next.length === 0 && first !== undefined)
      return cannot(first.rule.table, 'its events and those they belong to refer to each other in a ring', RULE_REMEDY);
    ordered.push(...next);
    rest = rest.filter((plan) => !next.includes(plan));
  }
  return ok(ordered);
};
