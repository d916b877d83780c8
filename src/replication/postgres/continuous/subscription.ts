/** The passive node's subscription, by the local administrator: below PostgreSQL 16 only a superuser may make one. */
import { ok, type Result } from '../../../core/result.ts';
import { quoteName, quoteValue } from '../identifier.ts';
import type { Admin } from '../setup/admin.ts';
import { MARK } from '../setup/schema-sql.ts';
import { PUBLICATIONS, SUBSCRIPTION } from './names.ts';

export interface SubscriptionLook {
  readonly enabled: boolean;
  readonly slot: string | null;
  /** Of the schemas at the moment of the copy; null: not made by Dualtone. */
  readonly fingerprint: string | null;
  readonly conninfo: string;
  /** Copied tables, as `schema.table` unquoted. */
  readonly tables: readonly string[];
  /** Whether its process runs at this moment. */
  readonly working: boolean;
  /** Changes that it could not apply, since statistics began; null below PostgreSQL 15. */
  readonly errors: number | null;
}

const query = (major: number): string => `
select s.subenabled as enabled, s.subslotname as slot, s.subconninfo as conninfo,
  substring(obj_description(s.oid, 'pg_subscription') from ${quoteValue(`^${MARK}\\. (\\S+)`)}) as fingerprint,
  coalesce((select json_agg(n.nspname || '.' || c.relname) from pg_subscription_rel r join pg_class c on c.oid = r.srrelid
    join pg_namespace n on n.oid = c.relnamespace where r.srsubid = s.oid), '[]') as tables,
  exists (select from pg_stat_subscription w where w.subid = s.oid and w.pid is not null) as working,
  ${major >= 15 ? '(select (e.apply_error_count + e.sync_error_count) from pg_stat_subscription_stats e where e.subid = s.oid)' : 'null'} as errors
from pg_subscription s join pg_database d on d.oid = s.subdbid
where d.datname = current_database() and s.subname = ${quoteValue(SUBSCRIPTION)}`;

/** Null: there is none. Fault: `database-admin-failed`. */
export const lookAtSubscription = async (admin: Admin, major: number): Promise<Result<SubscriptionLook | null>> => {
  const rows = await admin.rows<SubscriptionLook>(query(major));
  return rows.ok ? ok(rows.value[0] ?? null) : rows;
};

const NAME = quoteName(SUBSCRIPTION);

/**
 * Makes it, at rest, on a slot that is there already; its tables count as copied. It asks the other node for the list of
 * tables. Fault: `database-admin-failed`.
 */
export const createSubscription = (
  admin: Admin,
  conninfo: string,
  slot: string,
  fingerprint: string,
): Promise<Result<void>> =>
  admin.execute(
    `create subscription ${NAME} connection ${quoteValue(conninfo)} publication ${PUBLICATIONS.map(quoteName).join(', ')}
  with (create_slot = false, slot_name = ${quoteName(slot)}, copy_data = false, enabled = false);
comment on subscription ${NAME} is ${quoteValue(`${MARK}. ${fingerprint}`)};`,
  );

/**
 * Switches it on. In one transaction with a look at the guard, which it holds until then: a takeover meanwhile ends this, or
 * comes after it and switches it off again. Fault: `database-admin-failed`.
 */
export const enableSubscription = (admin: Admin): Promise<Result<void>> =>
  admin.execute(`do $d$ begin
  perform from dualtone.guard where not serving and unmerged is null for key share;
  if not found then raise exception 'this node takes nothing in now'; end if;
  alter subscription ${NAME} enable;
end $d$;`);

/** Fault: `database-admin-failed`. */
export const disableSubscription = (admin: Admin): Promise<Result<void>> =>
  admin.execute(`alter subscription ${NAME} disable;`);

/** Takes it away without a word to the other node, which may be dead; its slot there is another matter. */
export const dropSubscription = (admin: Admin): Promise<Result<void>> =>
  // Three statements for themselves: each needs the one before to be in force.
  admin.execute(
    `alter subscription ${NAME} disable;
alter subscription ${NAME} set (slot_name = none);
drop subscription ${NAME};`,
    { transaction: false },
  );
