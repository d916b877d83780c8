/** `dualtone reporting status` and `report`: how far each target is, and what is missing or twice there. Reads both sides, changes nothing. */
import { type Fault, ok, type Result } from '../core/result.ts';
import type { Missing } from './core/missing.ts';
import { lengthOf } from './core/runs.ts';
import type { Refused, Span } from './core/words.ts';
import type { PassOptions } from './pass.ts';
import { openSource, type Source } from './source.ts';
import type { Target, TargetSession } from './target.ts';

export interface TableReport {
  readonly table: string;
  /** Null: nothing was sent yet. */
  readonly position: number | null;
  /** The last number here. */
  readonly last: number | null;
  /** Rows here that have not gone. */
  readonly waiting: number;
  /** Of a report only; null: not looked at. */
  readonly begun: number | null;
  readonly gone: readonly Span[] | null;
  readonly missing: readonly Missing[] | null;
  readonly others: number | null;
  readonly twice: number | null;
}

export interface TargetReport {
  readonly target: Target['name'];
  readonly fault: Fault | null;
  readonly tables: readonly TableReport[];
  readonly refused: readonly Refused[];
}

/** Nothing gone, missing, twice or refused, and it was reached. */
export const isWhole = ({ fault, tables, refused }: TargetReport): boolean =>
  fault === null &&
  refused.length === 0 &&
  tables.every(
    ({ gone, missing, twice }) => (gone ?? []).length === 0 && (missing ?? []).length === 0 && (twice ?? 0) === 0,
  );

const tableReport = async (
  source: Source,
  session: TargetSession,
  table: Source['tables'][number],
  isFull: boolean,
): Promise<Result<TableReport>> => {
  const ends = await source.ends(table);
  if (!ends.ok) return ends;
  const standing = await session.look(table);
  if (!standing.ok) return standing;
  const position = standing.value?.position ?? null;
  const last = ends.value?.to ?? null;
  const waiting = await source.countAfter(table, position ?? 0);
  if (!waiting.ok) return waiting;
  const base = { table: table.rule.table, position, last, waiting: waiting.value };
  const bare = { ...base, begun: null, gone: null, missing: null, others: null, twice: null };
  if (!isFull) return ok(bare);
  const audit = await session.audit(source, table);
  if (!audit.ok) return audit;
  return ok(audit.value === null ? bare : { ...base, ...audit.value });
};

const reportTables = async (
  source: Source,
  session: TargetSession,
  target: Target['name'],
  isFull: boolean,
): Promise<Result<TargetReport>> => {
  const tables: TableReport[] = [];
  for (const table of source.tables) {
    const report = await tableReport(source, session, table, isFull);
    if (!report.ok) return report;
    tables.push(report.value);
  }
  const refused = await session.refused();
  return refused.ok ? ok({ target, fault: null, tables, refused: refused.value }) : refused;
};

/** A target or a source that is not reached is a report too. */
export const reportOn = async (options: PassOptions, isFull: boolean, signal: AbortSignal): Promise<TargetReport> => {
  const { name } = options.target;
  const failing = (fault: Fault): TargetReport => ({ target: name, fault, tables: [], refused: [] });
  const connected = await options.connect(signal);
  if (!connected.ok) return failing(connected.error);
  try {
    const source = await openSource(connected.value, options.source);
    if (!source.ok) return failing(source.error);
    const { origin: sender, tables } = source.value;
    const session = await options.target.open({ sender, tables, signal, onStep: () => undefined });
    if (!session.ok) return failing(session.error);
    try {
      const report = await reportTables(source.value, session.value, name, isFull);
      return report.ok ? report.value : failing(report.error);
    } finally {
      await session.value.close();
    }
  } finally {
    await connected.value.close();
  }
};

const spanText = ({ from, to }: Span): string => (from === to ? `number ${from}` : `numbers ${from} to ${to}`);

const MOST_LINES = 10;

const listed = (lines: readonly string[], more: string): readonly string[] =>
  lines.length <= MOST_LINES
    ? lines
    : [...lines.slice(0, MOST_LINES), `    and ${lines.length - MOST_LINES} more ${more}`];

const tableLines = (report: TableReport): readonly string[] => {
  const { table, position, last, waiting, gone, missing, others, twice } = report;
  const head =
    position === null
      ? `  ${table}: nothing sent yet; ${waiting} events here`
      : `  ${table}: sent up to number ${position}; last here ${last ?? 'none'}, waiting ${waiting}`;
  const goneLines = (gone ?? []).map(
    (span) =>
      `  ! ${spanText(span)} were deleted here before they could be sent, as far as they were ever written (${lengthOf(span)} at most)`,
  );
  const missingLines = (missing ?? []).map((span) => `  ! ${span.count} events of ${spanText(span)} are not there`);
  const doubles = (twice ?? 0) > 0 ? [`  ! ${twice} rows there are second copies, written by somebody else`] : [];
  const foreign = (others ?? 0) > 0 ? [`    ${others} rows there were written by somebody else since`] : [];
  return [head, ...listed(goneLines, 'gaps'), ...listed(missingLines, 'gaps'), ...doubles, ...foreign];
};

/** For people. */
export const reportLines = (report: TargetReport): readonly string[] => {
  const { target, fault, tables, refused } = report;
  const name = target === 'postgres' ? 'Reporting database' : 'Elasticsearch';
  if (fault !== null) return [`${name}: ${fault.message}`, `    ${fault.remedy}`];
  const aside = refused.map(
    ({ table, origin, key, reason }) => `  ! not taken: ${table} ${key} of ${origin}: ${reason}`,
  );
  return [`${name}:`, ...tables.flatMap(tableLines), ...listed(aside, 'that were not taken')];
};
