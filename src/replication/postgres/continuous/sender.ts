/** The active node's part: what is offered, its heartbeat, and that an absent receiver never fills the disk. */
import { type Fault, fail, ok, type Result } from '../../../core/result.ts';
import { readCatalog } from '../catalog.ts';
import type { Database } from '../connection.ts';
import { type DatabaseRules, planCopy } from '../rules.ts';
import type { Admin } from '../setup/admin.ts';
import { openRecord, type SetupRecord } from '../setup/record.ts';
import { createIdentities, planFollowing } from './identity.ts';
import { BEAT, PRUNE, publish, unpublish } from './publication.ts';
import { dropIdleSlots } from './slot.ts';

export interface SenderOptions {
  readonly admin: Admin;
  /** `main` or `standby`: whose heartbeat it is. */
  readonly node: string;
  readonly schema: string;
  readonly rules: DatabaseRules;
  /** Where the former replica identities of tables are kept. */
  readonly recordFile: string;
}

export interface Offer {
  /** Tables whose changes follow. */
  readonly tables: number;
  /** Tables whose changes do not, each with its reason; and what could not be prepared now. */
  readonly refused: readonly Fault[];
  /** Slots that were removed because their receiver had been away for too long. */
  readonly dropped: number;
}

/** Faults of all: `database-admin-failed`, `database-record-unusable`, those of `Database.query`. */
export interface ContinuousSender {
  /** While this node serves: makes the offer as rules and schema are now. Repeatable; cheap when nothing has changed. */
  offer(db: Database): Promise<Result<Offer>>;
  /** Twice a second, while it serves. */
  beat(db: Database): Promise<Result<void>>;
  /** When it no longer serves: slots whose receiver is not there go. How many. */
  rest(db: Database): Promise<Result<number>>;
  /** Everything of Dualtone goes: publications, slots, and the tables' replica identities as they were. */
  remove(db: Database): Promise<Result<void>>;
}

const notReady = (wrong: string) =>
  fail(
    'database-not-logical',
    `This PostgreSQL is not ready for continuous replication: ${wrong}.`,
    'Run `dualtone database setup`; a restart of PostgreSQL may be due.',
  );

const ready = async (db: Database): Promise<Result<null>> => {
  const rows = await db.query<{ readonly level: string; readonly keep: string }>(
    `SELECT current_setting('wal_level') AS level, current_setting('max_slot_wal_keep_size') AS keep`,
  );
  if (!rows.ok) return rows;
  const [row] = rows.value;
  if (row?.level !== 'logical') return notReady(`wal_level is ${row?.level ?? 'unknown'}`);
  // Without a limit an absent receiver would stop telephony one day.
  return row.keep === '-1' ? notReady('max_slot_wal_keep_size is not limited') : ok(null);
};

const DROP_LOST = `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
WHERE slot_name LIKE 'dualtone\\_%' AND database = current_database() AND NOT active AND wal_status = 'lost'`;

const offer = async (
  { admin, schema, rules }: SenderOptions,
  record: SetupRecord,
  db: Database,
): Promise<Result<Offer>> => {
  const able = await ready(db);
  if (!able.ok) return able;
  const catalog = await readCatalog(db, schema);
  if (!catalog.ok) return catalog;
  const { followed, refused } = planFollowing(planCopy(catalog.value, rules));
  const unlocked = await createIdentities(admin, record, schema).act(followed);
  if (!unlocked.ok) return unlocked;
  const late = new Set(unlocked.value.map(({ table }) => table));
  const tables = followed.map(({ plan }) => plan).filter(({ table }) => !late.has(table.name));
  const published = await publish(admin, schema, tables);
  if (!published.ok) return published;
  const dropped = await db.run(DROP_LOST);
  if (!dropped.ok) return dropped;
  const pruned = await db.run(PRUNE);
  if (!pruned.ok) return pruned;
  const busy = published.value.map((table) => ({ table, text: 'a lock was not had in time' }));
  const waiting = [...unlocked.value, ...busy].map(
    ({ table, text }) =>
      fail(
        'database-table-busy',
        `The table \`${table}\` could not be prepared for continuous replication now: ${text}.`,
        'The next time tries again; a session holds a lock on it.',
      ).error,
  );
  return ok({ tables: tables.length - busy.length, refused: [...refused, ...waiting], dropped: dropped.value });
};

/** Faults: `database-record-unusable`. */
export const createContinuousSender = async (options: SenderOptions): Promise<Result<ContinuousSender>> => {
  const record = await openRecord(options.recordFile);
  if (!record.ok) return record;
  return ok({
    offer: (db) => offer(options, record.value, db),
    beat: async (db) => {
      const beaten = await db.run(BEAT, [options.node]);
      return beaten.ok ? ok(undefined) : beaten;
    },
    rest: (db) => dropIdleSlots(db, null),
    remove: async (db) => {
      const gone = await unpublish(options.admin);
      if (!gone.ok) return gone;
      const dropped = await dropIdleSlots(db, null);
      if (!dropped.ok) return dropped;
      return createIdentities(options.admin, record.value, options.schema).undo();
    },
  });
};
