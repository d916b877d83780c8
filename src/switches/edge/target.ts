/** Which four values of Edge's `.env` change when callers move to the other side, and which do not. Pure. */
import { fail, ok, type Result } from '../../core/result.ts';
import { type EnvEntry, entryOf, parseEnv, withValues } from './env-file.ts';

/** Addresses of one side. */
export interface EdgeSide {
  readonly xivo: string;
  /** Of its contact centre; null where there is none. */
  readonly cc: string | null;
}

export interface EdgeSides {
  readonly main: EdgeSide;
  readonly standby: EdgeSide;
}

export interface EdgeChange {
  readonly key: string;
  readonly from: string;
  readonly to: string;
}

export interface EdgePlan {
  readonly text: string;
  /** Empty when all is so already. */
  readonly changes: readonly EdgeChange[];
}

/** Old and new of one kind of address. */
interface Pair {
  readonly what: string;
  readonly old: string;
  readonly wanted: string;
}

const unknownValue = (key: string, value: string, { what, old, wanted }: Pair) =>
  fail(
    'edge-value-unknown',
    `${key} is ${JSON.stringify(value)}, which is neither side's ${what} (${old}, ${wanted}); nothing was changed.`,
    "Correct Edge's .env or the addresses of the configuration.",
  );

const single = (entry: EnvEntry, pair: Pair): Result<string> =>
  entry.value === pair.old || entry.value === pair.wanted
    ? ok(pair.wanted)
    : unknownValue(entry.key, entry.value, pair);

/** Items of a list with what stands between them, so that both come back as they were. */
const parts = (value: string): readonly string[] => value.split(/([\s,;|]+)/);

/** Item by item, never by part of one: 10.0.0.1 is not in 10.0.0.10. An item may have a mask of one host. */
const inList = (value: string, { old, wanted }: Pair): string | null => {
  const bare = (item: string): string => item.replace(/\/32$/, '');
  const items = parts(value);
  if (items.some((item) => bare(item) === wanted)) return value;
  if (!items.some((item) => bare(item) === old)) return null;
  return items.map((item) => (bare(item) === old ? item.replace(old, wanted) : item)).join('');
};

const peers = (entry: EnvEntry, xivo: Pair, cc: Pair | null): Result<string> => {
  const first = inList(entry.value, xivo);
  if (first === null) return unknownValue(entry.key, entry.value, xivo);
  // The contact centre need not be in it.
  return ok(cc === null ? first : (inList(first, cc) ?? first));
};

const pairOf = (what: string, old: string, wanted: string): Pair => ({ what, old, wanted });

/**
 * All four are found and known before anything is planned. Faults: `edge-value-unknown`, `edge-no-cc`, those of the file.
 */
export const planEdge = (text: string, sides: EdgeSides, to: 'main' | 'standby'): Result<EdgePlan> => {
  const entries = parseEnv(text);
  if (!entries.ok) return entries;
  const [old, wanted] = to === 'main' ? [sides.standby, sides.main] : [sides.main, sides.standby];
  const xivo = pairOf('XiVO', old.xivo, wanted.xivo);
  const cc = old.cc === null || wanted.cc === null ? null : pairOf('contact centre', old.cc, wanted.cc);
  const rules: readonly (readonly [string, (entry: EnvEntry) => Result<string>])[] = [
    ['XIVO_HOST', (entry) => single(entry, xivo)],
    ...(cc === null ? [] : [['XIVOCC_HOST', (entry: EnvEntry) => single(entry, cc)] as const]),
    ['TURN_ALLOWED_PEERS', (entry) => peers(entry, xivo, cc)],
    ['XIVO_MDS_HOST_DEFAULT', (entry) => single(entry, xivo)],
  ];
  if (cc === null && entries.value.some(({ key, value }) => key === 'XIVOCC_HOST' && value !== '')) {
    return fail(
      'edge-no-cc',
      'Edge has a contact centre and the configuration has none.',
      'Give the address of the contact centre of both sides.',
    );
  }
  const changes: { readonly entry: EnvEntry; readonly value: string }[] = [];
  for (const [key, rule] of rules) {
    const entry = entryOf(entries.value, key);
    if (!entry.ok) return entry;
    const value = rule(entry.value);
    if (!value.ok) return value;
    if (value.value !== entry.value.value) changes.push({ entry: entry.value, value: value.value });
  }
  return ok({
    text: withValues(text, changes),
    changes: changes.map(({ entry, value }) => ({ key: entry.key, from: entry.value, to: value })),
  });
};
