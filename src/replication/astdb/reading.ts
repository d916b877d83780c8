import { dbGet, dbTree } from '../../ami/actions.ts';
import { type AstDbMark, type AstDbPath, astDbMark, astDbNews, astDbRows } from '../../ami/astdb-query.ts';
import type { AmiConnection } from '../../ami/connection.ts';
import { ok, type Result } from '../../core/result.ts';
import type { Follows } from './families.ts';
import type { Manager } from './manager.ts';
import { type AstDbRow, contactFamily, eachInSlices } from './rows.ts';

/** What was written since the last look. */
export interface News {
  readonly put: readonly AstDbRow[];
  /** Something vanished as well, or was written more than once. */
  readonly doubt: boolean;
}

type Rows = ReadonlyMap<string, string>;

/** Reads the rows that follow. Faults as the manager's. */
export interface Reading {
  readAll(): Promise<Result<Rows>>;
  /** All but contacts: usually few. */
  readOthers(): Promise<Result<Rows>>;
  /** One row, null when there is none. */
  read(key: string): Promise<Result<string | null>>;
  /** Whether `news` can be asked for: known once `readAll` was done. It needs the manager's class `command`. */
  tellsNews(): boolean;
  /** Costs nearly nothing when nothing was written; null then. */
  news(): Promise<Result<News | null>>;
  /** Rows that are too long to be carried. */
  tooLong(): number;
  /** Asterisk is another one now. */
  forget(): void;
}

interface State {
  readonly manager: Manager;
  readonly follows: Follows;
  /** Null: not known yet. */
  canQuery: boolean | null;
  mark: AstDbMark | null;
  readonly tooLong: Set<string>;
}

export const createReading = (manager: Manager, follows: Follows): Reading => {
  const state: State = { manager, follows, canQuery: null, mark: null, tooLong: new Set() };
  return {
    readAll: () => manager.on((ami) => readAll(state, ami)),
    readOthers: () => manager.on((ami) => readOthers(state, ami)),
    read: (key) => manager.on((ami) => read(ami, key)),
    tellsNews: () => state.mark !== null,
    news: () => manager.on((ami) => news(state, ami)),
    tooLong: () => state.tooLong.size,
    forget: () => {
      state.canQuery = null;
      state.mark = null;
      state.tooLong.clear();
    },
  };
};

const readAll = async (state: State, ami: AmiConnection): Promise<Result<Rows>> => {
  // What is written while we read is told again by the next look for news.
  const mark = state.canQuery === false ? null : await astDbMark(ami);
  if (mark?.ok === false && !isRefusal(mark)) return mark;
  state.canQuery = mark?.ok === true;
  if (mark?.ok === true) {
    const rows = await astDbRows(ami, null);
    // The former mark stands until all was read: what was written since is news still.
    if (!rows.ok) return rows;
    state.mark = mark.value;
    state.tooLong.clear();
    return mapOf(state, rows);
  }
  state.mark = null;
  state.tooLong.clear();
  // An empty family stands for all of them.
  const rows = await dbTree(ami, '');
  return mapOf(state, rows.ok ? ok(rows.value.map(({ key, value }) => ({ path: key, value }))) : rows);
};

const isRefusal = ({ error }: { readonly error: { readonly code: string } }): boolean =>
  error.code === 'ami-permission' || error.code === 'ami-refusal' || error.code === 'ami-garbled';

const readOthers = async (state: State, ami: AmiConnection): Promise<Result<Rows>> =>
  mapOf(state, await astDbRows(ami, contactFamily));

const mapOf = async (state: State, rows: Result<readonly AstDbPath[]>): Promise<Result<Rows>> => {
  if (!rows.ok) return rows;
  const map = new Map<string, string>();
  await eachInSlices(rows.value, (row) => {
    for (const { key, value } of followed(state, [row])) map.set(key, value);
  });
  return ok(map);
};

const followed = (state: State, rows: readonly AstDbPath[]): readonly AstDbRow[] =>
  rows.flatMap(({ path, value }) => {
    if (!state.follows(path)) return [];
    if (value !== null) return [{ key: path, value }];
    state.tooLong.add(path);
    return [];
  });

const read = (ami: AmiConnection, key: string): Promise<Result<string | null>> => {
  const slash = key.indexOf('/');
  return dbGet(ami, key.slice(0, slash), key.slice(slash + 1));
};

const news = async (state: State, ami: AmiConnection): Promise<Result<News | null>> => {
  if (state.mark === null) return ok({ put: [], doubt: true });
  const found = await astDbNews(ami, state.mark);
  if (!found.ok) {
    // Whatever it was: what was written meanwhile is found by reading all.
    state.mark = null;
    return found;
  }
  if (found.value === null) return ok(null);
  const { rows, doubt, mark } = found.value;
  state.mark = mark;
  return ok({ put: followed(state, rows), doubt });
};
