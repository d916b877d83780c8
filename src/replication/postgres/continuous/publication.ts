/** What the active node offers: two publications of named tables, kept as the rules are. */
import { fail, ok, type Result } from '../../../core/result.ts';
import { qualify, quoteName, quoteValue } from '../identifier.ts';
import type { TablePlan } from '../rules.ts';
import type { Admin } from '../setup/admin.ts';
import { MARK } from '../setup/schema-sql.ts';
import { HEARTBEAT, hasOwnRows, PUBLICATIONS } from './names.ts';

interface Present {
  readonly name: string;
  readonly comment: string | null;
  readonly options: string;
  /** Quoted, with their schemas. */
  readonly tables: readonly string[];
}

const query = `
select p.pubname as name, obj_description(p.oid, 'pg_publication') as comment,
  concat(p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate, p.pubviaroot, p.puballtables) as options,
  coalesce((select json_agg(quote_ident(n.nspname) || '.' || quote_ident(c.relname)) from pg_publication_rel r
    join pg_class c on c.oid = r.prrelid join pg_namespace n on n.oid = c.relnamespace where r.prpubid = p.oid), '[]') as tables
from pg_publication p where p.pubname in (${PUBLICATIONS.map(quoteValue).join(', ')})`;

interface Wanted {
  readonly name: string;
  readonly truncate: boolean;
  readonly tables: readonly { readonly schema: string; readonly name: string }[];
}

const wantedOf = (schema: string, tables: readonly TablePlan[]): readonly Wanted[] => {
  const names = (own: boolean) =>
    tables.filter((plan) => hasOwnRows(plan) === own).map(({ table }) => ({ schema, name: table.name }));
  return [
    { name: PUBLICATIONS[0], truncate: true, tables: [...names(false), { schema: 'dualtone', name: 'heartbeat' }] },
    { name: PUBLICATIONS[1], truncate: false, tables: names(true) },
  ];
};

/** As `quote_ident` would, to compare: quoted only where it must be is not needed, since both are unquoted first. */
const plain = (quoted: string): string =>
  quoted.replaceAll(/"((?:[^"]|"")*)"/g, (_, name: string) => name.replaceAll('""', '"'));

const isRight = (wanted: Wanted, present: Present): boolean => {
  const options = `ttt${wanted.truncate ? 't' : 'f'}tf`;
  const there = new Set(present.tables.map(plain));
  return (
    present.options === options &&
    there.size === wanted.tables.length &&
    wanted.tables.every(({ schema, name }) => there.has(`${schema}.${name}`))
  );
};

const makeSql = ({ name, truncate, tables }: Wanted, present: Present | undefined): string => {
  const list = tables.map((table) => qualify(table.schema, table.name)).join(', ');
  const options = `publish = 'insert, update, delete${truncate ? ', truncate' : ''}', publish_via_partition_root = true`;
  const mark = `comment on publication ${quoteName(name)} is ${quoteValue(`${MARK}.`)};`;
  if (present !== undefined && list !== '')
    return `alter publication ${quoteName(name)} set (${options}); alter publication ${quoteName(name)} set table ${list};`;
  const drop = present === undefined ? '' : `drop publication ${quoteName(name)};`;
  return `${drop} create publication ${quoteName(name)}${list === '' ? '' : ` for table ${list}`} with (${options}); ${mark}`;
};

/**
 * Only tables whose rows can be found again may be named here: the telephone system's own updates of others would fail.
 * How many publications were changed. Faults: `database-publication-taken`, `database-admin-failed`.
 */
export const publish = async (admin: Admin, schema: string, tables: readonly TablePlan[]): Promise<Result<number>> => {
  const rows = await admin.rows<Present>(query);
  if (!rows.ok) return rows;
  const foreign = rows.value.find(({ comment }) => comment?.startsWith(MARK) !== true);
  if (foreign !== undefined)
    return fail(
      'database-publication-taken',
      `A publication \`${foreign.name}\` is there that Dualtone did not make.`,
      'Rename it.',
    );
  const scripts = wantedOf(schema, tables).flatMap((wanted) => {
    const present = rows.value.find(({ name }) => name === wanted.name);
    return present !== undefined && isRight(wanted, present) ? [] : [makeSql(wanted, present)];
  });
  if (scripts.length === 0) return ok(0);
  const done = await admin.execute(scripts.join('\n'));
  return done.ok ? ok(scripts.length) : done;
};

/** Takes both away. Fault: `database-admin-failed`. */
export const unpublish = (admin: Admin): Promise<Result<void>> =>
  admin.execute(
    `do $d$ declare p record; begin for p in select pubname from pg_publication
  where pubname in (${PUBLICATIONS.map(quoteValue).join(', ')}) and obj_description(oid, 'pg_publication') like ${quoteValue(`${MARK}%`)}
loop execute format('drop publication %I', p.pubname); end loop; end $d$;`,
  );

/** The next beat of this node's heart, which follows like any row. Fault: those of `Database.run`. */
export const BEAT = `INSERT INTO ${HEARTBEAT} AS h (node, beat, at) VALUES ($1, 1, clock_timestamp())
ON CONFLICT (node) DO UPDATE SET beat = h.beat + 1, at = clock_timestamp()`;
