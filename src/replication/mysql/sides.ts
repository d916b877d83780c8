/** Both sides of a comparison: this node's server, and the other's through its replicator, which answers for its own. */
import { fail, ok, type Result } from '../../core/result.ts';
import { isRecord, type Millis } from '../../core/words.ts';
import type { Talk } from '../talk.ts';
import type { FarSide, Side } from './compare.ts';
import type { Mysql } from './connection.ts';
import type { Filters } from './dialect.ts';
import {
  type ComparedTable,
  noSuchTable,
  readDigest,
  readEnd,
  readRow,
  readRowDigests,
  readTables,
  type Span,
} from './rows.ts';

const QUESTION = 'mysql-rows';
const ASK_MS: Millis = 30_000;

export const localSide = (db: Mysql, { databases, exclude }: Filters): Side => ({
  tables: () => readTables(db, databases, exclude),
  end: (table, from, size) => readEnd(db, table, from, size),
  digest: (table, span) => readDigest(db, table, span),
  rowDigests: (table, span) => readRowDigests(db, table, span),
  row: (table, key) => readRow(db, table, key),
});

type Deed = 'tables' | 'digest' | 'rowDigests' | 'row';

/** What is asked of the other node; it looks the table up itself, so that nothing of it gets into SQL. */
interface Asked {
  readonly deed: Deed;
  readonly table: string;
  readonly from: readonly string[] | null;
  readonly to: readonly string[] | null;
}

const isKey = (input: unknown): input is readonly string[] | null =>
  input === null || (Array.isArray(input) && input.length <= 16 && input.every((part) => typeof part === 'string'));

const askedOf = (input: unknown): Asked | null => {
  if (typeof input !== 'object' || input === null) return null;
  const { deed, table, from, to } = input as Readonly<Record<string, unknown>>;
  const known = deed === 'tables' || deed === 'digest' || deed === 'rowDigests' || deed === 'row';
  return known && typeof table === 'string' && isKey(from) && isKey(to) ? { deed, table, from, to } : null;
};

const odd = () =>
  fail(
    'peer-bad-answer',
    'The other node said something odd of its rows.',
    'Run the same version of Dualtone on both nodes.',
  );

const fits = ({ key }: ComparedTable, { from, to }: Asked): boolean =>
  [from, to].every((part) => part === null || part.length === key.length);

const answerFor = async (side: Side, asked: Asked): Promise<Result<unknown>> => {
  const tables = await side.tables();
  if (!tables.ok || asked.deed === 'tables') return tables;
  const table = tables.value.find(({ database, table: name }) => `${database}.${name}` === asked.table);
  if (table === undefined) return noSuchTable(...(asked.table.split('.', 2) as [string, string]));
  if (!fits(table, asked)) return odd();
  const span: Span = { from: asked.from, to: asked.to };
  if (asked.deed === 'digest') return side.digest(table, span);
  return asked.deed === 'rowDigests' ? side.rowDigests(table, span) : side.row(table, asked.from ?? []);
};

/** Answers the other node's questions about this one's rows, by a connection for each, so that nothing else waits for it. */
export const answerRows = (talk: Talk, filters: Filters, connect: () => Promise<Result<Mysql>>): void =>
  talk.answer(QUESTION, async (parameters) => {
    const asked = askedOf(parameters);
    if (asked === null) return odd();
    const db = await connect();
    if (!db.ok) return db;
    const answer = await answerFor(localSide(db.value, filters), asked);
    db.value.destroy();
    return answer;
  });

const isTable = (input: unknown): boolean =>
  isRecord(input) &&
  ['database', 'table', 'shape'].every((name) => typeof input[name] === 'string') &&
  isKey(input['key']);

const isRowDigest = (input: unknown): boolean =>
  isRecord(input) && Array.isArray(input['key']) && typeof input['digest'] === 'string';

const isAnswer = (deed: Deed, value: unknown): boolean => {
  switch (deed) {
    case 'tables':
      return Array.isArray(value) && value.every(isTable);
    case 'digest':
      return isRecord(value) && typeof value['count'] === 'number' && typeof value['digest'] === 'string';
    case 'rowDigests':
      return Array.isArray(value) && value.every(isRowDigest);
    case 'row':
      return value === null || (isRecord(value) && isRecord(value['values']) && isRecord(value['digests']));
  }
};

/** The other node is of the pair and its answers are proved to come from it; what it says is shown, and never put into SQL. */
export const peerSide = (talk: Talk): FarSide => {
  const ask = async <T>(deed: Deed, table: ComparedTable | null, span: Span): Promise<Result<T>> => {
    const name = table === null ? '' : `${table.database}.${table.table}`;
    const answer = await talk.ask(QUESTION, { deed, table: name, ...span }, ASK_MS);
    if (!answer.ok) return answer;
    return isAnswer(deed, answer.value) ? ok(answer.value as T) : odd();
  };
  return {
    tables: () => ask('tables', null, { from: null, to: null }),
    digest: (table, span) => ask('digest', table, span),
    rowDigests: (table, span) => ask('rowDigests', table, span),
    row: (table, key) => ask('row', table, { from: key, to: null }),
  };
};
