/** Both nodes' tables compared: by digests of pieces, then row by row where they differ. Changes nothing. */
import { ok, type Result } from '../../core/result.ts';
import type { StreamProgress } from '../stream.ts';
import { type ComparedTable, type Digest, MOST_ROWS, type RowDigest, type ShownRow, type Span } from './rows.ts';

/** One node's tables, here or through the other's replicator. */
export interface Side {
  tables(): Promise<Result<readonly ComparedTable[]>>;
  end(table: ComparedTable, from: readonly string[] | null, size: number): Promise<Result<readonly string[] | null>>;
  digest(table: ComparedTable, span: Span): Promise<Result<Digest>>;
  rowDigests(table: ComparedTable, span: Span): Promise<Result<readonly RowDigest[]>>;
  row(table: ComparedTable, key: readonly string[]): Promise<Result<ShownRow | null>>;
}

/** The other node's; pieces are cut by the keys of this one. */
export type FarSide = Omit<Side, 'end'>;

export interface RowDifference {
  /** `asterisk.users`. */
  readonly table: string;
  /** Its key, `id=7`. */
  readonly key: string;
  /** Columns that differ, with both values; all of them where a row is on one side only. */
  readonly columns: readonly { readonly name: string; readonly here: string | null; readonly there: string | null }[];
  readonly only: 'here' | 'there' | null;
}

export interface Comparison {
  readonly tables: number;
  readonly rows: number;
  /** How many rows differ; of many, the first are in `differences`. */
  readonly differing: number;
  /** There may be more: beyond so many nobody looked. */
  readonly more: boolean;
  readonly differences: readonly RowDifference[];
  /** Tables that are made differently, or are on one side only, or differ and have no key by which rows could be told. */
  readonly notCompared: readonly string[];
}

export interface CompareOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: StreamProgress) => void;
  /** Until what was on its way when a difference was seen has come: differences that stay are told. */
  readonly settle: () => Promise<void>;
}

const PIECE = 1000;
const MOST_SHOWN = 100;
/** A table that is another one altogether is told by its first rows. */
const MOST_CANDIDATES = 2000;

const nameOf = ({ database, table }: ComparedTable): string => `${database}.${table}`;
const keyText = (key: readonly string[]): string => JSON.stringify(key);

interface Candidate {
  readonly table: ComparedTable;
  readonly key: readonly string[];
}

const differing = (here: readonly RowDigest[], there: readonly RowDigest[]): readonly (readonly string[])[] => {
  const digestByKey = new Map(there.map(({ key, digest }) => [keyText(key), digest]));
  const found = here.filter(({ key, digest }) => digestByKey.get(keyText(key)) !== digest).map(({ key }) => key);
  const known = new Set(here.map(({ key }) => keyText(key)));
  return [...found, ...there.filter(({ key }) => !known.has(keyText(key))).map(({ key }) => key)];
};

interface Sides {
  readonly here: Side;
  readonly there: FarSide;
}

const both = async <T>(one: Promise<Result<T>>, other: Promise<Result<T>>): Promise<Result<readonly [T, T]>> => {
  const [here, there] = await Promise.all([one, other]);
  if (!here.ok) return here;
  return there.ok ? ok([here.value, there.value]) : there;
};

/** Pieces are by the keys here; what there lies beyond the last falls into the last. */
const comparePieces = async (
  { here, there }: Sides,
  table: ComparedTable,
  signal: AbortSignal,
): Promise<Result<{ readonly rows: number; readonly candidates: readonly Candidate[]; readonly cut: boolean }>> => {
  const candidates: Candidate[] = [];
  let rows = 0;
  let cut = false;
  for (let from: readonly string[] | null = null; ; ) {
    const to: Result<readonly string[] | null> = await here.end(table, from, PIECE);
    if (!to.ok) return to;
    const span: Span = { from, to: to.value };
    const digests = await both(here.digest(table, span), there.digest(table, span));
    if (!digests.ok) return digests;
    const [one, other] = digests.value;
    rows += one.count;
    if (one.count !== other.count || one.digest !== other.digest) {
      const told = await both(here.rowDigests(table, span), there.rowDigests(table, span));
      if (!told.ok) return told;
      candidates.push(...differing(...told.value).map((key) => ({ table, key })));
      cut ||= Math.max(one.count, other.count) > MOST_ROWS;
    }
    const enough = signal.aborted || candidates.length > MOST_CANDIDATES;
    if (to.value === null || enough) return ok({ rows, candidates, cut: cut || (enough && to.value !== null) });
    from = to.value;
  }
};

