/** Dualtone's role: it may log in, and no more. Its password is known to PostgreSQL as a SCRAM verifier only. */
import { ok, type Result } from '../../../core/result.ts';
import { quoteName, quoteValue } from '../identifier.ts';
import type { Item, ItemContext, ItemLook } from './item.ts';
import { MARK } from './schema-sql.ts';
import { scramVerifier, verifierFits } from './scram.ts';

export interface RoleWanted {
  readonly role: string;
  readonly password: string;
  /** The other node reads this one's changes by logical replication, which needs REPLICATION. */
  readonly replication: boolean;
}

interface RoleRow {
  readonly login: boolean;
  readonly replication: boolean;
  /** Superuser, CREATEROLE, CREATEDB, BYPASSRLS: never ours. */
  readonly mighty: boolean;
  readonly verifier: string | null;
  readonly comment: string | null;
}

const query = (role: string): string => `
select rolcanlogin as login, rolreplication as replication,
  rolsuper or rolcreaterole or rolcreatedb or rolbypassrls as mighty, rolpassword as verifier,
  shobj_description(oid, 'pg_authid') as comment
from pg_authid where rolname = ${quoteValue(role)}`;

const attributes = (wanted: RoleWanted): string =>
  `login nosuperuser nocreatedb nocreaterole nobypassrls ${wanted.replication ? 'replication' : 'noreplication'} password ${quoteValue(scramVerifier(wanted.password))}`;

const ID = 'role';

const looked = (condition: ItemLook['condition'], text: string, change: string | null): Result<ItemLook> =>
  ok({ id: ID, condition, text, change, effect: 'at-once' });

const judge = (row: RoleRow | null, wanted: RoleWanted, overwriteDrift: boolean): Result<ItemLook> => {
  const { role } = wanted;
  const might = wanted.replication ? 'may log in and read changes (REPLICATION)' : 'may log in';
  if (row === null)
    return looked(
      'missing',
      `There is no role \`${role}\`.`,
      `Makes the role \`${role}\`, which ${might}, and no more.`,
    );
  if (row.comment?.startsWith(MARK) !== true)
    return looked(
      'refused',
      `A role \`${role}\` is there that Dualtone did not make; rename it, or set \`streams.database.user\`.`,
      null,
    );
  if (row.mighty)
    return looked(
      overwriteDrift ? 'missing' : 'drifted',
      `The role \`${role}\` has been given more than Dualtone needs (superuser or the like).`,
      overwriteDrift ? `Takes from the role \`${role}\` what it does not need.` : null,
    );
  if (!row.login || (wanted.replication && !row.replication))
    return looked(
      'missing',
      `The role \`${role}\` lacks a right.`,
      `Lets the role \`${role}\` do what it needs: it ${might}.`,
    );
  if (!verifierFits(row.verifier, wanted.password))
    return looked(
      'missing',
      `The password of the role \`${role}\` is not that of the password file.`,
      `Sets the password of the role \`${role}\` (as a SCRAM verifier: no log sees it).`,
    );
  return looked('right', `The role \`${role}\` is there with no more rights than it needs.`, null);
};

/** Fault of all: `database-admin-failed`. */
export const createRoleItem = ({ admin, record, overwriteDrift }: ItemContext, wanted: RoleWanted): Item => {
  const { role } = wanted;
  const find = async (): Promise<Result<RoleRow | null>> => {
    const rows = await admin.rows<RoleRow>(query(role));
    return rows.ok ? ok(rows.value[0] ?? null) : rows;
  };
  return {
    id: ID,
    look: async () => {
      const row = await find();
      return row.ok ? judge(row.value, wanted, overwriteDrift) : row;
    },
    act: async () => {
      const row = await find();
      if (!row.ok) return row;
      const kept = await record.keep(ID, null, role);
      if (!kept.ok) return kept;
      const verb = row.value === null ? 'create' : 'alter';
      return admin.execute(`${verb} role ${quoteName(role)} ${attributes(wanted)};
comment on role ${quoteName(role)} is ${quoteValue(`${MARK}.`)};`);
    },
    undo: async () => {
      const row = await find();
      if (!row.ok) return row;
      if (row.value?.comment?.startsWith(MARK) === true) {
        const name = quoteName(role);
        const dropped = await admin.execute(`drop owned by ${name}; drop role ${name};`);
        if (!dropped.ok) return dropped;
      } else if (row.value !== null) return ok(`The role \`${role}\` is not Dualtone's and was left.`);
      const forgotten = await record.drop(ID);
      return forgotten.ok ? ok(null) : forgotten;
    },
  };
};
