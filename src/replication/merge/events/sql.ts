/** The statements of a merge of events. Staged values are text, so that each misfit is told by itself. Pure. */
import { qualify, quoteName, quoteNames, quoteValue } from '../../postgres/identifier.ts';
import type { EventColumn, EventPlan, Reference } from './table.ts';

export const SURVEY = 'pg_temp.merge_survey';
export const WANTED = 'pg_temp.merge_wanted';
export const STAGING = 'pg_temp.merge_staging';

export const tableOf = (plan: { readonly schema: string; readonly rule: { readonly table: string } }): string =>
  qualify(plan.schema, plan.rule.table);

/** What a row looks like, whichever node has it: the columns in one order, under fixed session settings. */
export const digestOf = (plan: EventPlan, alias: string): string =>
  `md5(ROW(${quoteNames(
    plan.columns.map((column) => column.name),
    alias,
  )})::text)::uuid`;

const staged = (plan: EventPlan, column: EventColumn): string => `c${plan.columns.indexOf(column)}`;

export const createSurvey = `
DROP TABLE IF EXISTS ${SURVEY}, ${WANTED};
CREATE TEMP TABLE merge_survey (pos bigint GENERATED ALWAYS AS IDENTITY, key_there text COLLATE "C", digest uuid, waits boolean);
CREATE TEMP TABLE merge_wanted (pos bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key_there text COLLATE "C", known boolean)`;

/** At the standby: which rows there are, as they look, oldest first. */
export const surveyOut = (plan: EventPlan, condition: string, waits: string | null): string => {
  const order = [plan.rule.time, plan.rule.key].filter((name) => name !== null).map((name) => `t.${quoteName(name)}`);
  return `COPY (SELECT t.${quoteName(plan.rule.key)}::text, ${digestOf(plan, 't')}, coalesce(${waits ?? 'false'}, false)
    FROM ${tableOf(plan)} t WHERE ${condition} ORDER BY ${order.join(', ')}) TO STDOUT`;
};

export const surveyIn = `COPY ${SURVEY} (key_there, digest, waits) FROM STDIN`;

/** $1 node, $2 table: new rows, and those that look otherwise than when they were brought. */
export const findWanted = `
INSERT INTO ${WANTED} (key_there, known)
SELECT s.key_there, m.key_here IS NOT NULL FROM ${SURVEY} s
LEFT JOIN dualtone.merged m ON m.node = $1 AND m.table_name = $2 AND m.key_there = s.key_there
WHERE NOT s.waits AND (m.key_here IS NULL OR m.digest <> s.digest) ORDER BY s.pos`;

export const createStaging = (plan: EventPlan): string => `
DROP TABLE IF EXISTS ${STAGING};
CREATE TEMP TABLE merge_staging (pos bigint, key_there text COLLATE "C", digest uuid,
  ${plan.columns.map((_column, index) => `c${index} text COLLATE "C"`).join(', ')}) ON COMMIT DELETE ROWS`;

/** At the standby: rows by their keys, in the order of the keys. */
export const rowsOut = (plan: EventPlan, keys: readonly string[]): string => {
  const key = `t.${quoteName(plan.rule.key)}`;
  const list = quoteValue(JSON.stringify(keys));
  return `COPY (SELECT k.pos, ${key}::text, ${digestOf(plan, 't')},
      ${plan.columns.map((column) => `t.${quoteName(column.name)}::text`).join(', ')}
    FROM json_array_elements_text(${list}) WITH ORDINALITY k(key, pos)
    JOIN ${tableOf(plan)} t ON ${key} = k.key::${plan.key.type} ORDER BY k.pos) TO STDOUT`;
};

export const rowsIn = `COPY ${STAGING} FROM STDIN`;

const mapped = (alias: string, table: string, key: string): string =>
  `${alias}.node = $1 AND ${alias}.table_name = ${quoteValue(table)} AND ${alias}.key_there = ${key}`;

const asHere = (column: EventColumn, text: string): string => `(${text})::${column.type}`;

/** $1 node. A staged value as the main writes it: the number of another event is looked up in the mapping, which is joined for it. */
const translated = (plan: EventPlan, column: EventColumn): { readonly text: string; readonly join: string | null } => {
  const value = `s.${staged(plan, column)}`;
  const at = plan.pointers.findIndex((pointer) => pointer.column === column);
  const pointer = plan.pointers[at];
  if (pointer === undefined) return { text: asHere(column, value), join: null };
  const join = `LEFT JOIN dualtone.merged p${at} ON ${mapped(`p${at}`, pointer.table, value)}`;
  return { text: asHere(column, `p${at}.key_here`), join };
};

/** $1 node. Rows that were brought before and were changed there since; a reference that is not known stays as it is here. */
export const updateKnown = (plan: EventPlan): string | null => {
  const columns = plan.columns.filter((column) => column !== plan.key);
  if (columns.length === 0) return null;
  const joins: string[] = [];
  const sets = columns.map((column) => {
    const name = quoteName(column.name);
    const { text, join } = translated(plan, column);
    if (join === null) return `${name} = ${text}`;
    joins.push(join);
    return `${name} = CASE WHEN s.${staged(plan, column)} IS NULL THEN NULL ELSE coalesce(${text}, t.${name}) END`;
  });
  return `UPDATE ${tableOf(plan)} t SET ${sets.join(', ')}
    FROM ${STAGING} s JOIN dualtone.merged m ON ${mapped('m', plan.rule.table, 's.key_there')} ${joins.join(' ')}
    WHERE t.${quoteName(plan.rule.key)} = ${asHere(plan.key, 'm.key_here')} AND s.pos BETWEEN $2 AND $3`;
};

