/** Names that phones follow, pointed to one side as one transaction, under a term that an older node cannot undo; then every server is asked until it agrees. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, fail, ok, type Result } from '../../core/result.ts';
import type { Millis, Role } from '../../core/words.ts';
import { type Bounds, placeOf, type ServerPlace } from './exchange.ts';
import type { RecordSet } from './message.ts';
import { fullName } from './name.ts';
import { lookUp, update } from './name-server.ts';
import {
  byHand,
  type DnsTerm,
  describe,
  type FollowingRecord,
  planChanges,
  sameData,
  termOf,
  wantedSets,
} from './plan.ts';
import type { RecordType } from './rdata.ts';
import type { TsigKey } from './tsig.ts';

export interface DnsOptions {
  /** Takes the updates. */
  readonly server: ServerPlace;
  /** All others that phones' resolvers ask. */
  readonly others: readonly ServerPlace[];
  readonly zone: string;
  readonly records: readonly FollowingRecord[];
  /** Where the TXT record with the term stands. */
  readonly epochName: string;
  readonly keyFile: string;
  /** Read at each try, so that a corrected file counts. */
  readonly key: () => Result<TsigKey>;
  /** Of one question. */
  readonly timeoutMs: Millis;
  /** From the update until all servers must tell it. */
  readonly settleMs: Millis;
  /** Between two questions to a server that does not tell it yet. */
  readonly everyMs: Millis;
  /** Milliseconds since 1970. */
  readonly wall: () => number;
}

export interface DnsSwitched {
  /** In words; empty: all was so already. */
  readonly changes: readonly string[];
  /** From the update until all servers told it. */
  readonly tookMs: Millis;
}

export interface Dns {
  /** What a move to `role` would change; key, clock and right are tried by an update that changes nothing. Faults: those of `switchTo`. */
  preview(role: Role, signal: AbortSignal): Promise<Result<readonly string[]>>;
  /**
   * Repeatable. Faults: those of the key, of `lookUp` and `update`, `dns-newer-epoch`, `dns-foreign-record`, `dns-cname-beside`, `dns-not-agreed`.
   * Where a person can do the same by hand, the remedy says how.
   */
  switchTo(term: DnsTerm, signal: AbortSignal): Promise<Result<DnsSwitched>>;
}

const TERM_TTL_S = 30;
/** What may stand where a CNAME is wanted, and must not. */
const BESIDE: readonly RecordType[] = ['A', 'AAAA', 'TXT', 'SRV', 'NAPTR'];

/** Its remedy says what to type, unless it is better that nobody types anything. */
const withHand = (options: DnsOptions, { code, message, remedy }: Fault, wanted: readonly RecordSet[]) => {
  const unwise = [
    'dns-newer-epoch',
    'dns-called-off',
    'dns-foreign-record',
    'dns-cname-beside',
    'dns-changed-meanwhile',
  ];
  if (unwise.includes(code)) return { ok: false, error: { code, message, remedy } } as const;
  const command = byHand(options.server, options.zone, options.keyFile, wanted);
  return { ok: false, error: { code, message, remedy: `${remedy} By hand: ${command}` } } as const;
};

/** Told of a name that has nothing of its own, since `*` stands above it: no condition of an update would hold of it. */
const isByWildcard = async (options: DnsOptions, told: RecordSet, bounds: Bounds): Promise<boolean> => {
  const zone = fullName(options.zone);
  for (let name = told.name; name !== zone && name.includes('.'); ) {
    name = name.slice(name.indexOf('.') + 1);
    const found = await lookUp(options.server, options.zone, `*.${name}`, told.type, bounds);
    if (!found.ok) return false;
    if (found.value.data.length > 0) return sameData(found.value, told);
  }
  return false;
};

/** A CNAME stands alone: a server takes an update that breaks this without a word, and leaves it undone. */
const findBeside = async (options: DnsOptions, seen: readonly RecordSet[], bounds: Bounds): Promise<Result<void>> => {
  for (const { name, type, data } of seen) {
    if (type === 'CNAME' && data.length > 0) continue;
    for (const other of type === 'CNAME' ? BESIDE : (['CNAME'] as const)) {
      const found = await lookUp(options.server, options.zone, name, other, bounds);
      if (!found.ok) return found;
      if (found.value.data.length === 0 || (await isByWildcard(options, found.value, bounds))) continue;
      return fail(
        'dns-cname-beside',
        `${name} has a ${other} record already, and a CNAME cannot stand beside other data: ${type} would not be taken.`,
        `Delete the ${other} record of ${name}, or let that one follow service.`,
      );
    }
  }
  return ok(undefined);
};

