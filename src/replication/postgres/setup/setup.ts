/** What must be in each node's PostgreSQL for its data to follow: look, preview, act, look again, undo. Run on the node itself. */
import type { Fault } from '../../../core/result.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Millis } from '../../../core/words.ts';
import type { Run } from '../../../process/run.ts';
import { createAccessItem } from './access.ts';
import { type Admin, type AdminOptions, createAdmin } from './admin.ts';
import { createFollowingItem, type FollowingWanted } from './following.ts';
import { createGrantsItem } from './grants.ts';
import { fitsHba } from './hba.ts';
import type { Item, ItemContext, ItemLook } from './item.ts';
import { openRecord } from './record.ts';
import { createRoleItem } from './role.ts';
import { createSchemaItem } from './schema.ts';
import { isPlainPassword } from './scram.ts';
import { createSettingItem, listening, sendingChanges } from './settings.ts';
import { createTlsItems } from './tls.ts';

export interface SetupOptions {
  readonly admin: AdminOptions;
  /** The schema of the telephone system. */
  readonly schema: string;
  readonly role: string;
  /** Already read from its file; printable ASCII without spaces, 8 to 200 letters. */
  readonly password: string;
  /** Where what was there before is kept; mode 0600. */
  readonly recordFile: string;
  /** The address to hear the other node on; null: it does not come here, or by SSH. */
  readonly listenOn: string | null;
  /** Addresses from which the other node comes with TLS. */
  readonly peers: readonly string[];
  readonly throughSsh: boolean;
  /** For a certificate, if one must be made. */
  readonly hostname: string;
  /** Changes follow one by one out of this node: logical replication. */
  readonly continuous: boolean;
  readonly following: Omit<FollowingWanted, 'schema'>;
  /** What an absent receiver may hold back on this disk, in MiB. */
  readonly keepWalMb: number;
  /** Restarts PostgreSQL on this node: `systemctl restart postgresql`. Only for `restartNow`. */
  readonly restart: readonly string[];
  readonly overwriteDrift: boolean;
}

export interface SetupLook {
  readonly items: readonly ItemLook[];
  /** All is there and in force. */
  readonly complete: boolean;
  /** Settings that wait for a restart of PostgreSQL, of ours or of others. */
  readonly pendingRestart: readonly string[];
}

export interface SetupOutcome {
  /** Sentences of what was done. */
  readonly done: readonly string[];
  readonly look: SetupLook;
}

export interface UndoOutcome {
  readonly undone: readonly string[];
  /** Sentences of what was left, and why. */
  readonly left: readonly string[];
  readonly pendingRestart: readonly string[];
}

/** Faults of all: `database-admin-failed`, `database-record-unusable`, `database-access-file`, those of the process runner. */
export interface DatabaseSetup {
  look(): Promise<Result<SetupLook>>;
  /** What `apply` would change; changes nothing. */
  preview(): Promise<Result<readonly ItemLook[]>>;
  /** Never restarts anything. `database-setup-incomplete`: something was refused, or is not as it should be afterwards. */
  apply(): Promise<Result<SetupOutcome>>;
  undo(): Promise<Result<UndoOutcome>>;
  /** Restarts PostgreSQL, for the settings that wait for it. `database-serving` unless `force`: calls go through it. */
  restartNow(force: boolean): Promise<Result<void>>;
}

const RELOAD_MS: Millis = 5000;
const RESTART_MS: Millis = 120_000;

/** Everything that must be, in the order in which it is made: the door is opened last, and closed first at undo. */
const itemsFor = (context: ItemContext, options: SetupOptions, run: Run): readonly Item[] => {
  const { role, schema, password, listenOn, peers, throughSsh, continuous } = options;
  const settings = [
    ...(listenOn === null ? [] : [listening(listenOn)]),
    ...(continuous ? sendingChanges(options.keepWalMb) : []),
  ];
  return [
    createRoleItem(context, { role, password, replication: continuous }),
    createSchemaItem(context, role),
    createGrantsItem(context, schema, role),
    ...(peers.length > 0 ? createTlsItems(context, options.hostname, run) : []),
    ...settings.map((setting) => createSettingItem(context, setting)),
    createAccessItem(context, { database: options.admin.database, role, peers, throughSsh }),
    createFollowingItem(context, { ...options.following, schema }),
  ];
};

const reload = async (admin: Admin): Promise<Result<void>> => {
  type Loaded = { readonly at: string };
  const before = await admin.rows<Loaded>('select pg_conf_load_time()::text as at, pg_reload_conf() as told');
  if (!before.ok) return before;
  const endsAt = performance.now() + RELOAD_MS;
  // A new session has what the server has read by then; each question is one, so this is no busy loop.
  for (;;) {
    const now = await admin.rows<Loaded>('select pg_conf_load_time()::text as at from pg_sleep(0.02)');
    if (!now.ok) return now;
    if (now.value[0]?.at !== before.value[0]?.at || performance.now() > endsAt) return ok(undefined);
  }
};

const pendingRestart = async (admin: Admin): Promise<Result<readonly string[]>> => {
  const rows = await admin.rows<{ readonly name: string }>(
    'select name from pg_settings where pending_restart order by name',
  );
  return rows.ok ? ok(rows.value.map(({ name }) => name)) : rows;
};

const lookAt = async (items: readonly Item[], admin: Admin): Promise<Result<SetupLook>> => {
  const looks: ItemLook[] = [];
  for (const item of items) {
    const seen = await item.look();
    if (!seen.ok) return seen;
    looks.push(seen.value);
  }
  const pending = await pendingRestart(admin);
  if (!pending.ok) return pending;
  return ok({
    items: looks,
    complete: looks.every(({ condition }) => condition === 'right'),
    pendingRestart: pending.value,
  });
};

