/** The passive node's part: copies once, follows from there, and mends itself. One step at a time; the caller has the clock. */
import { type Fault, ok, type Result } from '../../../core/result.ts';
import type { Epoch, Millis } from '../../../core/words.ts';
import { connectDatabase, type Database, type DatabaseAccess } from '../connection.ts';
import { openRecord, type SetupRecord } from '../setup/record.ts';
import { assess, type ReceiverLook, type Verdict } from './assess.ts';
import { begin, type CopyOutcome, type ReceiverOptions } from './begin.ts';
import { conninfo, removeConninfoFiles } from './conninfo.ts';
import { createIdentities } from './identity.ts';
import { installKeeping } from './keep.ts';
import { type Lag, readLag } from './lag.ts';
import { lookAtSides, lookAtSource, type Open, type Sides } from './look.ts';
import { slotName } from './names.ts';
import { carrySequences } from './sequences.ts';
import { dropIdleSlots } from './slot.ts';
import {
  disableSubscription,
  dropSubscription,
  enableSubscription,
  lookAtSubscription,
  type SubscriptionLook,
  wayDigest,
} from './subscription.ts';

export type { CopyOutcome, ReceiverOptions } from './begin.ts';

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

/** `signal` at its making ends what is under way. Faults of all: `database-admin-failed`, those of `connectDatabase` and `Database.query`, those of `copy`, `database-slot-busy`. */
export interface ContinuousReceiver {
  /** Looks at both nodes and does what is next. One at a time; repeatable; to be called every second or two while this node is passive. */
  step(epoch: Epoch): Promise<Result<ReceiverState>>;
  /** The next step copies anew, whatever it sees; `why` for people. */
  again(why: string): void;
  /** This node serves or is about to: nothing comes in any more. The database's own `serve` does the same; telephony never waits. */
  disable(): Promise<Result<void>>;
  /** Everything goes, whether or not the other node answers. False: its slot is there still, and the other removes it. */
  remove(): Promise<Result<boolean>>;
  /** Closes its connections; what follows goes on following. */
  close(): Promise<void>;
}

/** Behind by more than this is `behind`. */
const IN_STEP_MS: Millis = 2000;
/** Errors in so many steps running: what cannot be applied is copied over. */
const STEPS_BEFORE_REPAIR = 3;
const LONGEST_REST_MS: Millis = 60_000;

interface Memory {
  source: Database | null;
  target: Database | null;
  sides: Sides | null;
  sidesAt: Millis;
  /** Errors that PostgreSQL had counted at the last step. */
  errors: number | null;
  /** Steps running in which a change could not be taken in. */
  failing: number;
  /** Somebody asked for a copy. */
  asked: string | null;
  /** Beginnings running that failed, and when the next may be. */
  failedBeginnings: number;
  notBefore: Millis;
  /** Why the last of them failed. */
  beginningFault: Fault | null;
}

interface Context {
  readonly options: ReceiverOptions;
  readonly record: SetupRecord;
  readonly memory: Memory;
  readonly signal: AbortSignal;
}

const state = (
  condition: ReceiverState['condition'],
  text: string,
  changes: Partial<ReceiverState> = {},
): Result<ReceiverState> => ok({ condition, text, lag: null, fault: null, copied: null, sequencesSet: 0, ...changes });

const reopen = async (
  present: Database | null,
  access: DatabaseAccess,
  signal: AbortSignal,
): Promise<Result<Database>> =>
  present !== null && !present.isClosed() ? ok(present) : connectDatabase(access, signal);

const openBoth = async ({
  options,
  memory,
  signal,
}: Context): Promise<readonly [Result<Database>, Result<Database>]> => {
  const [source, target] = await Promise.all([
    reopen(memory.source, options.source, signal),
    reopen(memory.target, options.target, signal),
  ]);
  memory.source = source.ok ? source.value : null;
  memory.target = target.ok ? target.value : null;
  return [source, target];
};

const closeBoth = async (memory: Memory): Promise<void> => {
  await Promise.all([memory.source?.close(), memory.target?.close()]);
  memory.source = null;
  memory.target = null;
};

