/** The passive node's part: copies once, follows from there, and mends itself. One step at a time; the caller has the clock. */
import { type Fault, fail, ok, type Result } from '../../../core/result.ts';
import type { Epoch, Millis } from '../../../core/words.ts';
import { readCatalog } from '../catalog.ts';
import { connectDatabase, type Database, type DatabaseAccess } from '../connection.ts';
import { compareSchemas, fingerprint, type Side } from '../fingerprint.ts';
import { type CopyPlan, type DatabaseRules, planCopy } from '../rules.ts';
import type { Admin } from '../setup/admin.ts';
import { openRecord, type SetupRecord } from '../setup/record.ts';
import { assess, type ReceiverLook, type SourceLook, type Verdict } from './assess.ts';
import { type ConninfoOptions, conninfo, removeConninfoFiles, writeConninfoFiles } from './conninfo.ts';
import { createIdentities, planFollowing } from './identity.ts';
import { installKeeping } from './keep.ts';
import { type Lag, readLag } from './lag.ts';
import { PUBLICATIONS, slotName, withTables } from './names.ts';
import { carrySequences } from './sequences.ts';
import { createSlot, dropIdleSlots, lookAtSlot } from './slot.ts';
import {
  createSubscription,
  disableSubscription,
  dropSubscription,
  enableSubscription,
  lookAtSubscription,
  type SubscriptionLook,
} from './subscription.ts';

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
  /** How long a beginning waits for transactions that are under way at the source. */
  readonly slotWaitMs: Millis;
  /** One snapshot run that reads the source by `SET TRANSACTION SNAPSHOT`. */
  readonly copy: (sourceSnapshot: string, signal: AbortSignal) => Promise<Result<CopyOutcome>>;
}

export interface CopyOutcome {
  readonly changed: number;
  readonly bytes: number;
}

export interface ReceiverState {
  /** As of a stream: `in-step` and `behind` while it follows. */
  readonly condition: 'in-step' | 'behind' | 'blocked' | 'waiting' | 'failed';
  /** For people. */
  readonly text: string;
  readonly lag: Lag | null;
  readonly fault: Fault | null;
  /** What this step copied; null: it did not. */
  readonly copied: CopyOutcome | null;
  readonly sequencesSet: number;
}

/** Faults of all: `database-admin-failed`, those of `connectDatabase` and `Database.query`, those of `copy`, `database-slot-busy`. */
export interface ContinuousReceiver {
  /** Looks at both nodes and does what is next. Repeatable; to be called every second or two while this node is passive. */
  step(epoch: Epoch, signal: AbortSignal): Promise<Result<ReceiverState>>;
  /** This node serves or is about to: nothing comes in any more. The database's own `serve` does the same; telephony never waits. */
  disable(): Promise<Result<void>>;
  /** Everything goes, whether or not the other node answers. False: its slot is there still, and the other removes it. */
  remove(signal: AbortSignal): Promise<Result<boolean>>;
}

interface Open {
  readonly source: Database;
  readonly target: Database;
}

interface Sides {
  readonly source: Side;
  readonly target: Side;
}

/** Behind by more than this is `behind`. */
const IN_STEP_MS: Millis = 2000;
/** Errors in so many steps running: what cannot be applied is copied over. */
const STEPS_BEFORE_REPAIR = 3;

const readSide = async (db: Database, schema: string, rules: DatabaseRules): Promise<Result<Side>> => {
  const catalog = await readCatalog(db, schema);
  return catalog.ok ? ok({ name: db.name, catalog: catalog.value, plan: planCopy(catalog.value, rules) }) : catalog;
};

const PUBLISHED = `SELECT p.schemaname AS schema, p.tablename AS table FROM pg_publication_tables p WHERE p.pubname = ANY ($1)`;

/** The part of both schemas that follows one change at a time. */
const followedPart = (side: Side): Side => {
  const { followed } = planFollowing(side.plan);
  return {
    ...side,
    plan: withTables(
      side.plan,
      followed.map(({ plan }) => plan.table.name),
    ),
  };
};

const lookAtSource = async (
  options: ReceiverOptions,
  { source, target }: Open,
): Promise<Result<{ readonly look: SourceLook; readonly sides: Sides }>> => {
  const slot = await lookAtSlot(source, slotName(options.node));
  if (!slot.ok) return slot;
  const rows = await source.query<{ readonly schema: string; readonly table: string }>(PUBLISHED, [[...PUBLICATIONS]]);
  if (!rows.ok) return rows;
  const [there, here] = await Promise.all([
    readSide(source, options.schema, options.rules),
    readSide(target, options.schema, options.rules),
  ]);
  if (!there.ok) return there;
  if (!here.ok) return here;
  const followed = followedPart(there.value);
  return ok({
    look: {
      slot: slot.value,
      published: rows.value.map(({ schema, table }) => `${schema}.${table}`),
      differences: compareSchemas(followed, here.value),
      fingerprint: fingerprint(followed).slice(0, 32),
    },
    sides: { source: there.value, target: here.value },
  });
};