const differenceOf = (
  { table, key }: Candidate,
  here: ShownRow | null,
  there: ShownRow | null,
): RowDifference | null => {
  const names = table.columns.filter((name) => here?.digests[name] !== there?.digests[name]);
  if (names.length === 0) return null;
  return {
    table: nameOf(table),
    key: table.key.map((name, index) => `${name}=${key[index] ?? ''}`).join(', '),
    columns: names.map((name) => ({ name, here: here?.values[name] ?? null, there: there?.values[name] ?? null })),
    only: here === null ? 'there' : there === null ? 'here' : null,
  };
};

/** Once more, after what was on its way has come. */
const confirm = async (
  { here, there }: Sides,
  candidates: readonly Candidate[],
): Promise<Result<readonly RowDifference[]>> => {
  const found: RowDifference[] = [];
  for (const candidate of candidates) {
    const rows = await both(here.row(candidate.table, candidate.key), there.row(candidate.table, candidate.key));
    if (!rows.ok) return rows;
    const difference = differenceOf(candidate, ...rows.value);
    if (difference !== null) found.push(difference);
  }
  return ok(found);
};

interface Matched {
  readonly same: readonly ComparedTable[];
  readonly notCompared: readonly string[];
}

const match = (here: readonly ComparedTable[], there: readonly ComparedTable[]): Matched => {
  const thereByName = new Map(there.map((table) => [nameOf(table), table]));
  const hereNames = new Set(here.map(nameOf));
  const notCompared = there
    .filter((table) => !hereNames.has(nameOf(table)))
    .map((table) => `${nameOf(table)} (only there)`);
  const same: ComparedTable[] = [];
  for (const table of here) {
    const other = thereByName.get(nameOf(table));
    if (other === undefined) notCompared.push(`${nameOf(table)} (only here)`);
    else if (other.shape !== table.shape || keyText(other.key) !== keyText(table.key))
      notCompared.push(`${nameOf(table)} (made differently)`);
    else same.push(table);
  }
  return { same, notCompared };
};

const WHOLE: Span = { from: null, to: null };

/** Without a key only as a whole: the same, or not. */
const compareKeyless = async ({ here, there }: Sides, table: ComparedTable): Promise<Result<boolean>> => {
  const digests = await both(here.digest(table, WHOLE), there.digest(table, WHOLE));
  if (!digests.ok) return digests;
  const [one, other] = digests.value;
  // Two rows that are alike leave no trace in a digest.
  return ok(one.count === other.count && one.digest === other.digest);
};

/** Faults: those of both sides. */
export const compareAll = async (sides: Sides, options: CompareOptions): Promise<Result<Comparison>> => {
  const tables = await both(sides.here.tables(), sides.there.tables());
  if (!tables.ok) return tables;
  const { same, notCompared } = match(...tables.value);
  const odd = [...notCompared];
  const candidates: Candidate[] = [];
  let rows = 0;
  let cut = false;
  for (const [index, table] of same.entries()) {
    options.onProgress({ what: nameOf(table), done: index, total: same.length });
    if (!table.hasOrder) {
      const equal = await compareKeyless(sides, table);
      if (!equal.ok) return equal;
      if (!equal.value) odd.push(`${nameOf(table)} (differs, and has no primary key by which its rows could be told)`);
      continue;
    }
    const compared = await comparePieces(sides, table, options.signal);
    if (!compared.ok) return compared;
    rows += compared.value.rows;
    cut ||= compared.value.cut;
    candidates.push(...compared.value.candidates);
  }
  if (candidates.length > 0) await options.settle();
  const confirmed = await confirm(sides, candidates.slice(0, MOST_ROWS));
  if (!confirmed.ok) return confirmed;
  const { value } = confirmed;
  return ok({
    tables: same.length,
    rows,
    differing: value.length,
    more: cut || candidates.length > MOST_ROWS,
    differences: value.slice(0, MOST_SHOWN),
    notCompared: odd,
  });
};
