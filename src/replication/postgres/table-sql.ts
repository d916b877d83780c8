/** Pieces of SQL about one table of a plan that digest, snapshot and others share. */
import type { CatalogTable } from './catalog.ts';
import { qualify, quoteName } from './identifier.ts';
import type { RowMatch, TablePlan } from './rules.ts';

/** The table in FROM, UPDATE and DELETE: a table that others inherit from counts without them. */
export const tableName = (schema: string, table: CatalogTable): string =>
  `${table.kind === 'plain' ? 'ONLY ' : ''}${qualify(schema, table.name)}`;

const matchText = (match: RowMatch, of: string, value: (text: string) => string): string =>
  Object.entries(match)
    .map(([column, text]) => `${of}.${quoteName(column)}::text = ${value(text)}`)
    .join(' AND ');

/** A condition: the row is this node's own. `value` makes a parameter or a constant of a text. */
export const ownRow = (plan: TablePlan, of: string, value: (text: string) => string): string =>
  plan.ownRows.length === 0
    ? 'false'
    : `(${plan.ownRows.map((match) => `(${matchText(match, of, value)})`).join(' OR ')}) IS TRUE`;

/** A condition: the row is compared and copied. */
export const copiedRows = (plan: TablePlan, of: string, value: (text: string) => string): string =>
  plan.ownRows.length === 0 ? 'true' : `NOT (${ownRow(plan, of, value)})`;