const mayReceive = async (target: Database, epoch: Epoch): Promise<Result<boolean>> => {
  const rows = await target.query<{ readonly may: boolean }>('SELECT dualtone.may_receive($1::bigint) AS may', [epoch]);
  return rows.ok ? ok(rows.value[0]?.may === true) : rows;
};

const state = (
  condition: ReceiverState['condition'],
  text: string,
  changes: Partial<ReceiverState> = {},
): Result<ReceiverState> => ok({ condition, text, lag: null, fault: null, copied: null, sequencesSet: 0, ...changes });

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

/** Slot, then the copy of the moment before it, then the subscription from it: everything comes in once. */
const begin = async (
  options: ReceiverOptions,
  record: SetupRecord,
  open: Open,
  seen: { readonly subscription: SubscriptionLook | null; readonly look: SourceLook; readonly sides: Sides },
  signal: AbortSignal,
): Promise<Result<CopyOutcome>> => {
  const { admin } = options;
  const slot = slotName(options.node);
  if (seen.subscription !== null) {
    const dropped = await dropSubscription(admin);
    if (!dropped.ok) return dropped;
  }
  const prepared = await prepareTarget(options, record, seen.sides.target.plan);
  if (!prepared.ok) return prepared;
  const cleared = await dropIdleSlots(open.source, slot);
  if (!cleared.ok) return cleared;
  const fresh = await createSlot(options.source, slot, options.slotWaitMs, signal);
  if (!fresh.ok) return fresh;
  const copied = await options.copy(fresh.value.snapshot, signal);
  await fresh.value.release();
  const made = copied.ok ? await createSubscription(admin, conninfo(options.way), slot, seen.look.fingerprint) : copied;
  const enabled = made.ok ? await enableSubscription(admin) : made;
  if (copied.ok && enabled.ok) return copied;
  // Nobody would take from it: it must not hold back the source's disk until the next try.
  await dropIdleSlots(open.source, slot);
  return copied.ok ? (enabled.ok ? copied : enabled) : copied;
};

const withBoth = async <T>(
  options: ReceiverOptions,
  signal: AbortSignal,
  work: (source: Result<Database>, target: Database) => Promise<Result<T>>,
): Promise<Result<T>> => {
  const opened = await Promise.all([connectDatabase(options.source, signal), connectDatabase(options.target, signal)]);
  try {
    const [source, target] = opened;
    return target.ok ? await work(source, target.value) : target;
  } finally {
    await Promise.all(opened.map(async (one) => (one.ok ? one.value.close() : null)));
  }
};

interface Memory {
  errors: number | null;
  failing: number;
}

/** While it follows: how far it is behind, whether it stumbles, and the sequences. */
const follow = async (
  options: ReceiverOptions,
  memory: Memory,
  open: Open,
  seen: { readonly subscription: SubscriptionLook; readonly look: SourceLook; readonly sides: Sides },
  epoch: Epoch,
): Promise<Result<ReceiverState>> => {
  const { subscription } = seen;
  const stumbles =
    subscription.errors === null ? !subscription.working : subscription.errors > (memory.errors ?? subscription.errors);
  memory.errors = subscription.errors;
  memory.failing = stumbles || (!subscription.working && memory.failing > 0) ? memory.failing + 1 : 0;
  const lag = await readLag(open.source, open.target, options.sourceNode, seen.look.slot);
  if (!lag.ok) return lag;
  if (memory.failing > 0)
    return state(
      'failed',
      'A change of the other node cannot be taken in; the database is copied anew if it stays so.',
      { lag: lag.value },
    );
  const names = seen.sides.target.plan.sequences.filter((name) => seen.sides.source.plan.sequences.includes(name));
  const carried = await carrySequences(open.source, open.target, seen.sides.source.catalog, names, epoch);
  if (!carried.ok) return carried;
  const inStep = lag.value.ms !== null && lag.value.ms <= IN_STEP_MS && subscription.working;
  return state(
    inStep ? 'in-step' : 'behind',
    inStep ? 'Changes follow as they are made.' : 'Changes follow; this node is catching up.',
    { lag: lag.value, sequencesSet: carried.value },
  );
};