const readAll = async (
  options: DnsOptions,
  place: ServerPlace,
  wanted: readonly RecordSet[],
  bounds: Bounds,
): Promise<Result<readonly RecordSet[]>> => {
  const seen: RecordSet[] = [];
  for (const { name, type } of wanted) {
    const found = await lookUp(place, options.zone, name, type, bounds);
    if (!found.ok) return found;
    seen.push(found.value);
  }
  return ok(seen);
};

/** Until this server tells what is wanted; the last thing in its way. */
const agree = async (
  options: DnsOptions,
  place: ServerPlace,
  wanted: readonly RecordSet[],
  bounds: Bounds,
): Promise<string | null> => {
  let trouble = `${placeOf(place)} has not answered yet`;
  while (!bounds.signal.aborted) {
    const told = await readAll(options, place, wanted, bounds);
    if (told.ok) {
      const differing = wanted.find((each, index) => !sameData(each, told.value[index] ?? each));
      if (differing === undefined) return null;
      trouble = `${placeOf(place)} still tells another ${differing.name} ${differing.type}`;
    } else if (told.error.code !== 'dns-called-off') trouble = told.error.message;
    await sleep(options.everyMs, undefined, { signal: bounds.signal }).catch(() => undefined);
  }
  return trouble;
};

const allAgree = async (
  options: DnsOptions,
  wanted: readonly RecordSet[],
  signal: AbortSignal,
): Promise<Result<void>> => {
  const { server, others, settleMs, timeoutMs } = options;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(settleMs)]);
  const bounds = { timeoutMs, signal: limit };
  const late = await Promise.all([server, ...others].map((place) => agree(options, place, wanted, bounds)));
  const ways = late.filter((each) => each !== null);
  if (ways.length === 0) return ok(undefined);
  return fail(
    'dns-not-agreed',
    `After ${Math.round(settleMs / 1000)} s not every name server tells the change: ${ways.join('; ').replace(/\.$/, '')}.`,
    'See how the zone comes to that server (NOTIFY, transfers); it is asked again.',
  );
};

export const createDns = (options: DnsOptions): Dns => {
  const { server, zone, records, epochName, timeoutMs } = options;
  const look = async (term: DnsTerm, bounds: Bounds) => {
    const wanted = wantedSets(records, epochName, TERM_TTL_S, term);
    const seen = await readAll(options, server, wanted, bounds);
    if (!seen.ok) return seen;
    const beside = await findBeside(options, seen.value.slice(0, -1), bounds);
    if (!beside.ok) return beside;
    const kept = seen.value.at(-1);
    const isOthers = kept !== undefined && kept.data.length > 0 && termOf(kept) === null;
    if (!isOthers || !(await isByWildcard(options, kept, bounds))) return ok({ wanted, seen: seen.value });
    return ok({ wanted, seen: [...seen.value.slice(0, -1), { ...kept, data: [] }] });
  };
  const write = async (seen: readonly RecordSet[], wanted: readonly RecordSet[], bounds: Bounds) => {
    const key = options.key();
    return key.ok ? update(server, { zone, seen, wanted }, key.value, options.wall() / 1000, bounds) : key;
  };
  return {
    preview: async (role, signal) => {
      const bounds = { timeoutMs, signal };
      const looked = await look({ role, epoch: Number.MAX_SAFE_INTEGER }, bounds);
      if (!looked.ok) return looked;
      const { seen, wanted } = looked.value;
      const tried = await write(seen, [], bounds);
      if (!tried.ok) return tried;
      // The term always changes, and is nobody's news.
      const plan = planChanges(records, seen, wanted, { role, epoch: Number.MAX_SAFE_INTEGER });
      if (!plan.ok) return plan;
      return ok(plan.value.changes.slice(0, -1).map((each) => describe(each.seen, each.wanted)));
    },
    switchTo: async (term, signal) => {
      const bounds = { timeoutMs, signal };
      const wanted = wantedSets(records, epochName, TERM_TTL_S, term);
      const failed = ({ error }: { readonly error: Fault }) => withHand(options, error, wanted);
      const looked = await look(term, bounds);
      if (!looked.ok) return failed(looked);
      const { seen } = looked.value;
      const plan = planChanges(records, seen, wanted, term);
      if (!plan.ok) return failed(plan);
      const beganAt = performance.now();
      const { changes } = plan.value;
      if (changes.length > 0) {
        // All that was seen is a condition, also what stays: what this was decided by has not changed.
        const written = await write(
          seen,
          changes.map((each) => each.wanted),
          bounds,
        );
        if (!written.ok) return failed(written);
      }
      const agreed = await allAgree(options, wanted, signal);
      if (!agreed.ok) return failed(agreed);
      const news = changes.filter((each) => termOf(each.wanted) === null);
      return ok({
        changes: news.map((each) => describe(each.seen, each.wanted)),
        tookMs: performance.now() - beganAt,
      });
    },
  };
};
