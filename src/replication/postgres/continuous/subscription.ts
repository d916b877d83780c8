/** The passive node's subscription, by the local administrator: below PostgreSQL 16 only a superuser may make one. */
import { createHash } from 'node:crypto';
import { ok, type Result } from '../../../core/result.ts';
import type { Database } from '../connection.ts';
import { quoteName, quoteValue } from '../identifier.ts';
import type { Admin } from '../setup/admin.ts';
import { MARK } from '../setup/schema-sql.ts';
import { PUBLICATION, SUBSCRIPTION } from './names.ts';

export interface SubscriptionLook {
  readonly enabled: boolean;
  readonly slot: string | null;
  /** Of the schemas at the moment of the copy; null: not made by Dualtone. */
  readonly fingerprint: string | null;
  /** Digest of the way to the other node. */
  readonly way: string | null;
  /** Copied tables, as `schema.table` unquoted. */
  readonly tables: readonly string[];
  /** A table was emptied at the other node since the copy. */
  readonly truncated: boolean;
  /** This node has served since the copy. */
  readonly served: boolean;
  /** Whether its process runs at this moment. */
  readonly working: boolean;
  /** Changes that it could not apply, since statistics began; null below PostgreSQL 15. */
  readonly errors: number | null;
}

// By a function of ours, since PostgreSQL 13 shows subscriptions to nobody. Of the connection string a digest stands in the comment.
const query = (major: number): string => `
SELECT s.enabled, s.slot, c.words[1] AS fingerprint, c.words[2] AS way,
  coalesce((SELECT json_agg(n.nspname || '.' || c.relname) FROM pg_subscription_rel r JOIN pg_class c ON c.oid = r.srrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE r.srsubid = s.id), '[]') AS tables,
  EXISTS (SELECT FROM dualtone.truncations) AS truncated,
  coalesce((SELECT g.served FROM dualtone.guard g), false) AS served,
  EXISTS (SELECT FROM pg_stat_subscription w WHERE w.subid = s.id AND w.pid IS NOT NULL) AS working,
  ${major >= 15 ? '(SELECT (e.apply_error_count + e.sync_error_count)::float8 FROM pg_stat_subscription_stats e WHERE e.subid = s.id)' : 'NULL::float8'} AS errors
FROM dualtone.subscriptions() s, LATERAL (SELECT regexp_match(s.comment, $2) AS words) c
WHERE s.name = $1`;

/** Null: there is none. Faults: those of `Database.query`. */
export const lookAtSubscription = async (db: Database): Promise<Result<SubscriptionLook | null>> => {
  const rows = await db.query<SubscriptionLook & { readonly [key: string]: unknown }>(query(db.major), [
    SUBSCRIPTION,
    `^${MARK}\\. (\\S+) (\\S+)`,
  ]);
  return rows.ok ? ok(rows.value[0] ?? null) : rows;
};

/** Tells one way from another without telling it. */
export const wayDigest = (conninfo: string): string => createHash('sha256').update(conninfo).digest('hex').slice(0, 16);

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
    `create subscription ${NAME} connection ${quoteValue(conninfo)} publication ${quoteName(PUBLICATION)}
  with (create_slot = false, slot_name = ${quoteName(slot)}, copy_data = false, enabled = false);
comment on subscription ${NAME} is ${quoteValue(`${MARK}. ${fingerprint} ${wayDigest(conninfo)}`)};`,
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

/** Harmless where there is none. Fault: `database-admin-failed`. */
export const disableSubscription = (admin: Admin): Promise<Result<void>> =>
  admin.execute('select dualtone.stop_subscriptions();');

/** Takes it away without a word to the other node, which may be dead; its slot there is another matter. */
export const dropSubscription = (admin: Admin): Promise<Result<void>> =>
  // Three statements for themselves: each needs the one before to be in force.
  admin.execute(
    `alter subscription ${NAME} disable;
alter subscription ${NAME} set (slot_name = none);
drop subscription ${NAME};`,
    { transaction: false },
  );
