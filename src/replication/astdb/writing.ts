import { dbDelete, dbPut, isLoaded, refreshModule } from '../../ami/actions.ts';
import { astDbPutAny } from '../../ami/astdb-query.ts';
import type { AmiConnection } from '../../ami/connection.ts';
import { longestLine } from '../../ami/message.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Ari } from './ari.ts';
import type { Follows } from './families.ts';
import type { Manager } from './manager.ts';
import { applyQueues, queueOf } from './queues.ts';
import { type AstDbRow, eachInSlices, isContact } from './rows.ts';
import type { Refreshed } from './sip-registrations.ts';

/** A row to put; `isNew`: Asterisk does not have it yet. */
export interface RowToPut extends AstDbRow {
  readonly isNew: boolean;
}

export interface ChangeToApply {
  readonly put: readonly RowToPut[];
  readonly delete: readonly string[];
}

export interface Applied {
  /** Keys of rows that Asterisk did not take. */
  readonly refused: readonly string[];
}

/** Puts and deletes rows, so that what they mean holds at once in the running Asterisk. */
export interface Writing {
  /** Faults as the manager's, when it is not reached. Rows that do not follow are left out. */
  apply(change: ChangeToApply): Promise<Result<Applied>>;
  /** Makes what lives in Asterisk equal to rows that are there already: members of queues, states of endpoints. */
  liven(rows: ReadonlyMap<string, string>): Promise<Result<void>>;
  /** chan_sip, where there is one, reads its registrations again; calls keep it from that. Faults as the manager's. */
  refreshSip(): Promise<Result<Refreshed>>;
  /** What follows as a row but does not take effect at once, in a sentence; null: all does. */
  limit(): string | null;
}

interface State {
  readonly manager: Manager;
  readonly ari: Ari | null;
  readonly follows: Follows;
  ariFault: string | null;
  queueFault: string | null;
  sipFault: string | null;
  /** Contacts that were made anew for their endpoint's state: where it did not help, it is not done for ever. */
  readonly woken: Map<string, string>;
}

export const createWriting = (manager: Manager, ari: Ari | null, follows: Follows): Writing => {
  const state: State = { manager, ari, follows, ariFault: null, queueFault: null, sipFault: null, woken: new Map() };
  return {
    apply: (change) => manager.on((ami) => apply(state, ami, change)),
    liven: (rows) => manager.on((ami) => liven(state, ami, rows)),
    refreshSip: () => manager.on((ami) => refreshSip(state, ami)),
    limit: () => [state.ariFault, state.queueFault, state.sipFault].filter((fault) => fault !== null).join(' ') || null,
  };
};

/** Asterisk asks such a contact whether it is there, at once and then again and again: not on a node that is mute. */
export const isQualified = (value: string): boolean => /"qualify_frequency"\s*:\s*"?0*[1-9]/.test(value);

/** The endpoint of a contact. */
export const endpointOf = ({ key, value }: AstDbRow): string => {
  const said = /"endpoint"\s*:\s*"([^"\\]+)"/.exec(value)?.[1];
  return said ?? /\/([^/]*);@[0-9a-f]*$/.exec(key)?.[1] ?? '';
};

/** Faults of one row, which the others need not suffer for. */
const rowFaults = new Set(['ami-bad-header', 'ami-line-too-long', 'ami-refusal', 'astdb-odd-row']);

/** Actions under way at a time. Asterisk takes 30 in a millisecond; more at once would only hold up the agent's heartbeat. */
const batch = 200;

interface Work {
  readonly key: string;
  readonly act: () => Promise<Result<unknown>>;
}