const mayReceive = async (target: Database, epoch: Epoch): Promise<Result<boolean>> => {
  const rows = await target.query<{ readonly may: boolean }>('SELECT dualtone.may_receive($1::bigint) AS may', [epoch]);
  return rows.ok ? ok(rows.value[0]?.may === true) : rows;
};

/** PostgreSQL 15 counts what it could not apply; before, its process not staying says it. */
const noteStumbles = (memory: Memory, { errors, working }: SubscriptionLook): void => {
  const stumbled = errors === null ? !working : errors > (memory.errors ?? errors);
  memory.errors = errors;
  memory.failing = stumbled || (!working && memory.failing > 0) ? memory.failing + 1 : 0;
};

/** What both schemas are, from memory where that is fresh. */
const currentSides = async ({ options, memory }: Context, open: Open): Promise<Result<Sides>> => {
  const now = performance.now();
  // While it stumbles or has not begun, the schema may be why.
  const due = now - memory.sidesAt >= options.schemaEveryMs || memory.failing > 0;
  if (memory.sides !== null && !due) return ok(memory.sides);
  const sides = await lookAtSides(open, options.schema, options.rules);
  if (!sides.ok) return sides;
  memory.sides = sides.value;
  memory.sidesAt = now;
  return sides;
};

interface Seen {
  readonly look: ReceiverLook;
  readonly open: Open | null;
  readonly sides: Sides | null;
}

const lookAround = async (context: Context, epoch: Epoch): Promise<Result<Seen>> => {
  const { options, memory } = context;
  const [source, target] = await openBoth(context);
  if (!target.ok) return target;
  const may = await mayReceive(target.value, epoch);
  if (!may.ok) return may;
  const subscription = await lookAtSubscription(target.value);
  if (!subscription.ok) return subscription;
  if (subscription.value?.enabled === true) noteStumbles(memory, subscription.value);
  const base = {
    mayReceive: may.value,
    subscription: subscription.value,
    way: wayDigest(conninfo(options.way)),
    slotName: slotName(options.node),
  };
  const blind = (unreachable: Fault): Result<Seen> =>
    ok({ look: { ...base, source: null, unreachable }, open: null, sides: null });
  if (!source.ok) return blind(source.error);
  const open: Open = { source: source.value, target: target.value };
  const sides = await currentSides(context, open);
  if (!sides.ok) return blind(sides.error);
  const seen = await lookAtSource(open.source, base.slotName, sides.value);
  if (!seen.ok) return blind(seen.error);
  return ok({ look: { ...base, source: seen.value, unreachable: null }, open, sides: sides.value });
};

/** While it follows: how far it is behind, whether it stumbles, and the sequences. */
const follow = async (
  { options, memory }: Context,
  open: Open,
  sides: Sides,
  { look }: Seen,
  epoch: Epoch,
): Promise<Result<ReceiverState>> => {
  const lag = await readLag(open.source, open.target, options.sourceNode, look.source?.slot ?? null);
  if (!lag.ok) return lag;
  if (memory.failing > 0) {
    const text = 'A change of the other node cannot be taken in; the database is copied anew if it stays so.';
    return state('failed', text, { lag: lag.value });
  }
  const names = sides.target.plan.sequences.filter((name) => sides.source.plan.sequences.includes(name));
  const carried = await carrySequences(open.source, open.target, sides.source.catalog, names, epoch);
  if (!carried.ok) return carried;
  const inStep = lag.value.ms !== null && lag.value.ms <= IN_STEP_MS && look.subscription?.working === true;
  const text = inStep ? 'Changes follow as they are made.' : 'Changes follow; this node is catching up.';
  return state(inStep ? 'in-step' : 'behind', text, { lag: lag.value, sequencesSet: carried.value });
};

