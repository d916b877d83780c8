/** What set-up changed and what was there before, in one file of the state directory, so that undo restores exactly that. */
import { readFile, rm } from 'node:fs/promises';
import { fail, messageOf, ok, type Result } from '../../../core/result.ts';
import { writeWhole } from '../../../files/whole.ts';

export interface RecordEntry {
  /** Before Dualtone; null: it was not there, or had its default. */
  readonly former: string | null;
  /** What Dualtone wrote; null: something that cannot be compared. */
  readonly wrote: string | null;
  readonly at: string;
}

export interface SetupRecord {
  get(id: string): RecordEntry | null;
  ids(): readonly string[];
  /** Kept on disk before the change is made. The first `former` stays: later writes of ours are not anybody's own. */
  keep(id: string, former: string | null, wrote: string | null): Promise<Result<void>>;
  drop(id: string): Promise<Result<void>>;
}

const notKept = (path: string, error: unknown) =>
  fail(
    'database-record-unusable',
    `What set-up changes cannot be kept in ${path}: ${messageOf(error)}.`,
    'See to the disk and the permissions of the state directory; nothing was changed without a record.',
  );

const isEntry = (input: unknown): input is RecordEntry => {
  if (typeof input !== 'object' || input === null) return false;
  const { former, wrote, at } = input as Readonly<Record<string, unknown>>;
  const text = (value: unknown): boolean => value === null || typeof value === 'string';
  return text(former) && text(wrote) && typeof at === 'string';
};

const parse = (text: string): Map<string, RecordEntry> => {
  const read = JSON.parse(text) as { readonly version?: unknown; readonly entries?: unknown };
  if (read.version !== 1 || typeof read.entries !== 'object' || read.entries === null) throw new Error('not a record');
  const entries = Object.entries(read.entries);
  for (const [, entry] of entries) if (!isEntry(entry)) throw new Error('not a record');
  return new Map(entries as [string, RecordEntry][]);
};

const write = async (path: string, entryById: ReadonlyMap<string, RecordEntry>): Promise<void> => {
  if (entryById.size === 0) {
    await rm(path, { force: true });
    return;
  }
  const text = `${JSON.stringify({ version: 1, entries: Object.fromEntries(entryById) }, null, 2)}\n`;
  await writeWhole(path, text, { folderMode: 0o700 });
};

/** Opens it, or begins it. Fault of all: `database-record-unusable`. */
export const openRecord = async (path: string): Promise<Result<SetupRecord>> => {
  let entryById = new Map<string, RecordEntry>();
  try {
    entryById = parse(await readFile(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return notKept(path, error);
  }
  const keepAll = async (next: Map<string, RecordEntry>): Promise<Result<void>> => {
    try {
      await write(path, next);
    } catch (error) {
      return notKept(path, error);
    }
    entryById = next;
    return ok(undefined);
  };
  return ok({
    get: (id) => entryById.get(id) ?? null,
    ids: () => [...entryById.keys()],
    keep: (id, former, wrote) => {
      const first = entryById.get(id);
      const entry = { former: first === undefined ? former : first.former, wrote, at: new Date().toISOString() };
      return keepAll(new Map(entryById).set(id, entry));
    },
    drop: (id) => {
      const next = new Map(entryById);
      next.delete(id);
      return next.size === entryById.size ? Promise.resolve(ok(undefined)) : keepAll(next);
    },
  });
};