const incomplete = (looks: readonly ItemLook[]): { readonly ok: false; readonly error: Fault } =>
  fail(
    'database-setup-incomplete',
    `PostgreSQL is not set up: ${looks.map(({ text }) => text).join(' ')}`,
    'Correct what the message names and run `dualtone database setup` again; `--undo` puts everything back.',
  );

const applyItems = async (items: readonly Item[], admin: Admin): Promise<Result<SetupOutcome>> => {
  const done: string[] = [];
  let reloads = false;
  for (const item of items) {
    const seen = await item.look();
    if (!seen.ok) return seen;
    if (seen.value.condition === 'refused') return incomplete([seen.value]);
    if (seen.value.condition !== 'missing') continue;
    // PostgreSQL judges a `hostssl` line by whether `ssl` is in force already.
    if (item.id === 'access' && reloads) {
      const reloaded = await reload(admin);
      if (!reloaded.ok) return reloaded;
    }
    const acted = await item.act();
    if (!acted.ok) return acted;
    if (seen.value.change !== null) done.push(seen.value.change);
    reloads ||= seen.value.effect !== 'at-once';
  }
  if (reloads) {
    const reloaded = await reload(admin);
    if (!reloaded.ok) return reloaded;
  }
  const look = await lookAt(items, admin);
  if (!look.ok) return look;
  const wrong = look.value.items.filter(({ condition }) => condition === 'missing' || condition === 'refused');
  return wrong.length === 0 ? ok({ done, look: look.value }) : incomplete(wrong);
};

const undoItems = async (items: readonly Item[], admin: Admin): Promise<Result<UndoOutcome>> => {
  const undone: string[] = [];
  const left: string[] = [];
  for (const item of items.toReversed()) {
    // The role cannot go while the schema, whose functions name it, stays.
    if (item.id === 'role' && left.length > 0) {
      left.push('The role was left because something else was.');
      continue;
    }
    const outcome = await item.undo();
    if (!outcome.ok) return outcome;
    if (outcome.value === null) undone.push(item.id);
    else left.push(outcome.value);
  }
  const reloaded = await reload(admin);
  if (!reloaded.ok) return reloaded;
  const pending = await pendingRestart(admin);
  return pending.ok ? ok({ undone, left, pendingRestart: pending.value }) : pending;
};

const isServing = async (admin: Admin): Promise<Result<boolean>> => {
  const rows = await admin.rows<{ readonly there: boolean }>(
    `select to_regclass('dualtone.guard') is not null as there`,
  );
  if (!rows.ok || rows.value[0]?.there !== true) return rows.ok ? ok(false) : rows;
  const guard = await admin.rows<{ readonly serving: boolean }>('select serving from dualtone.guard');
  return guard.ok ? ok(guard.value[0]?.serving === true) : guard;
};

const restartNow = async (admin: Admin, options: SetupOptions, run: Run, force: boolean): Promise<Result<void>> => {
  const serving = await isServing(admin);
  if (!serving.ok) return serving;
  if (serving.value && !force)
    return fail(
      'database-serving',
      'This node serves; a restart of PostgreSQL would disturb telephony for seconds.',
      'Do it on the passive node, switch over, then here; or force it.',
    );
  const restarted = await run(options.restart, { timeoutMs: RESTART_MS, cwd: '/' });
  if (!restarted.ok) return restarted;
  if (restarted.value.exitCode !== 0)
    return fail(
      'database-restart-failed',
      `PostgreSQL was not restarted: ${restarted.value.stderr.trim().split('\n')[0] ?? '?'}.`,
      'See `systemctl status postgresql` and its log.',
    );
  const alive = await admin.rows('select 1 as one');
  return alive.ok ? ok(undefined) : alive;
};

/** Faults: `database-setup-option` (a name, an address or the password does not fit), `database-record-unusable`. */
export const createDatabaseSetup = async (options: SetupOptions, run: Run): Promise<Result<DatabaseSetup>> => {
  if (!isPlainPassword(options.password))
    return fail(
      'database-setup-option',
      'The password of the role must be 8 to 200 printable ASCII letters without spaces.',
      'Write another into the password file of both nodes.',
    );
  if (!fitsHba(options.admin.database) || !fitsHba(options.role))
    return fail(
      'database-setup-option',
      'A name of database or role holds letters that pg_hba.conf cannot.',
      'Correct `streams.database.database` or `.user`.',
    );
  const record = await openRecord(options.recordFile);
  if (!record.ok) return record;
  const admin = createAdmin(options.admin);
  const context: ItemContext = { admin, record: record.value, overwriteDrift: options.overwriteDrift };
  const items = itemsFor(context, options, run);
  // What was set when the configuration was another one is undone as well.
  const recorded = record.value
    .ids()
    .filter((id) => id.startsWith('setting:') && !items.some((item) => item.id === id))
    .map((id) => createSettingItem(context, { name: id.slice('setting:'.length), improve: () => null, why: '' }));
  return ok({
    look: () => lookAt(items, admin),
    preview: async () => {
      const look = await lookAt(items, admin);
      return look.ok ? ok(look.value.items.filter(({ change }) => change !== null)) : look;
    },
    apply: () => applyItems(items, admin),
    undo: () => undoItems([...items, ...recorded], admin),
    restartNow: (force) => restartNow(admin, options, run, force),
  });
};