const apply = async (state: State, ami: AmiConnection, change: ChangeToApply): Promise<Result<Applied>> => {
  const put = change.put.filter(({ key }) => state.follows(key));
  const gone = change.delete.filter(state.follows);
  const [plain, odd] = [put.filter(isPlain), put.filter((row) => !isPlain(row))];
  const work: readonly Work[] = [
    ...gone.map((key) => ({ key, act: () => remove(state, ami, key) })),
    ...plain.map((row) => ({ key: row.key, act: () => putPlain(state, ami, row) })),
  ];
  const refused: string[] = [];
  const settle = (key: string, result: Result<unknown>): Result<never> | null => {
    if (result.ok) return null;
    if (!rowFaults.has(result.error.code)) return result;
    refused.push(key);
    return null;
  };
  for (let at = 0; at < work.length; at += batch) {
    const part = work.slice(at, at + batch);
    const results = await Promise.all(part.map(async ({ key, act }) => [key, await act()] as const));
    for (const [key, result] of results) {
      const ended = settle(key, result);
      if (ended !== null) return ended;
    }
  }
  // One after another: they are put together in one place.
  for (const row of odd) {
    const ended = settle(row.key, await putOdd(ami, row));
    if (ended !== null) return ended;
  }
  const told = await tellQueues(state, ami, put, gone);
  return told.ok ? ok({ refused }) : told;
};

const splitKey = (key: string): readonly [string, string] => {
  const slash = key.indexOf('/');
  return [key.slice(0, slash), key.slice(slash + 1)];
};

/** The manager drops blanks before a value, and knows a row only as family and key. */
const isPlain = ({ key, value }: AstDbRow): boolean =>
  !/[\p{Cc}]|^\s/u.test(value) &&
  Buffer.byteLength(value) + 'Val: '.length <= longestLine &&
  /^[^/\s][^/]*\/[^\s]/.test(key);

const putPlain = async (state: State, ami: AmiConnection, row: RowToPut): Promise<Result<unknown>> => {
  // Made otherwise the contact would be there, and its endpoint unavailable until the phone registers again.
  if (row.isNew && isContact(row.key) && state.ari !== null && !isQualified(row.value)) {
    const made = await state.ari.put(row.key, row.value);
    state.ariFault = made.ok ? null : made.error.message;
    if (made.ok) return made;
  }
  const [family, key] = splitKey(row.key);
  const done = await dbPut(ami, family, { key, value: row.value });
  if (done.ok) await tellState(ami, row.key, row.value);
  return done;
};

const putOdd = (ami: AmiConnection, { key, value }: AstDbRow): Promise<Result<void>> => {
  if (/\p{Cc}/u.test(key) || !/[^/]\/[^/]/.test(key)) {
    const odd = fail('astdb-odd-row', 'A row of AstDB has a key that is not carried.', 'Rename the key.');
    return Promise.resolve(odd);
  }
  return astDbPutAny(ami, key, value).then((done) =>
    done.ok || done.error.code !== 'ami-permission' ? done : noQuery(),
  );
};

const noQuery = (): Result<never> =>
  fail(
    'astdb-odd-row',
    'A row of AstDB is too long for the manager, or holds a line end.',
    'Give the manager user the class `command`: then such rows are carried too.',
  );

const remove = async (state: State, ami: AmiConnection, path: string): Promise<Result<unknown>> => {
  if (isContact(path) && state.ari !== null) {
    const gone = await state.ari.remove(path);
    state.ariFault = gone.ok ? null : gone.error.message;
    if (gone.ok) return gone;
  }
  await tellState(ami, path, null);
  const [family, key] = splitKey(path);
  return dbDelete(ami, family, key);
};

const states: readonly (readonly [prefix: string, call: string])[] = [
  ['CustomDevstate/', 'DEVICE_STATE(Custom:'],
  ['CustomPresence/', 'PRESENCE_STATE(CustomPresence:'],
];

