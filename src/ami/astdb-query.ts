/** AstDB by SQL, through the console's `database query` (Asterisk 10 and later; needs class `command`). */
import { fail, ok, type Result } from '../core/result.ts';
import { runCommand } from './actions.ts';
import type { AmiAsk, AmiConnection } from './connection.ts';

/** Where the table stood: the writes of this Asterisk so far, and its newest row. */
export interface AstDbMark {
  readonly writes: number;
  readonly newest: number;
  /** That row's path and value, in hexadecimal. */
  readonly top: string;
}

/** A row of AstDB by its whole path, without the slash it begins with. */
export interface AstDbPath {
  readonly path: string;
  /** Null: longer than `longestCell`, so it was not read. */
  readonly value: string | null;
}

export interface AstDbNews {
  /** For the next look. */
  readonly mark: AstDbMark;
  /** All that was written and is still there, and perhaps some that was not. */
  readonly rows: readonly AstDbPath[];
  /** More was written than can be seen: something vanished, or was written twice. */
  readonly doubt: boolean;
}

/** Of one answer. More writes at a time are found by reading all, in pieces. */
const mostNews = 2_000;

/** Bytes of a value that are read; twice as many letters must fit into a line of the manager. */
const longestCell = 16_384;

/** What the console prints before the value: the column's name. */
const column = 'dt';
const cells = `hex(key)||' '||length(CAST(value AS BLOB))||' '||hex(substr(CAST(value AS BLOB),1,${longestCell}))`;

const strange = (): Result<never> =>
  fail('ami-garbled', 'Asterisk answered `database query` with something else.', 'Look at the Asterisk log.');

const query = async (ami: AmiConnection, sql: string, ask: AmiAsk): Promise<Result<readonly string[]>> => {
  const lines = await runCommand(ami, `database query "${sql}"`, ask);
  if (!lines.ok) return lines;
  const values: string[] = [];
  for (const line of lines.value) {
    const value = /^dt\s*: (.*?)\s*$/.exec(line)?.[1];
    // A line that were passed over would be a row that is taken for gone.
    if (value === undefined && line.trim() !== '') return strange();
    if (value !== undefined) values.push(value);
  }
  return ok(values);
};

const isPrefixed = (path: string): boolean => path.startsWith('/') && path.length > 1;

const rowOf = (cellsOfRow: string): readonly AstDbPath[] => {
  const [path = '', length = '', value = ''] = cellsOfRow.split(' ');
  const whole = Buffer.from(path, 'hex').toString('utf8');
  if (!isPrefixed(whole)) return [];
  const isWhole = Number(length) <= longestCell;
  return [{ path: whole.slice(1), value: isWhole ? Buffer.from(value, 'hex').toString('utf8') : null }];
};

interface Numbered {
  readonly writes: number;
  readonly number: number;
  /** Path and value, in hexadecimal. */
  readonly cells: string;
}

/** The rows that were written last, the last of them first; `count` is SQL. */
const lastRows = async (ami: AmiConnection, count: string, ask: AmiAsk): Promise<Result<readonly Numbered[]>> => {
  const what = `total_changes()||' '||rowid||' '||${cells}`;
  const lines = await query(ami, `SELECT ${what} AS ${column} FROM astdb ORDER BY rowid DESC LIMIT ${count}`, ask);
  if (!lines.ok) return lines;
  return ok(
    lines.value.map((line) => {
      const [writes = '', number = '', ...rest] = line.split(' ');
      return { writes: Number(writes), number: Number(number), cells: rest.join(' ') };
    }),
  );
};

/** What a look for news begins with; Asterisk's table is never empty. Faults as `runCommand`: `ami-permission` without class `command`. */
export const astDbMark = async (ami: AmiConnection, ask: AmiAsk = {}): Promise<Result<AstDbMark>> => {
  const last = await lastRows(ami, '1', ask);
  if (!last.ok) return last;
  const [row] = last.value;
  return row === undefined || !Number.isSafeInteger(row.writes)
    ? strange()
    : ok({ writes: row.writes, newest: row.number, top: row.cells });
};

/**
 * What was written since `mark`; null: nothing. SQLite counts the writes of Asterisk's one connection, and a row that is written
 * (`INSERT OR REPLACE`) gets the next number: of so many writes all that is left is among the last so many rows. Where each
 * of them is a new one, or the former newest with another value, nothing vanished. Costs a fifth of a millisecond when nothing was
 * written, however large the table. Fault `ami-astdb-flood`: more than `mostNews` writes.
 */
