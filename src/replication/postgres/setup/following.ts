/** What the replicator makes in PostgreSQL where changes follow one by one: not made here, but removed here. */
import { ok, type Result } from '../../../core/result.ts';
import { removeConninfoFiles } from '../continuous/conninfo.ts';
import { createIdentities } from '../continuous/identity.ts';
import { installKeeping } from '../continuous/keep.ts';
import { PUBLICATION, SUBSCRIPTION } from '../continuous/names.ts';
import { unpublish } from '../continuous/publication.ts';
import { dropSubscription } from '../continuous/subscription.ts';
import { quoteValue } from '../identifier.ts';
import type { Admin } from './admin.ts';
import type { Item, ItemContext } from './item.ts';
import { openRecord } from './record.ts';
import { MARK } from './schema-sql.ts';

export interface FollowingWanted {
  /** Whether changes are to follow one by one, in whatever direction. */
  readonly wanted: boolean;
  readonly schema: string;
  /** Where the tables' former replica identities are kept. */
  readonly identitiesFile: string;
  /** Where the files lie with which PostgreSQL reaches the other node's. */
  readonly wayDirectory: string;
}

interface Found {
  readonly subscribed: boolean;
  readonly published: boolean;
  readonly slots: number;
  readonly guard: boolean;
}

const FIND = `select
  exists (select from pg_subscription s join pg_database d on d.oid = s.subdbid
    where d.datname = current_database() and s.subname = ${quoteValue(SUBSCRIPTION)}
      and obj_description(s.oid, 'pg_subscription') like ${quoteValue(`${MARK}%`)}) as subscribed,
  exists (select from pg_publication where pubname = ${quoteValue(PUBLICATION)}
    and obj_description(oid, 'pg_publication') like ${quoteValue(`${MARK}%`)}) as published,
  (select count(*) from pg_replication_slots where slot_name like 'dualtone\\_%' and database = current_database()) as slots,
  to_regclass('dualtone.guard') is not null as guard`;

/** The receiver at the other node is sent away first; it finds no offer when it comes back. */
const DROP_SLOTS = `do $d$ declare r record; begin
  for r in select slot_name, active_pid from pg_replication_slots
    where slot_name like 'dualtone\\_%' and database = current_database()
  loop
    perform pg_terminate_backend(r.active_pid);
    for i in 1..50 loop
      exit when not exists (select from pg_replication_slots s where s.slot_name = r.slot_name and s.active);
      perform pg_sleep(0.02);
    end loop;
    perform pg_drop_replication_slot(r.slot_name);
  end loop;
end $d$;`;

const find = async (admin: Admin): Promise<Result<Found>> => {
  const rows = await admin.rows<Found>(FIND);
  return rows.ok ? ok(rows.value[0] ?? { subscribed: false, published: false, slots: 0, guard: false }) : rows;
};

const remove = async (admin: Admin, found: Found, wanted: FollowingWanted): Promise<Result<void>> => {
  const { schema, identitiesFile, wayDirectory } = wanted;
  const record = await openRecord(identitiesFile);
  if (!record.ok) return record;
  const steps: readonly (() => Promise<Result<unknown>>)[] = [
    ...(found.subscribed ? [() => dropSubscription(admin)] : []),
    ...(found.published ? [() => unpublish(admin)] : []),
    ...(found.slots > 0 ? [() => admin.execute(DROP_SLOTS)] : []),
    () => installKeeping(admin, { schema, tables: [] }),
    () => createIdentities(admin, record.value, schema).undo(),
  ];
  for (const step of steps) {
    const done = await step();
    if (!done.ok) return done;
  }
  await removeConninfoFiles(wayDirectory);
  return ok(undefined);
};

const isThere = ({ subscribed, published, slots }: Found): boolean => subscribed || published || slots > 0;

/** Faults of all: `database-admin-failed`, `database-record-unusable`. */
export const createFollowingItem = ({ admin }: ItemContext, wanted: FollowingWanted): Item => ({
  id: 'following',
  look: async () => {
    const found = await find(admin);
    if (!found.ok) return found;
    const base = { id: 'following', effect: 'at-once', change: null } as const;
    if (wanted.wanted)
      return ok({ ...base, condition: 'right', text: 'Changes follow one by one; the replicator sees to it.' });
    if (!isThere(found.value)) return ok({ ...base, condition: 'right', text: 'No changes follow one by one.' });
    return ok({
      ...base,
      condition: 'missing',
      text: 'Changes follow one by one still, and are to follow by snapshots.',
      change: 'Removes the publication, subscription and slot of Dualtone, and what was made for them.',
    });
  },
  act: async () => {
    const found = await find(admin);
    return found.ok ? remove(admin, found.value, wanted) : found;
  },
  undo: async () => {
    const found = await find(admin);
    if (!found.ok) return found;
    // Without its guard a node takes nothing in: a replicator that runs still begins nothing anew.
    const closed = found.value.guard
      ? await admin.execute('delete from dualtone.guard where unmerged is null;')
      : ok(undefined);
    if (!closed.ok) return closed;
    const removed = await remove(admin, found.value, wanted);
    return removed.ok ? ok(null) : removed;
  },
});