/** $1 node. After `updateKnown`. */
export const updateDigests = (plan: EventPlan): string =>
  `UPDATE dualtone.merged m SET digest = s.digest FROM ${STAGING} s
   WHERE ${mapped('m', plan.rule.table, 's.key_there')}`;

/** $1 node. */
export const dropKnown = (plan: EventPlan): string =>
  `DELETE FROM ${STAGING} s USING dualtone.merged m WHERE ${mapped('m', plan.rule.table, 's.key_there')}`;

/** $1 node, $2 merge, $3 and $4 positions. New numbers in the order of the rows; before the rows, so that these find each other's. */
export const insertMapping = (plan: EventPlan): string => {
  const number = plan.key.numberedBy === null ? 's.key_there' : `(${plan.key.numberedBy})::text`;
  return `INSERT INTO dualtone.merged (merge_key, node, table_name, key_there, key_here, digest)
    SELECT $2::uuid, $1, ${quoteValue(plan.rule.table)}, s.key_there, ${number}, s.digest
    FROM (SELECT key_there, digest FROM ${STAGING} WHERE pos BETWEEN $3 AND $4 ORDER BY pos) s`;
};

/** $1 node, $2 and $3 positions. */
export const insertRows = (plan: EventPlan): string => {
  const joins: string[] = [];
  const values = plan.columns.map((column) => {
    if (column === plan.key) return asHere(column, 'm.key_here');
    const { text, join } = translated(plan, column);
    if (join !== null) joins.push(join);
    return text;
  });
  const overriding = plan.columns.some((column) => column.identity) ? ' OVERRIDING SYSTEM VALUE' : '';
  return `INSERT INTO ${tableOf(plan)} (${quoteNames(plan.columns.map((column) => column.name))})${overriding}
    SELECT ${values.join(', ')} FROM ${STAGING} s
    JOIN dualtone.merged m ON ${mapped('m', plan.rule.table, 's.key_there')} ${joins.join(' ')}
    WHERE s.pos BETWEEN $2 AND $3 ORDER BY s.pos`;
};

/** $1 node, $2 merge, $3 state, $4 reason: rows of the staging table (as `s`) for which `condition` holds are kept aside. */
export const setAside = (plan: EventPlan, condition: string): string =>
  `INSERT INTO dualtone.aside (merge_key, node, table_name, key_there, state, reason, row)
   SELECT $2::uuid, $1, ${quoteValue(plan.rule.table)}, s.key_there, $3, $4,
     jsonb_object(ARRAY[${plan.columns.map((column) => quoteValue(column.name)).join(', ')}],
       ARRAY[${plan.columns.map((column) => `s.${staged(plan, column)}`).join(', ')}])
   FROM ${STAGING} s WHERE ${condition} ORDER BY s.pos
   ON CONFLICT (node, table_name, key_there, state)
   DO UPDATE SET merge_key = excluded.merge_key, reason = excluded.reason, row = excluded.row, at = excluded.at`;

export const dropStaged = (condition: string): string => `DELETE FROM ${STAGING} s WHERE ${condition}`;

export const clearStaged = (plan: EventPlan, columns: readonly EventColumn[], condition: string): string =>
  `UPDATE ${STAGING} s SET ${columns.map((column) => `${staged(plan, column)} = NULL`).join(', ')} WHERE ${condition}`;

/** The event that a row belongs to has not been brought, and does not come with it. `node` is written in. */
export const orphaned = (plan: EventPlan, pointer: EventPlan['pointers'][number], node: string): string => {
  const value = `s.${staged(plan, pointer.column)}`;
  const self =
    pointer.table === plan.rule.table
      ? ` AND NOT EXISTS (SELECT 1 FROM ${STAGING} o WHERE o.key_there = ${value})`
      : '';
  return `(${value} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM dualtone.merged m WHERE m.node = ${quoteValue(node)}
    AND m.table_name = ${quoteValue(pointer.table)} AND m.key_there = ${value})${self})`;
};

/** A reference to configuration that the main does not have; null when the columns are not carried. */
export const dangling = (plan: EventPlan, reference: Reference): string | null => {
  const pairs = reference.columns.map((name, index) => ({
    column: plan.columns.find((column) => column.name === name),
    to: reference.toColumns[index] ?? '',
  }));
  const known = pairs.flatMap(({ column, to }) => (column === undefined ? [] : [{ column, to }]));
  if (known.length !== pairs.length || known.length === 0) return null;
  const filled = known.map(({ column }) => `s.${staged(plan, column)} IS NOT NULL`).join(' AND ');
  const same = known.map(({ column, to }) => `r.${quoteName(to)} = ${asHere(column, `s.${staged(plan, column)}`)}`);
  const to = qualify(reference.toSchema, reference.toTable);
  return `(${filled} AND NOT EXISTS (SELECT 1 FROM ${to} r WHERE ${same.join(' AND ')}))`;
};

/** Of tables whose keys are kept: the main has a row of that key that did not come from there. `alike`: it is the same row. */
export const keyTaken = (plan: EventPlan, alike: boolean): string =>
  `EXISTS (SELECT 1 FROM ${tableOf(plan)} t WHERE t.${quoteName(plan.rule.key)} = ${asHere(plan.key, 's.key_there')}${
    alike ? ` AND ${digestOf(plan, 't')} = s.digest` : ''
  })`;
