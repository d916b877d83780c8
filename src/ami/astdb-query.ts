/** AstDB by SQL, through the console's `database query` (Asterisk 10 and later; needs class `command`). */
import { fail, ok, type Result } from '../core/result.ts';
import { runCommand } from './actions.ts';
import type { AmiAsk, AmiConnection } from './connection.ts';

/** Where the table stood: the writes of this Asterisk so far, and the number of the newest row. */
export interface AstDbMark {
  readonly writes: number;
  readonly newest: number;
}

/** A row of AstDB by its whole path, without the slash it begins with. */
export interface AstDbPath {
  readonly path: string;
  /** Null: longer than `longestCell`, so it was not read. */
  readonly value: string | null;
}

export interface AstDbNews extends AstDbMark {
  readonly rows: readonly AstDbPath[];
  /** More was written than `rows` says: something vanished, or was written twice. */
  readonly doubt: boolean;
}

/** Bytes of a value that are read; twice as many letters must fit into a line of the manager. */
export const longestCell = 16_384;

/** What the console prints before the value: the column's name. */
const column = 'dt';
const cells = `hex(key)||' '||length(CAST(value AS BLOB))||' '||hex(substr(CAST(value AS BLOB),1,${longestCell}))`;

const query = async (ami: AmiConnection, sql: string, ask: AmiAsk): Promise<Result<readonly string[]>> => {
  const lines = await runCommand(ami, `database query "${sql}"`, ask);
  if (!lines.ok) return lines;
  return ok(lines.value.flatMap((line) => /^dt\s*: (.*?)\s*$/.exec(line)?.[1] ?? []));
};

const strange = (): Result<never> =>
  fail('ami-garbled', 'Asterisk answered `database query` with something else.', 'Look at the Asterisk log.');

const isPrefixed = (path: string): boolean => path.startsWith('/') && path.length > 1;

const rowOf = (path: string, length: string, value: string): readonly AstDbPath[] => {
  const whole = Buffer.from(path, 'hex').toString('utf8');
  if (!isPrefixed(whole)) return [];
  const isWhole = Number(length) <= longestCell;
  return [{ path: whole.slice(1), value: isWhole ? Buffer.from(value, 'hex').toString('utf8') : null }];
};

/** What a look for news begins with. Faults as `runCommand`: `ami-permission` without class `command`. */
export const astDbMark = async (ami: AmiConnection, ask: AmiAsk = {}): Promise<Result<AstDbMark>> => {
  const lines = await query(ami, `SELECT total_changes()||' '||coalesce(max(rowid),0) AS ${column} FROM astdb`, ask);
  if (!lines.ok) return lines;
  const parts = /^(\d+) (\d+)$/.exec(lines.value[0] ?? '');
  return parts === null ? strange() : ok({ writes: Number(parts[1]), newest: Number(parts[2]) });
};

/**
 * What was written since `mark`; null: nothing. Asterisk writes each row anew (`INSERT OR REPLACE`), so it gets the next number,
 * and SQLite counts the writes of its one connection: where as many rows are new as were written, nothing else happened. Costs
 * a fifth of a millisecond when there is nothing, however large the table.
 */
export const astDbNews = async (
  ami: AmiConnection,
  mark: AstDbMark,
  ask: AmiAsk = {},
): Promise<Result<AstDbNews | null>> => {
  const now = await query(ami, `SELECT total_changes() AS ${column}`, ask);
  if (!now.ok) return now;
  const writes = Number(now.value[0] ?? Number.NaN);
  if (!Number.isSafeInteger(writes)) return strange();
  if (writes === mark.writes) return ok(null);
  const sql = `SELECT total_changes()||' '||rowid||' '||${cells} AS ${column} FROM astdb WHERE rowid>${mark.newest} ORDER BY rowid`;
  const lines = await query(ami, sql, ask);
  if (!lines.ok) return lines;
  const found = lines.value.map((line) => line.split(' '));
  const last = found.at(-1);
  const after =
    last === undefined ? { writes, newest: mark.newest } : { writes: Number(last[0]), newest: Number(last[1]) };
  const rows = found.flatMap(([, , path = '', length = '', value = '']) => rowOf(path, length, value));
  return ok({ ...after, rows, doubt: after.writes - mark.writes !== found.length });
};

/** All rows, or all but those below `butFamily`; whatever letters they hold. */
export const astDbRows = async (
  ami: AmiConnection,
  butFamily: string | null,
  ask: AmiAsk = {},
): Promise<Result<readonly AstDbPath[]>> => {
  // `0` is the letter after `/`: a range of the index, not a search.
  const where = butFamily === null ? '' : ` WHERE key<'/${butFamily}/' OR key>='/${butFamily}0'`;
  const lines = await query(ami, `SELECT ${cells} AS ${column} FROM astdb${where}`, ask);
  if (!lines.ok) return lines;
  return ok(
    lines.value.flatMap((line) => {
      const [path = '', length = '', value = ''] = line.split(' ');
      return rowOf(path, length, value);
    }),
  );
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
