/** Which records of a zone point to one side, under which term, and what stands against it. Pure. */
import { fail, ok, type Result } from '../../core/result.ts';
import type { Epoch, Role } from '../../core/words.ts';
import type { ServerPlace } from './exchange.ts';
import type { RecordSet } from './message.ts';
import { fullName } from './name.ts';
import { canonicalData, type RecordType } from './rdata.ts';

/** One record that follows service; `main` and `standby` as in a zone file. */
export interface FollowingRecord {
  readonly name: string;
  readonly type: Exclude<RecordType, 'TXT'>;
  /** Seconds. */
  readonly ttl: number;
  readonly main: readonly string[];
  readonly standby: readonly string[];
}

export interface DnsTerm {
  readonly role: Role;
  readonly epoch: Epoch;
}

const sameSet = (a: RecordSet, b: RecordSet): boolean => a.ttl === b.ttl && sameData(a, b);

export const sameData = (a: RecordSet, b: RecordSet): boolean =>
  a.data.length === b.data.length && a.data.every((each, index) => each === b.data[index]);

const setOf = ({ name, type, ttl, ...sides }: FollowingRecord, role: Role): RecordSet => ({
  name: fullName(name),
  type,
  ttl,
  data: sides[role].map((text) => canonicalData(type, text) ?? '').toSorted(),
});

/** What the zone is to say while `role` serves under `epoch`: the records, and beside them the term. */
export const wantedSets = (
  records: readonly FollowingRecord[],
  epochName: string,
  ttl: number,
  { role, epoch }: DnsTerm,
): readonly RecordSet[] => [
  ...records.map((each) => setOf(each, role)),
  { name: fullName(epochName), type: 'TXT', ttl, data: [`"dualtone epoch=${epoch} active=${role}"`] },
];

/** The term that the zone speaks of; null: none, or text that is not ours. */
export const termOf = ({ data }: RecordSet): DnsTerm | null => {
  const match = /^"dualtone epoch=(\d{1,15}) active=(main|standby)"$/.exec(data[0] ?? '');
  return match === null || data.length > 1
    ? null
    : { epoch: Number(match[1]), role: match[2] === 'main' ? 'main' : 'standby' };
};

const shown = ({ data }: Pick<RecordSet, 'data'>): string => (data.length === 0 ? 'nothing' : data.join(', '));

/** For people: `sip.example.org. CNAME from a. to b.`. */
export const describe = (seen: RecordSet, wanted: RecordSet): string =>
  sameData(seen, wanted)
    ? `${wanted.name} ${wanted.type} kept for ${wanted.ttl} s instead of ${seen.ttl} s`
    : `${wanted.name} ${wanted.type} from ${shown(seen)} to ${shown(wanted)}`;

export interface Changes {
  readonly changes: readonly { readonly seen: RecordSet; readonly wanted: RecordSet }[];
}

/**
 * What is to be changed. Faults: `dns-newer-epoch` (the other node has served since), `dns-foreign-record` (a value that is neither side's).
 * `seen` and `wanted` are in the same order; the last is the term.
 */
export const planChanges = (
  records: readonly FollowingRecord[],
  seen: readonly RecordSet[],
  wanted: readonly RecordSet[],
  term: DnsTerm,
): Result<Changes> => {
  const last = seen.at(-1);
  const found = last === undefined ? null : termOf(last);
  if (found !== null && found.epoch > term.epoch)
    return fail(
      'dns-newer-epoch',
      `The zone says that the ${found.role} serves under epoch ${found.epoch}, newer than this node's ${term.epoch}; nothing was changed.`,
      'If the other node does not serve, and both have lost their memory, delete the TXT record of the epoch once.',
    );
  for (const [index, record] of records.entries()) {
    const there = seen[index];
    const sides = (['main', 'standby'] as const).map((role) => setOf(record, role));
    if (there === undefined || there.data.length === 0 || sides.some((side) => sameData(side, there))) continue;
    return fail(
      'dns-foreign-record',
      `${there.name} ${there.type} is ${shown(there)}, which is neither side's; nothing was changed.`,
      'Correct `switches.dns.records`, or the record by hand.',
    );
  }
  const pairs = wanted.flatMap((each, index) => {
    const there = seen[index];
    return there === undefined || sameSet(there, each) ? [] : [{ seen: there, wanted: each }];
  });
  return ok({ changes: pairs });
};

const quote = (line: string): string => `'${line.replaceAll("'", `'\\''`)}'`;

/** What a person would type to get the same, in one line for a shell. */
export const byHand = (server: ServerPlace, zone: string, keyFile: string, wanted: readonly RecordSet[]): string => {
  const lines = [
    `server ${server.address} ${server.port}`,
    `zone ${fullName(zone)}`,
    ...wanted.flatMap(({ name, type, ttl, data }) => [
      `update delete ${name} ${type}`,
      ...data.map((each) => `update add ${name} ${ttl} ${type} ${each}`),
    ]),
    'send',
  ];
  return `printf '%s\\n' ${lines.map(quote).join(' ')} | nsupdate -v -k ${quote(keyFile)}`;
};
