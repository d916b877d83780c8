/** The common ancestor of a merge: what was in the standby's spool when it began to serve. */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fail, ok, type Result } from '../../core/result.ts';
import type { WallTime } from '../../core/words.ts';
import { errnoOf } from './directory.ts';
import { greetingOf, messageFile } from './folder-reader.ts';
import { type Folder, folders, isFolder, type Mailbox, type ReadSpoolOptions, readSpool, type Spool } from './spool.ts';

/** Where a message stood, and what it held. */
export interface Remembered {
  readonly folder: Folder;
  readonly digest: string;
}

export interface RememberedMailbox {
  readonly messageById: ReadonlyMap<string, Remembered>;
  readonly greetingByName: ReadonlyMap<string, string>;
}

export interface Manifest {
  readonly takenAt: WallTime;
  readonly mailboxByKey: ReadonlyMap<string, RememberedMailbox>;
}

/** A node with more has other troubles; the file stays below 64 MiB. */
const mostMessages = 500_000;
const mostBytes = 64 * 1_024 * 1_024;

/** An ancestor that knows nothing: then nothing counts as deleted, and a merge only adds. */
export const emptyManifest: Manifest = { takenAt: 0, mailboxByKey: new Map() };

const remember = ({ messageById, greetingByName }: Mailbox): RememberedMailbox => ({
  messageById: new Map([...messageById].map(([id, { folder, digest }]) => [id, { folder, digest }])),
  greetingByName,
});

/** The manifest of a spool that was read. */
export const manifestOf = (spool: Spool, takenAt: WallTime): Manifest => ({
  takenAt,
  mailboxByKey: new Map([...spool.mailboxByKey].map(([key, mailbox]) => [key, remember(mailbox)])),
});

const isOlder = (path: string, before: WallTime): boolean => {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found !== undefined && found.ctimeMs < before;
};

const namesIn = (path: string): readonly string[] => {
  try {
    return readdirSync(path);
  } catch (error) {
    // What is gone since it was read says nothing.
    if (errnoOf(error) === '') throw error;
    return [];
  }
};

/** Without what came or was changed since then, by the kernel's own times: a message taken for an old one would count as deleted. */
const withoutYounger = (path: string, manifest: Manifest, spool: Spool, before: WallTime): Manifest => {
  const mailboxByKey = new Map<string, RememberedMailbox>();
  for (const [key, { messageById, greetingByName }] of manifest.mailboxByKey) {
    const messages = spool.mailboxByKey.get(key)?.messageById;
    const isOld = (id: string): boolean => {
      const message = messages?.get(id);
      return (
        message !== undefined && isOlder(join(path, key, message.folder, messageFile(message.number, 'txt')), before)
      );
    };
    const files = namesIn(join(path, key));
    const isOldGreeting = (name: string): boolean =>
      files.filter((file) => greetingOf(file) === name).every((file) => isOlder(join(path, key, file), before));
    mailboxByKey.set(key, {
      messageById: new Map([...messageById].filter(([id]) => isOld(id))),
      greetingByName: new Map([...greetingByName].filter(([name]) => isOldGreeting(name))),
    });
  }
  return { takenAt: manifest.takenAt, mailboxByKey };
};

export interface TakeManifestOptions extends ReadSpoolOptions {
  /** What came or was changed since is left out; a moment of this machine's clock. */
  readonly before?: WallTime;
}

/** Reads the spool and gives what is in it now. Faults as `readSpool`. */
export const takeManifest = async (
  path: string,
  takenAt: WallTime,
  options: TakeManifestOptions = {},
): Promise<Result<Manifest>> => {
  const spool = await readSpool(path, options);
  if (!spool.ok) return spool;
  const taken = manifestOf(spool.value, takenAt);
  return ok(options.before === undefined ? taken : withoutYounger(path, taken, spool.value, options.before));
};

/** As one line of JSON. Fault: `voicemail-manifest-large`. */
export const encodeManifest = ({ takenAt, mailboxByKey }: Manifest): Result<string> => {
  let count = 0;
  for (const { messageById } of mailboxByKey.values()) count += messageById.size;
  if (count > mostMessages) {
    return fail(
      'voicemail-manifest-large',
      `The voicemail spool holds ${count} messages, more than the ${mostMessages} that a manifest takes.`,
      'Delete old messages.',
    );
  }
  const mailboxes = [...mailboxByKey].map(([key, { messageById, greetingByName }]) => [
    key,
    [...messageById].map(([id, { folder, digest }]) => [id, folders.indexOf(folder), digest]),
    [...greetingByName],
  ]);
  return ok(`${JSON.stringify({ version: 1, takenAt, mailboxes })}\n`);
};

const bad = (why: string): { readonly ok: false; readonly error: ReturnType<typeof fault> } => ({
  ok: false,
  error: fault(why),
});
const fault = (why: string) =>
  fail(
    'voicemail-manifest-bad',
    `The manifest of the voicemail spool is not to be read: ${why}.`,
    'Without it a merge deletes nothing and only adds; remove the file to let it.',
  ).error;

const isPair = (input: unknown): input is readonly [string, string] =>
  Array.isArray(input) && typeof input[0] === 'string' && typeof input[1] === 'string';

const messageOf = (input: unknown): readonly [string, Remembered] | null => {
  if (!Array.isArray(input)) return null;
  const [id, index, digest] = input as readonly unknown[];
  const folder = typeof index === 'number' ? folders[index] : undefined;
  if (typeof id !== 'string' || typeof digest !== 'string' || folder === undefined || !isFolder(folder)) return null;
  return [id, { folder, digest }];
};

const mailboxOf = (input: unknown): readonly [string, RememberedMailbox] | null => {
  if (!Array.isArray(input)) return null;
  const [key, messages, greetings] = input as readonly unknown[];
  if (typeof key !== 'string' || !key.includes('/') || !Array.isArray(messages) || !Array.isArray(greetings))
    return null;
  const read = messages.map(messageOf);
  if (read.includes(null) || !greetings.every(isPair)) return null;
  return [key, { messageById: new Map(read.filter((each) => each !== null)), greetingByName: new Map(greetings) }];
};

/** Reads what `encodeManifest` wrote. Fault: `voicemail-manifest-bad`. */
export const decodeManifest = (text: string): Result<Manifest> => {
  if (text.length > mostBytes) return bad(`it has more than ${mostBytes} bytes`);
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch {
    return bad('it is no JSON');
  }
  if (typeof input !== 'object' || input === null) return bad('it is no object');
  const { version, takenAt, mailboxes } = input as Readonly<Record<string, unknown>>;
  if (version !== 1) return bad('it is of another version');
  if (typeof takenAt !== 'number' || !Array.isArray(mailboxes)) return bad('something is missing');
  const read = mailboxes.map(mailboxOf);
  const broken = read.indexOf(null);
  if (broken !== -1) return bad(`mailbox ${broken} is garbled`);
  return ok({ takenAt, mailboxByKey: new Map(read.filter((each) => each !== null)) });
};