const carryOut = async (
  options: ReceiverOptions,
  record: SetupRecord,
  memory: Memory,
  verdict: Verdict,
  look: ReceiverLook,
  open: Open | null,
  sides: Sides | null,
  epoch: Epoch,
  signal: AbortSignal,
): Promise<Result<ReceiverState>> => {
  const { subscription, source } = look;
  switch (verdict.act) {
    case 'rest':
    case 'pause': {
      const done = subscription?.enabled === true ? await disableSubscription(options.admin) : ok(undefined);
      if (!done.ok) return done;
      return state('blocked', verdict.why, { fault: verdict.act === 'pause' ? verdict.fault : null });
    }
    case 'wait':
      return state(subscription?.enabled === true ? 'behind' : 'waiting', verdict.why, { fault: verdict.fault });
    case 'resume': {
      const done = await enableSubscription(options.admin);
      return done.ok ? state('behind', verdict.why) : done;
    }
    case 'begin': {
      if (open === null || source === null || sides === null) throw new Error('a beginning without a source');
      const copied = await begin(options, record, open, { subscription, look: source, sides }, signal);
      memory.failing = 0;
      memory.errors = null;
      return copied.ok
        ? state('behind', `Copied anew, since ${verdict.why}; changes follow from there.`, { copied: copied.value })
        : copied;
    }
    case 'follow':
      if (open === null || source === null || sides === null || subscription === null)
        throw new Error('nothing to follow');
      return follow(options, memory, open, { subscription, look: source, sides }, epoch);
  }
};

const oneStep = async (
  options: ReceiverOptions,
  record: SetupRecord,
  memory: Memory,
  source: Result<Database>,
  target: Database,
  epoch: Epoch,
  signal: AbortSignal,
): Promise<Result<ReceiverState>> => {
  const may = await mayReceive(target, epoch);
  if (!may.ok) return may;
  const subscription = await lookAtSubscription(options.admin, target.major);
  if (!subscription.ok) return subscription;
  const open = source.ok ? { source: source.value, target } : null;
  const seen = open === null ? null : await lookAtSource(options, open);
  const look: ReceiverLook = {
    mayReceive: may.value,
    subscription: subscription.value,
    source: seen?.ok === true ? seen.value.look : null,
    unreachable: source.ok ? (seen === null || seen.ok ? null : seen.error) : source.error,
    conninfo: conninfo(options.way),
    slotName: slotName(options.node),
  };
  const verdict = assess(look);
  const repaired: Verdict =
    verdict.act === 'follow' && memory.failing >= STEPS_BEFORE_REPAIR
      ? { act: 'begin', why: 'a change could not be taken in' }
      : verdict;
  const sides = seen?.ok === true ? seen.value.sides : null;
  return carryOut(options, record, memory, repaired, look, open, sides, epoch, signal);
};

const removeAll = async (
  options: ReceiverOptions,
  record: SetupRecord,
  signal: AbortSignal,
): Promise<Result<boolean>> =>
  withBoth(options, signal, async (source, target) => {
    const subscription = await lookAtSubscription(options.admin, target.major);
    if (!subscription.ok) return subscription;
    const dropped = subscription.value === null ? ok(undefined) : await dropSubscription(options.admin);
    if (!dropped.ok) return dropped;
    const unkept = await installKeeping(options.admin, { schema: options.schema, tables: [] });
    if (!unkept.ok) return unkept;
    const undone = await createIdentities(options.admin, record, options.schema).undo();
    if (!undone.ok) return undone;
    await removeConninfoFiles(options.way.directory);
    if (!source.ok) return ok(false);
    const gone = await dropIdleSlots(source.value, slotName(options.node));
    return gone.ok ? ok(true) : ok(false);
  });

/** Faults: `database-record-unusable`. */
export const createContinuousReceiver = async (options: ReceiverOptions): Promise<Result<ContinuousReceiver>> => {
  const record = await openRecord(options.recordFile);
  if (!record.ok) return record;
  const memory: Memory = { errors: null, failing: 0 };
  return ok({
    step: (epoch, signal) =>
      withBoth(options, signal, (source, target) =>
        oneStep(options, record.value, memory, source, target, epoch, signal),
      ),
    disable: async () => {
      const seen = await lookAtSubscription(options.admin, 0);
      if (!seen.ok) return seen;
      return seen.value?.enabled === true ? disableSubscription(options.admin) : ok(undefined);
    },
    remove: (signal) => removeAll(options, record.value, signal),
  });
};
