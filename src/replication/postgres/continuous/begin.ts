/** A beginning: a slot, one copy of the moment before it, and a subscription from it; whole, or as if it had not been. */
import { setTimeout as pause } from 'node:timers/promises';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Millis } from '../../../core/words.ts';
import type { Database, DatabaseAccess } from '../connection.ts';
import type { CopyPlan, DatabaseRules } from '../rules.ts';
import type { Admin } from '../setup/admin.ts';
import type { SetupRecord } from '../setup/record.ts';
import { type ConninfoOptions, conninfo, writeConninfoFiles } from './conninfo.ts';
import { createIdentities, planFollowing } from './identity.ts';
import { installKeeping } from './keep.ts';
import type { Open, Sides } from './look.ts';
import { HEARTBEAT, slotName } from './names.ts';
import { createSlot, dropIdleSlots, lookAtSlot } from './slot.ts';
import { createSubscription, dropSubscription, enableSubscription } from './subscription.ts';

export interface ReceiverOptions {
  readonly admin: Admin;
  /** `main` or `standby`: names the slot at the source. */
  readonly node: string;
  /** Whose heartbeat is looked at: the other node's name. */
  readonly sourceNode: string;
  /** The other node's database as this process reaches it. */
  readonly source: DatabaseAccess;
  /** This node's own, over its socket. */
  readonly target: DatabaseAccess;
  /** The other node's database as this node's PostgreSQL reaches it. */
  readonly way: ConninfoOptions;
  readonly schema: string;
  readonly rules: DatabaseRules;
  /** Where the former replica identities of tables are kept. */
  readonly recordFile: string;
  /** How often both schemas are compared; sooner where a change cannot be taken in. */
  readonly schemaEveryMs: Millis;
  /** How long a beginning waits for transactions that are under way at the source. */
  readonly slotWaitMs: Millis;
  /** One snapshot run that reads the source by `SET TRANSACTION SNAPSHOT`. */
  readonly copy: (sourceSnapshot: string, signal: AbortSignal) => Promise<Result<CopyOutcome>>;
}

export interface CopyOutcome {
  readonly changed: number;
  readonly bytes: number;
}

const SLOT_FREE_MS: Millis = 5000;
const SLOT_LOOK_MS: Millis = 100;

/** The sender of a subscription that has just gone needs a moment to notice. */
const freeSlot = async (source: Database, slot: string): Promise<Result<void>> => {
  for (let waitedMs = 0; ; waitedMs += SLOT_LOOK_MS) {
    const cleared = await dropIdleSlots(source, slot);
    if (!cleared.ok) return cleared;
    const seen = await lookAtSlot(source, slot);
    if (!seen.ok) return seen;
    if (seen.value === null) return ok(undefined);
    if (waitedMs >= SLOT_FREE_MS)
      return fail(
        'database-slot-held',
        `At ${source.name} somebody else takes changes from the slot ${slot}.`,
        'See pg_stat_replication there: a former standby may still be following; end it.',
      );
    await pause(SLOT_LOOK_MS);
  }
};

const READ_BEAT = `SELECT beat::text AS beat, at::text AS at FROM ${HEARTBEAT} WHERE node = $1`;
const KEEP_BEAT = `INSERT INTO ${HEARTBEAT} (node, beat, at) VALUES ($1, $2::bigint, $3::timestamptz)
ON CONFLICT (node) DO UPDATE SET beat = excluded.beat, at = excluded.at`;

/** The source's last beat; without one its first follows like any new row. */
const carryBeat = async ({ source, target }: Open, node: string): Promise<Result<null>> => {
  const rows = await source.query<{ readonly beat: string; readonly at: string }>(READ_BEAT, [node]);
  if (!rows.ok) return rows;
  const [last] = rows.value;
  if (last === undefined) return ok(null);
  const kept = await target.run(KEEP_BEAT, [node, last.beat, last.at]);
  return kept.ok ? ok(null) : kept;
};

/** What the receiving side needs besides the rows: triggers that keep, and the same identities as the source. */
const prepareTarget = async (options: ReceiverOptions, record: SetupRecord, plan: CopyPlan): Promise<Result<void>> => {
  const kept = await installKeeping(options.admin, plan);
  if (!kept.ok) return kept;
  const unlocked = await createIdentities(options.admin, record, options.schema).act(planFollowing(plan).followed);
  if (!unlocked.ok) return unlocked;
  const [first] = unlocked.value;
  if (first !== undefined)
    return fail(
      'database-table-busy',
      `The table \`${first.table}\` could not be prepared for continuous replication now: ${first.text}.`,
      'The next time tries again; a session holds a lock on it.',
    );
  return writeConninfoFiles(options.way);
};

/**
 * Everything comes in once: what the copy has not, the slot has. Faults: `database-admin-failed`, `database-table-busy`,
 * `database-slot-busy`, `database-slot-held`, `database-passfile`, those of `copy` and of `Database.query`.
 */
export const begin = async (
  options: ReceiverOptions,
  record: SetupRecord,
  open: Open,
  sides: Sides,
  subscribed: boolean,
  signal: AbortSignal,
): Promise<Result<CopyOutcome>> => {
  const { admin } = options;
  const slot = slotName(options.node);
  if (subscribed) {
    const dropped = await dropSubscription(admin);
    if (!dropped.ok) return dropped;
  }
  const prepared = await prepareTarget(options, record, sides.target.plan);
  if (!prepared.ok) return prepared;
  // What was emptied until now, the copy knows; and who serves from now on says so again.
  const forgotten = await options.admin.execute(
    'delete from dualtone.truncations; update dualtone.guard set served = false where not serving;',
  );
  if (!forgotten.ok) return forgotten;
  const cleared = await freeSlot(open.source, slot);
  if (!cleared.ok) return cleared;
  // Before the slot: a beat that the slot has is a change of this row, and the row must be there.
  const beaten = await carryBeat(open, options.sourceNode);
  if (!beaten.ok) return beaten;
  const fresh = await createSlot(options.source, slot, options.slotWaitMs, signal);
  if (!fresh.ok) return fresh;
  const copied = await options.copy(fresh.value.snapshot, signal);
  await fresh.value.release();
  const made = copied.ok ? await createSubscription(admin, conninfo(options.way), slot, sides.fingerprint) : copied;
  const enabled = made.ok ? await enableSubscription(admin) : made;
  if (copied.ok && enabled.ok) return copied;
  // Nobody would take from it: it must not hold back the source's disk until the next try.
  await dropIdleSlots(open.source, slot);
  return copied.ok ? (enabled.ok ? copied : enabled) : copied;
};
