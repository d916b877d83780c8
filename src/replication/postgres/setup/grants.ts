/** What Dualtone's role may do with the telephone system's tables: read and write rows of one schema, now and later. */
import { ok, type Result } from '../../../core/result.ts';
import { quoteName, quoteValue } from '../identifier.ts';
import type { Item, ItemContext } from './item.ts';

const TABLES = ['select', 'insert', 'update', 'delete'] as const;
const SEQUENCES = ['select', 'usage', 'update'] as const;

interface Lacking {
  readonly exists: boolean;
  readonly tables: number;
  readonly sequences: number;
  readonly entrance: boolean;
  /** Who makes tables in the schema and has not been told yet to let Dualtone at them. */
  readonly owners: readonly string[];
}

const every = (rights: readonly string[], check: (right: string) => string): string => rights.map(check).join(' and ');

const query = (schema: string, role: string): string => `
with d as (select oid from pg_roles where rolname = ${quoteValue(role)}),
  n as (select oid from pg_namespace where nspname = ${quoteValue(schema)}),
  owners as (select distinct c.relowner as oid from pg_class c, n where c.relnamespace = n.oid and c.relkind in ('r', 'p'))
select exists (select from n) as exists,
  (select count(*) from pg_class c, n where c.relnamespace = n.oid and c.relkind in ('r', 'p')
    and (${every(TABLES, (right) => `has_table_privilege((select oid from d), c.oid, '${right}')`)}) is not true) as tables,
  (select count(*) from pg_class c, n where c.relnamespace = n.oid and c.relkind = 'S'
    and (${every(SEQUENCES, (right) => `has_sequence_privilege((select oid from d), c.oid, '${right}')`)}) is not true) as sequences,
  coalesce((select has_schema_privilege((select oid from d), n.oid, 'usage') from n)
    and has_database_privilege((select oid from d), current_database(), 'connect')
    and has_database_privilege((select oid from d), current_database(), 'temp'), false) as entrance,
  coalesce((select json_agg(r.rolname) from owners o join pg_roles r on r.oid = o.oid where 2 > (
    select count(distinct a.defaclobjtype) from pg_default_acl a, n, aclexplode(a.defaclacl) x
    where a.defaclrole = o.oid and a.defaclnamespace = n.oid and a.defaclobjtype in ('r', 'S')
      and x.grantee = (select oid from d))), '[]') as owners`;

const grantSql = (database: string, schema: string, role: string, owners: readonly string[]): string => {
  const to = quoteName(role);
  const at = quoteName(schema);
  return `grant connect, temporary on database ${quoteName(database)} to ${to};
grant usage on schema ${at} to ${to};
grant ${TABLES.join(', ')} on all tables in schema ${at} to ${to};
grant ${SEQUENCES.join(', ')} on all sequences in schema ${at} to ${to};
${owners
  .map((owner) => `alter default privileges for role ${quoteName(owner)} in schema ${at}`)
  .flatMap((by) => [
    `${by} grant ${TABLES.join(', ')} on tables to ${to};`,
    `${by} grant ${SEQUENCES.join(', ')} on sequences to ${to};`,
  ])
  .join('\n')}`;
};

/** Undone with the role: `DROP OWNED BY` takes all of it back. Fault of all: `database-admin-failed`. */
export const createGrantsItem = ({ admin, record }: ItemContext, schema: string, role: string): Item => {
  const id = 'grants';
  const find = async (): Promise<Result<Lacking>> => {
    const rows = await admin.rows<Lacking>(query(schema, role));
    if (!rows.ok) return rows;
    return ok(rows.value[0] ?? { exists: false, tables: 0, sequences: 0, entrance: false, owners: [] });
  };
  return {
    id,
    look: async () => {
      const found = await find();
      if (!found.ok) return found;
      const { exists, tables, sequences, entrance, owners } = found.value;
      const base = { id, effect: 'at-once' } as const;
      if (!exists)
        return ok({
          ...base,
          condition: 'refused',
          text: `There is no schema \`${schema}\` in ${admin.database}.`,
          change: null,
        });
      if (entrance && tables + sequences + owners.length === 0)
        return ok({
          ...base,
          condition: 'right',
          text: `Dualtone's role may read and write the rows of \`${schema}\`.`,
          change: null,
        });
      return ok({
        ...base,
        condition: 'missing',
        text: `Dualtone's role lacks rights on ${tables} tables and ${sequences} sequences of \`${schema}\`.`,
        change: `Lets the role \`${role}\` read and write the rows of all tables of \`${schema}\`, also of those made later by ${owners.length === 0 ? 'their owners' : owners.map((owner) => `\`${owner}\``).join(', ')}.`,
      });
    },
    act: async () => {
      const found = await find();
      if (!found.ok) return found;
      const kept = await record.keep(id, null, null);
      return kept.ok ? admin.execute(grantSql(admin.database, schema, role, found.value.owners)) : kept;
    },
    undo: async () => {
      const forgotten = await record.drop(id);
      return forgotten.ok ? ok(null) : forgotten;
    },
  };
};