const beginAnew = async (
  context: Context,
  { look, open, sides }: Seen,
  why: string,
): Promise<Result<ReceiverState>> => {
  const { memory, options, record, signal } = context;
  if (open === null || sides === null) throw new Error('a beginning without a source');
  if (performance.now() < memory.notBefore)
    return state('failed', `To be copied anew, since ${why}; the last try failed, the next follows within a minute.`, {
      fault: memory.beginningFault,
    });
  const copied = await begin(options, record, open, sides, look.subscription !== null, signal);
  memory.failing = 0;
  memory.errors = null;
  if (copied.ok) memory.asked = null;
  memory.beginningFault = copied.ok ? null : copied.error;
  memory.failedBeginnings = copied.ok ? 0 : memory.failedBeginnings + 1;
  // A copy is not cheap, and what was in its way a moment ago is there still.
  memory.notBefore = copied.ok ? 0 : performance.now() + Math.min(LONGEST_REST_MS, 1000 * 2 ** memory.failedBeginnings);
  if (!copied.ok) return copied;
  return state('behind', `Copied anew, since ${why}; changes follow from there.`, { copied: copied.value });
};

const carryOut = async (
  context: Context,
  verdict: Verdict,
  seen: Seen,
  epoch: Epoch,
): Promise<Result<ReceiverState>> => {
  const { admin } = context.options;
  const { subscription } = seen.look;
  switch (verdict.act) {
    case 'rest':
    case 'pause': {
      const done = subscription?.enabled === true ? await disableSubscription(admin) : ok(undefined);
      if (!done.ok) return done;
      // So that it goes on as soon as both agree.
      context.memory.sides = null;
      return state('blocked', verdict.why, { fault: verdict.act === 'pause' ? verdict.fault : null });
    }
    case 'wait':
      context.memory.sides = null;
      return state(subscription?.enabled === true ? 'behind' : 'waiting', verdict.why, { fault: verdict.fault });
    case 'resume': {
      if (context.memory.asked !== null) return beginAnew(context, seen, context.memory.asked);
      const done = await enableSubscription(admin);
      return done.ok ? state('behind', verdict.why) : done;
    }
    case 'begin':
      return beginAnew(context, seen, verdict.why);
    case 'follow':
      if (seen.open === null || seen.sides === null) throw new Error('nothing to follow');
      if (context.memory.failing >= STEPS_BEFORE_REPAIR)
        return beginAnew(context, seen, 'a change could not be taken in');
      if (context.memory.asked !== null) return beginAnew(context, seen, context.memory.asked);
      return follow(context, seen.open, seen.sides, seen, epoch);
  }
};

const removeAll = async (context: Context): Promise<Result<boolean>> => {
  const { options, record, memory } = context;
  const [source, target] = await openBoth(context);
  if (!target.ok) return target;
  const subscription = await lookAtSubscription(target.value);
  if (!subscription.ok) return subscription;
  const dropped = subscription.value === null ? ok(undefined) : await dropSubscription(options.admin);
  if (!dropped.ok) return dropped;
  const unkept = await installKeeping(options.admin, { schema: options.schema, tables: [] });
  if (!unkept.ok) return unkept;
  const undone = await createIdentities(options.admin, record, options.schema).undo();
  if (!undone.ok) return undone;
  await removeConninfoFiles(options.way.directory);
  const gone = source.ok ? await dropIdleSlots(source.value, slotName(options.node)) : source;
  await closeBoth(memory);
  return ok(gone.ok);
};

/** Fault: `database-record-unusable`. */
export const createContinuousReceiver = async (
  options: ReceiverOptions,
  signal: AbortSignal,
): Promise<Result<ContinuousReceiver>> => {
  const record = await openRecord(options.recordFile);
  if (!record.ok) return record;
  const memory: Memory = {
    source: null,
    target: null,
    sides: null,
    sidesAt: 0,
    errors: null,
    failing: 0,
    asked: null,
    failedBeginnings: 0,
    notBefore: 0,
    beginningFault: null,
  };
  const context: Context = { options, record: record.value, memory, signal };
  return ok({
    step: async (epoch) => {
      const seen = await lookAround(context, epoch);
      return seen.ok ? carryOut(context, assess(seen.value.look), seen.value, epoch) : seen;
    },
    again: (why) => {
      memory.asked = why;
    },
    disable: () => disableSubscription(options.admin),
    remove: () => removeAll(context),
    close: () => closeBoth(memory),
  });
};
