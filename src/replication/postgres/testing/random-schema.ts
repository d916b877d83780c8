/** Random tables with random rows on both sides, for properties of the snapshot. */
import * as fc from 'fast-check';
import { quoteName, quoteNames, quoteValue } from '../identifier.ts';
import type { DatabaseRules } from '../rules.ts';

type Value = string | null;

interface RandomColumn {
  readonly name: string;
  readonly type: string;
  readonly value: fc.Arbitrary<Value>;
}

export interface RandomTable {
  readonly name: string;
  readonly ddl: string;
  readonly columns: readonly string[];
  readonly kept: string | null;
  readonly main: readonly (readonly Value[])[];
  readonly standby: readonly (readonly Value[])[];
}

const nasty = fc.constantFrom(
  '',
  'COPY x FROM stdin;',
  '\\.',
  '\\N',
  'a\tb\nc',
  "it's",
  '"q"',
  'Ä😀',
  '{',
  '(',
  ',',
  'NULL',
);
const texts = fc.oneof(
  nasty,
  fc.string({ maxLength: 8 }).map((text) => text.replaceAll('\0', '')),
);
const some = (value: fc.Arbitrary<string>): fc.Arbitrary<Value> => fc.option(value, { nil: null, freq: 5 });

const ofType: readonly { readonly type: string; readonly value: fc.Arbitrary<Value> }[] = [
  { type: 'text', value: some(texts) },
  { type: 'int', value: some(fc.integer({ min: -3, max: 3 }).map(String)) },
  { type: 'double precision', value: some(fc.constantFrom('NaN', 'Infinity', '-0', '0', '0.1', '1e-300')) },
  { type: 'numeric', value: some(fc.constantFrom('NaN', '1.0', '1.00', '0', '12345678901234567890.123')) },
  {
    type: 'timestamptz',
    value: some(fc.constantFrom('infinity', '2026-01-01 00:00:00.000001+00', '0044-03-15 12:00:00+00 BC')),
  },
  { type: 'bytea', value: some(fc.constantFrom('\\x', '\\x00ff', '\\x5c2e')) },
  { type: 'jsonb', value: some(fc.constantFrom('null', '{"a": [1.0, 1]}', '"\\""')) },
  { type: 'json', value: some(fc.constantFrom('null', '{"z":1,  "a":2}', '{"a":2,"z":1}')) },
  { type: 'text[]', value: some(fc.constantFrom('{}', '{NULL,"",a}', '{{"a,b"},{"\\""}}')) },
  { type: 'public."Mood x"[]', value: some(fc.constantFrom('{}', '{"so-so, really"}', '{happy,NULL}')) },
  { type: 'interval', value: some(fc.constantFrom('1 mon', '30 days', '24:00:00', '1 day')) },
];

const column = (index: number): fc.Arbitrary<RandomColumn> =>
  fc
    .tuple(fc.constantFrom(...ofType), fc.constantFrom('v', 'hy-phen ', 'We"ird'))
    .map(([{ type, value }, name]) => ({ name: `${name}${index}`, type, value }));

type KeyKind = 'primary' | 'composite' | 'none' | 'identity' | 'text';

const keyOf = (kind: KeyKind): { readonly ddl: string; readonly columns: readonly string[] } => {
  switch (kind) {
    case 'primary':
      return { ddl: '"k" int PRIMARY KEY', columns: ['k'] };
    case 'identity':
      return { ddl: '"k" int GENERATED ALWAYS AS IDENTITY PRIMARY KEY', columns: ['k'] };
    case 'text':
      return { ddl: '"k" text NOT NULL UNIQUE', columns: ['k'] };
    case 'composite':
      return { ddl: '"k" int, "K" text, PRIMARY KEY ("K", "k")', columns: ['k', 'K'] };
    case 'none':
      return { ddl: '"k" int', columns: ['k'] };
  }
};

const NODE = 'node';
export const OWN = 'own';

/**
 * Rows of one side: keys are few, so that sides overlap; a unique column `u` holds a permutation, so that values swap.
 * Own rows have keys and unique values of their own range on each side.
 */
const sideRows = (kind: KeyKind, columns: readonly RandomColumn[], side: number): fc.Arbitrary<(readonly Value[])[]> =>
  fc
    .record({
      keys:
        kind === 'none'
          ? fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 8 })
          : fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { maxLength: 8 }),
      unique: fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], { minLength: 9 }),
      values: fc.array(fc.tuple(...columns.map(({ value }) => value)), { minLength: 8, maxLength: 8 }),
      own: fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
    })
    .map(({ keys, unique, values, own }) =>
      keys.map((key, index) => {
        const isOwn = own[index] === true && index % 3 === 0;
        const shift = isOwn ? 100 * side : 0;
        const first = kind === 'composite' ? [String((key % 3) + shift), `key ${key}`] : [String(key + shift)];
        return [...first, String((unique[index] ?? 0) + shift), isOwn ? OWN : null, ...(values[index] ?? [])];
      }),
    );

const randomTable = (number: number): fc.Arbitrary<RandomTable> =>
  fc
    .tuple(
      fc.constantFrom<KeyKind>('primary', 'composite', 'none', 'identity', 'text'),
      fc
        .integer({ min: 1, max: 4 })
        .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => column(index)))),
      fc.constantFrom(' UNIQUE', ''),
      fc.boolean(),
    )
    .chain(([kind, columns, unique, keeps]) => {
      const key = keyOf(kind);
      const name = `T "${number}" -x`;
      // The unique column may repeat where keys may.
      const rest = columns.map((one) => `${quoteName(one.name)} ${one.type}`);
      const ddl = `CREATE TABLE ${quoteName(name)} (${[key.ddl, `"u" int${kind === 'none' ? '' : unique}`, '"node" text', ...rest].join(', ')})`;
      return fc.record({
        name: fc.constant(name),
        ddl: fc.constant(ddl),
        columns: fc.constant([...key.columns, 'u', NODE, ...columns.map((one) => one.name)]),
        kept: fc.constant(keeps && kind !== 'none' ? (columns[0]?.name ?? null) : null),
        main: sideRows(kind, columns, 1),
        standby: sideRows(kind, columns, 2),
      });
    });

export const randomTables: fc.Arbitrary<readonly RandomTable[]> = fc
  .integer({ min: 1, max: 4 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => randomTable(index))));

export const rulesFor = (tables: readonly RandomTable[]): Partial<DatabaseRules> => ({
  keepRows: [{ table: 'T*', where: { [NODE]: OWN } }],
  keepColumns: tables.flatMap(({ name, kept }) => (kept === null ? [] : [{ table: name, columns: [kept] }])),
});

/** The schema anew, with the rows of one side. */
export const buildSql = (tables: readonly RandomTable[], side: 'main' | 'standby'): string =>
  [
    'DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO dualtone',
    `CREATE TYPE public."Mood x" AS ENUM ('happy', 'so-so, really')`,
    ...tables.flatMap((table) => [
      table.ddl,
      ...table[side].map(
        (row) =>
          `INSERT INTO ${quoteName(table.name)} (${quoteNames(table.columns)}) OVERRIDING SYSTEM VALUE VALUES ` +
          `(${row.map((value) => (value === null ? 'NULL' : quoteValue(value))).join(', ')})`,
      ),
    ]),
    'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO dualtone',
    'GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO dualtone',
  ].join(';\n');
