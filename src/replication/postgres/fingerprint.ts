/** What two databases must agree in before rows of one go into the other, and how they differ, in plain words. */
import { createHash } from 'node:crypto';
import { type Fault, fail } from '../../core/result.ts';
import type { Catalog } from './catalog.ts';
import type { CopyPlan, TablePlan } from './rules.ts';

/** What is compared of one table or type: `column "x"` has `text`, … */
type Traits = ReadonlyMap<string, string>;

const typeText = (type: string, notNull: boolean): string => `${type}${notNull ? ', never null' : ''}`;

const tableTraits = ({ table, columns, keptColumns }: TablePlan): Traits => {
  const traits = new Map<string, string>();
  for (const column of table.columns)
    if (columns.includes(column.name) || keptColumns.includes(column.name))
      traits.set(`column \`${column.name}\``, typeText(column.type, column.notNull));
  traits.set('kind', table.kind);
  traits.set('key', table.key === null ? 'no key' : table.key.map((name) => `\`${name}\``).join(', '));
  return traits;
};

/** Enums that a copied column uses, alone or in an array. */
const usedEnums = (catalog: Catalog, plan: CopyPlan, tables: ReadonlySet<string>): ReadonlyMap<string, Traits> => {
  const types = new Set(
    plan.tables
      .filter(({ table }) => tables.has(table.name))
      .flatMap(({ table }) => table.columns.map((column) => column.type.replace(/(\[\])+$/, ''))),
  );
  return new Map(
    catalog.enums
      .filter((entry) => types.has(entry.type))
      .map((entry) => [entry.type, new Map(entry.labels.map((label) => [`label \`${label}\``, 'there']))]),
  );
};

export interface Side {
  /** What people call it: `the main's database`. */
  readonly name: string;
  readonly catalog: Catalog;
  readonly plan: CopyPlan;
}

const traitsOf = ({ catalog, plan }: Side, only: ReadonlySet<string> | null): ReadonlyMap<string, Traits> => {
  const chosen = plan.tables.filter(({ table }) => only === null || only.has(table.name));
  const names = new Set(chosen.map(({ table }) => table.name));
  const traits = new Map<string, Traits>(chosen.map((one) => [`table \`${one.table.name}\``, tableTraits(one)]));
  for (const [type, labels] of usedEnums(catalog, plan, names)) traits.set(`type \`${type}\``, labels);
  return traits;
};

/** SHA-256, hexadecimal, of all that a copy must agree in; excluded tables, the order of columns and defaults do not count. */
export const fingerprint = (side: Omit<Side, 'name'>): string => {
  const hash = createHash('sha256');
  const traits = [...traitsOf({ name: '', ...side }, null)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [what, parts] of traits)
    for (const [part, value] of [...parts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
      hash.update(JSON.stringify([what, part, value]));
  return hash.digest('hex');
};

const differ = (text: string): Fault =>
  fail(
    'database-schema-differs',
    `${text}.`,
    'Bring both nodes to the same version of the telephone system, or exclude the table on both.',
  ).error;

const compareTraits = (
  what: string,
  one: Traits,
  other: Traits,
  names: readonly [string, string],
): readonly Fault[] => {
  const faults: Fault[] = [];
  for (const [part, value] of one) {
    const there = other.get(part);
    if (there === undefined) faults.push(differ(`In the ${what} the ${part} exists only in ${names[0]}`));
    else if (there !== value)
      faults.push(differ(`In the ${what} the ${part} is ${value} in ${names[0]}, and ${there} in ${names[1]}`));
  }
  for (const part of other.keys())
    if (!one.has(part)) faults.push(differ(`In the ${what} the ${part} exists only in ${names[1]}`));
  return faults;
};

/**
 * Each difference that a copy from `source` to `target` would stumble over, as `database-schema-differs`; none: it fits.
 * Tables that only the target has are no difference: they stay as they are.
 */
export const compareSchemas = (source: Side, target: Side): readonly Fault[] => {
  const tables = new Set(source.plan.tables.map(({ table }) => table.name));
  const there = traitsOf(target, tables);
  return [...traitsOf(source, null)].flatMap(([what, traits]) => {
    const other = there.get(what);
    if (other === undefined) return [differ(`The ${what} exists only in ${source.name}`)];
    return compareTraits(what, traits, other, [source.name, target.name]);
  });
};
