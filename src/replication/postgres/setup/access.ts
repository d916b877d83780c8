/** Who may come in: the block in pg_hba.conf. Written, checked by PostgreSQL before it is loaded, put back if it is refused. */
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { fail, messageOf, ok, type Result } from '../../../core/result.ts';
import { writeWhole } from '../../../files/whole.ts';
import { type AccessWanted, findBlock, hbaBlock, withBlock } from './hba.ts';
import type { Item, ItemContext, ItemLook } from './item.ts';

interface Content {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

const unusable = (path: string, why: string) =>
  fail(
    'database-access-file',
    `${path} cannot be changed: ${why}.`,
    'Correct it, or write the lines that `dualtone database setup --preview` shows by hand.',
  );

const closeQuietly = async (file: FileHandle | null): Promise<void> => {
  await file?.close().catch(() => undefined);
};

/** A link would let PostgreSQL's own user, who owns the directory, have root write somewhere else. */
const read = async (path: string): Promise<Result<Content>> => {
  let file: FileHandle | null = null;
  try {
    const seen = await lstat(path);
    if (!seen.isFile() || seen.nlink !== 1) return unusable(path, 'it is a link, or no file');
    file = await open(path, 'r');
    const { mode, uid, gid, ino } = await file.stat();
    if (ino !== seen.ino) return unusable(path, 'it was exchanged meanwhile');
    return ok({ path, text: await file.readFile('latin1'), mode: mode & 0o777, uid, gid });
  } catch (error) {
    return unusable(path, messageOf(error));
  } finally {
    await closeQuietly(file);
  }
};

/** Whole or not at all; owner and mode stay. Bytes are kept as they are (latin1 maps each to itself). */
const write = async (content: Content, text: string): Promise<Result<void>> => {
  const { path, mode, uid, gid } = content;
  try {
    await writeWhole(path, Buffer.from(text, 'latin1'), { mode, owner: { uid, gid }, fresh: `${path}.dualtone` });
    return ok(undefined);
  } catch (error) {
    return unusable(path, messageOf(error));
  }
};

const ID = 'access';

const whoOf = ({ peers, throughSsh }: AccessWanted): string =>
  [...peers, ...(throughSsh ? ['an SSH tunnel'] : [])].join(', ');

const look = (condition: ItemLook['condition'], text: string, change: string | null): Result<ItemLook> =>
  ok({ id: ID, condition, text, change, effect: 'reload' });

const judge = (
  content: Content,
  wanted: AccessWanted,
  wrote: string | null,
  overwriteDrift: boolean,
): Result<ItemLook> => {
  const block = hbaBlock(wanted);
  const who = whoOf(wanted);
  const found = findBlock(content.text);
  if (found === null) return look('refused', `The marks of Dualtone in ${content.path} are damaged.`, null);
  const change = `Lets \`${wanted.role}\` in by password at the socket${who === '' ? '' : ` and from ${who}`}, and nowhere else: a block before all other lines of ${content.path}.`;
  const foreign = found.block !== null && found.block !== wrote && found.block !== block;
  if (found.block === null) return look('missing', `${content.path} does not know Dualtone's role.`, change);
  if (foreign && !overwriteDrift)
    return look('drifted', `Dualtone's lines in ${content.path} were changed by hand.`, null);
  if (!found.first && found.block === block)
    return overwriteDrift
      ? look('missing', `Other lines of ${content.path} stand before Dualtone's.`, change)
      : look('drifted', `Other lines of ${content.path} stand before Dualtone's.`, null);
  return found.block === block
    ? look('right', `Dualtone's role comes in by password only${who === '' ? '' : `, also from ${who}`}.`, null)
    : look('missing', `Dualtone's lines in ${content.path} are of another setting.`, change);
};

/** Faults of all: `database-access-file`, `database-admin-failed`. */
export const createAccessItem = ({ admin, record, overwriteDrift }: ItemContext, wanted: AccessWanted): Item => {
  const block = hbaBlock(wanted);
  const load = async (): Promise<Result<Content>> => {
    const rows = await admin.rows<{ readonly path: string }>(`select current_setting('hba_file') as path`);
    return rows.ok ? read(rows.value[0]?.path ?? '') : rows;
  };
  const checked = async (before: Content): Promise<Result<void>> => {
    const rows = await admin.rows<{ readonly line: number; readonly error: string }>(
      'select line_number as line, error from pg_hba_file_rules where error is not null limit 1',
    );
    if (rows.ok && rows.value.length === 0) return ok(undefined);
    const restored = await write({ ...before }, before.text);
    if (!restored.ok) return restored;
    if (!rows.ok) return rows;
    const [first] = rows.value;
    return unusable(before.path, `PostgreSQL refuses line ${first?.line ?? '?'} of it (${first?.error ?? '?'})`);
  };
  return {
    id: ID,
    look: async () => {
      const content = await load();
      if (!content.ok) return content;
      return judge(content.value, wanted, record.get(ID)?.wrote ?? null, overwriteDrift);
    },
    act: async () => {
      const content = await load();
      if (!content.ok) return content;
      const found = findBlock(content.value.text);
      if (found === null) return unusable(content.value.path, "Dualtone's marks in it are damaged");
      const kept = await record.keep(ID, null, block);
      if (!kept.ok) return kept;
      const written = await write(content.value, withBlock(found.rest, block));
      return written.ok ? checked(content.value) : written;
    },
    undo: async () => {
      const content = await load();
      if (!content.ok) return content;
      const found = findBlock(content.value.text);
      if (found === null) return ok(`Dualtone's marks in ${content.value.path} are damaged; it was left.`);
      if (found.block !== null && found.block !== record.get(ID)?.wrote)
        return ok(`Dualtone's lines in ${content.value.path} were changed by hand and were left.`);
      if (found.block !== null) {
        const written = await write(content.value, found.rest);
        if (!written.ok) return written;
      }
      const forgotten = await record.drop(ID);
      return forgotten.ok ? ok(null) : forgotten;
    },
  };
};