export const astDbNews = async (
  ami: AmiConnection,
  mark: AstDbMark,
  ask: AmiAsk = {},
): Promise<Result<AstDbNews | null>> => {
  const found = await lastRows(ami, `min(total_changes()-${mark.writes},${mostNews + 1})`, ask);
  if (!found.ok) return found;
  const [last] = found.value;
  if (last === undefined) return ok(null);
  const written = last.writes - mark.writes;
  if (!(written <= mostNews)) return flood();
  const seen = found.value.filter(
    ({ number, cells: row }) => number > mark.newest || (number === mark.newest && row !== mark.top),
  );
  return ok({
    mark: { writes: last.writes, newest: last.number, top: last.cells },
    rows: found.value.flatMap(({ cells: row }) => rowOf(row)),
    doubt: written !== seen.length || isOther(mark, found.value),
  });
};

/** The former newest row gave its number to another. */
const isOther = ({ newest, top }: AstDbMark, rows: readonly Numbered[]): boolean => {
  const there = rows.find(({ number }) => number === newest);
  return there !== undefined && there.cells.split(' ')[0] !== top.split(' ')[0];
};

const flood = (): Result<never> =>
  fail(
    'ami-astdb-flood',
    'More was written to AstDB than is read at once.',
    'Nothing to do: all of it is read again, in pieces.',
  );

/** Rows of one answer: a few milliseconds of Asterisk's and of ours, in which nobody else has a turn. */
const pageRows = 250;

/** The rows of a range of keys, in pieces: what is written meanwhile may be among them or not. */
const rowsWithin = async (ami: AmiConnection, range: string, ask: AmiAsk): Promise<Result<readonly AstDbPath[]>> => {
  const rows: AstDbPath[] = [];
  /** A key as the console prints it: in hexadecimal, which compares as its bytes do. */
  let after = '';
  for (;;) {
    const where = `${range} AND key>CAST(x'${after}' AS TEXT) ORDER BY key LIMIT ${pageRows}`;
    const lines = await query(ami, `SELECT ${cells} AS ${column} FROM astdb WHERE ${where}`, ask);
    if (!lines.ok) return lines;
    for (const line of lines.value) rows.push(...rowOf(line));
    const last = lines.value.at(-1);
    if (last === undefined) return ok(rows);
    const next = last.slice(0, last.indexOf(' '));
    if (!/^[0-9A-F]+$/.test(next) || next <= after) return strange();
    after = next;
  }
};

/** All rows, or all but those below `butFamily`, in the order of their paths; whatever letters they hold. */
export const astDbRows = async (
  ami: AmiConnection,
  butFamily: string | null,
  ask: AmiAsk = {},
): Promise<Result<readonly AstDbPath[]>> => {
  if (butFamily === null) return await rowsWithin(ami, '1', ask);
  const before = await rowsWithin(ami, `key<'/${butFamily}/'`, ask);
  if (!before.ok) return before;
  // `0` is the letter after `/`: two ranges of the index, not a search.
  const behind = await rowsWithin(ami, `key>='/${butFamily}0'`, ask);
  return behind.ok ? ok([...before.value, ...behind.value]) : behind;
};

/** Where a long value is put together before it appears at its place, whole. */
const workshop = 'dualtone/long';
const pieceBytes = 350;

const hexOf = (text: string): string => Buffer.from(text).toString('hex');

/**
 * Puts a row that does not fit the lines of `DBPut`: too long, or with letters that a header may not hold. Seen whole or not at
 * all. `path` of at most 250 bytes. Two at a time would mix: the caller waits for each.
 */
export const astDbPutAny = async (
  ami: AmiConnection,
  path: string,
  value: string,
  ask: AmiAsk = {},
): Promise<Result<void>> => {
  const at = `key='/${workshop}'`;
  const bytes = Buffer.from(value);
  const statements = [`INSERT OR REPLACE INTO astdb(key,value) VALUES('/${workshop}','')`];
  for (let from = 0; from < bytes.length; from += pieceBytes) {
    const piece = bytes.subarray(from, from + pieceBytes).toString('hex');
    statements.push(`UPDATE astdb SET value=CAST(CAST(value AS BLOB)||x'${piece}' AS TEXT) WHERE ${at}`);
  }
  statements.push(
    `INSERT OR REPLACE INTO astdb(key,value) SELECT CAST(x'${hexOf(`/${path}`)}' AS TEXT),value FROM astdb WHERE ${at}`,
  );
  for (const sql of statements) {
    const done = await runCommand(ami, `database query "${sql}"`, ask);
    if (!done.ok) return done;
    if (done.value.some((line) => /error|unable|fail|no such/i.test(line)))
      return fail('ami-refusal', 'Asterisk refused `database query`.', 'Look at the Asterisk log.');
  }
  // This also makes Asterisk write its open transaction to the disk, which a query does not.
  const swept = await ami.act(
    'DBDel',
    [
      ['Family', 'dualtone'],
      ['Key', 'long'],
    ],
    ask,
  );
  return swept.ok ? ok(undefined) : swept;
};