/** Lamps: states that dialplans set themselves are read from AstDB only once, so they are set as a dialplan does it. */
const tellState = async (ami: AmiConnection, path: string, value: string | null): Promise<void> => {
  for (const [prefix, call] of states) {
    const name = path.startsWith(prefix) ? path.slice(prefix.length) : '';
    if (!/^[\w.@-]+$/.test(name)) continue;
    const unset = call.startsWith('DEVICE') ? 'UNKNOWN' : 'not_set,,';
    // Without the permission (class `call`) the row alone follows.
    await ami.act('Setvar', [
      ['Variable', `${call}${name})`],
      ['Value', value ?? unset],
    ]);
  }
};

const tellQueues = async (
  state: State,
  ami: AmiConnection,
  put: readonly AstDbRow[],
  gone: readonly string[],
): Promise<Result<void>> => {
  const valueByQueue = new Map<string, string | null>();
  for (const [key, value] of [
    ...gone.map((key) => [key, null] as const),
    ...put.map((row) => [row.key, row.value] as const),
  ]) {
    const queue = queueOf(key);
    if (queue !== null) valueByQueue.set(queue, value);
  }
  if (valueByQueue.size === 0) return ok(undefined);
  const done = await applyQueues(ami, valueByQueue);
  if (!done.ok) return done;
  state.queueFault = done.value.fault;
  if (done.value.acts === 0) return ok(undefined);
  // Asterisk has written the rows anew meanwhile, in its own order.
  for (const row of put.filter(({ key }) => queueOf(key) !== null).filter(isPlain)) {
    const [family, key] = splitKey(row.key);
    const again = await dbPut(ami, family, { key, value: row.value });
    if (!again.ok && !rowFaults.has(again.error.code)) return again;
  }
  return ok(undefined);
};

const liven = async (state: State, ami: AmiConnection, rows: ReadonlyMap<string, string>): Promise<Result<void>> => {
  const queues: AstDbRow[] = [];
  const contacts: AstDbRow[] = [];
  await eachInSlices(rows, ([key, value]) => {
    if (!state.follows(key)) return;
    if (queueOf(key) !== null) queues.push({ key, value });
    if (isContact(key) && !isQualified(value)) contacts.push({ key, value });
  });
  const told = await tellQueues(state, ami, queues, []);
  if (!told.ok || state.ari === null) return told;
  const offline = await state.ari.offline();
  state.ariFault = offline.ok ? null : offline.error.message;
  if (!offline.ok) return ok(undefined);
  const known = new Map(state.woken);
  // Only those of this moment are kept.
  state.woken.clear();
  const asleep: AstDbRow[] = [];
  await eachInSlices(contacts, (row) => {
    if (!offline.value.has(endpointOf(row))) return;
    state.woken.set(row.key, row.value);
    if (known.get(row.key) !== row.value) asleep.push(row);
  });
  for (let at = 0; at < asleep.length; at += batch) {
    await Promise.all(asleep.slice(at, at + batch).map((row) => wake(state.ari, ami, row)));
  }
  return ok(undefined);
};

/** Made anew: only a contact that appears counts for its endpoint's state. */
export const wake = async (ari: Ari | null, ami: AmiConnection, row: AstDbRow): Promise<void> => {
  const gone = await ari?.remove(row.key);
  if (gone?.ok !== true) return;
  const made = await ari?.put(row.key, row.value);
  if (made?.ok === true) return;
  const [family, key] = splitKey(row.key);
  await dbPut(ami, family, { key, value: row.value });
};

const chanSip = 'chan_sip';

const refreshSip = async (state: State, ami: AmiConnection): Promise<Result<Refreshed>> => {
  const there = await isLoaded(ami, chanSip);
  if (!there.ok) return there.error.code === 'ami-permission' ? ok('absent') : there;
  if (!there.value) return ok('absent');
  const done = await refreshModule(ami, chanSip);
  if (!done.ok && done.error.code !== 'ami-refusal' && done.error.code !== 'ami-permission') return done;
  state.sipFault = done.ok ? null : `Registrations with chan_sip count after its next load. ${done.error.message}`;
  return ok(done.ok ? 'done' : 'busy');
};
