/** What stands in one folder of a mailbox, and the greetings beside the folders. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import type { Fault } from '../../core/result.ts';
import { type Directory, errnoOf, shown, strange } from './directory.ts';
import { digestOf, identityOf, parseDescription } from './message-file.ts';

/** A message in a folder. */
export interface FolderEntry {
  readonly id: string;
  readonly number: number;
  /** Extensions of its sounds (`wav`, `WAV`, `gsm` …), sorted; none: Asterisk cannot play it. */
  readonly formats: readonly string[];
  /** Of its description and the sizes of its sounds. */
  readonly digest: string;
  /** Seconds since 1970. */
  readonly origtime: number;
  /** Of its description: the same files in two folders have the same. */
  readonly inode: string;
  readonly bytes: number;
}

/** The name of a message's file: Asterisk counts with four digits. */
export const messageFile = (number: number, extension: string): string =>
  `msg${String(number).padStart(4, '0')}.${extension}`;

const pattern = /^msg(\d{4})\.([A-Za-z0-9]{1,16})$/;

/** The number and extension of a message's file; null: it is none. */
export const parseMessageFile = (name: string): { readonly number: number; readonly extension: string } | null => {
  const parts = pattern.exec(name);
  return parts === null ? null : { number: Number(parts[1]), extension: parts[2] ?? '' };
};

/** Asterisk writes some hundred bytes. */
const mostDescriptionBytes = 65_536;

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
const buffer = Buffer.allocUnsafe(mostDescriptionBytes + 1);

interface Described {
  readonly text: string;
  readonly inode: string;
}

/** Reads a small plain file without following a link. Throws as the system does; `what` says why it is refused. */
const readSmallFile = (path: string): Described | { readonly what: string } => {
  const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const { size, ino } = fstatSync(fd);
    if (size > mostDescriptionBytes) return { what: 'too large for a description' };
    const length = readSync(fd, buffer, 0, buffer.length, 0);
    return { text: buffer.toString('utf8', 0, length), inode: String(ino) };
  } finally {
    closeSync(fd);
  }
};

/** Size of a plain file; null for what is none. */
const plainSize = (path: string): number | null => {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats?.isFile() === true ? stats.size : null;
};

/** The messages of a folder by number. A file that vanishes meanwhile is not there. */
export const readFolder = (folder: Directory, report: (fault: Fault) => void): readonly FolderEntry[] => {
  const formatsByNumber = new Map<number, string[]>();
  const described: number[] = [];
  for (const entry of folder.entries()) {
    if (entry.name.startsWith('.') || entry.name === 'lock') continue;
    const parts = parseMessageFile(entry.name);
    if (parts === null || !entry.isFile()) {
      const what = entry.isSymbolicLink() ? 'a symbolic link' : 'no file of Asterisk';
      report(strange(`${folder.path}/${shown(entry.name)}`, what));
    } else if (parts.extension === 'txt') described.push(parts.number);
    else {
      const formats = formatsByNumber.get(parts.number);
      if (formats === undefined) formatsByNumber.set(parts.number, [parts.extension]);
      else formats.push(parts.extension);
    }
  }
  return described
    .toSorted((one, other) => one - other)
    .flatMap((number) => {
      const entry = readEntry(folder, number, (formatsByNumber.get(number) ?? []).toSorted(), report);
      return entry === null ? [] : [entry];
    });
};

/** One message of a folder; null, and reported, when it cannot be read. */
export const readEntry = (
  folder: Directory,
  number: number,
  formats: readonly string[],
  report: (fault: Fault) => void,
): FolderEntry | null => {
  const name = messageFile(number, 'txt');
  const read = readDescribed(folder, name, report);
  if (read === null) return null;
  const description = parseDescription(read.text);
  if (description === null) {
    report(strange(`${folder.path}/${name}`, 'not the description of a message'));
    return null;
  }
  const sizes: string[] = [];
  let bytes = read.text.length;
  for (const format of formats) {
    const size = plainSize(folder.at(messageFile(number, format)));
    if (size === null) continue;
    sizes.push(`${format}:${size}`);
    bytes += size;
  }
  return {
    id: identityOf(description, () => soundOf(folder, number, formats)),
    number,
    formats,
    digest: digestOf(`${description.text} ${sizes.join(' ')}`),
    origtime: description.origtime,
    inode: read.inode,
    bytes,
  };
};

const readDescribed = (folder: Directory, name: string, report: (fault: Fault) => void): Described | null => {
  try {
    const read = readSmallFile(folder.at(name));
    if ('text' in read) return read;
    report(strange(`${folder.path}/${name}`, read.what));
  } catch (error) {
    const code = errnoOf(error);
    if (code === '') throw error;
    // Gone since the folder was listed: that it is missing says nothing.
    report(
      strange(`${folder.path}/${name}`, code === 'ENOENT' ? 'gone while it was read' : `not to be read (${code})`),
    );
  }
  return null;
};

/** Digest of the sounds, for messages without an identity of their own: Asterisk before version 11. */
const soundOf = (folder: Directory, number: number, formats: readonly string[]): string =>
  digestOf(formats.map((format) => `${format}:${digestOfFile(folder.at(messageFile(number, format)))}`).join(' '));

const mostSoundBytes = 1 << 20;

/** Of the first MiB and the size: enough to tell sounds apart, and no long reading. Empty for what cannot be read. */
const digestOfFile = (path: string): string => {
  let fd: number;
  try {
    fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === '') throw error;
    return '';
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) return '';
    const bytes = Buffer.allocUnsafe(Math.min(stats.size, mostSoundBytes));
    const length = readSync(fd, bytes, 0, bytes.length, 0);
    return `${stats.size}:${digestOf(bytes.subarray(0, length))}`;
  } finally {
    closeSync(fd);
  }
};

/** Besides the greetings, the PIN, where `passwordlocation=spooldir`. */
const greetingNames = new Set(['unavail', 'busy', 'greet', 'temp']);

/** The greeting that a file beside the folders belongs to; null: it is none. */
export const greetingOf = (name: string): string | null => {
  if (name === 'secret.conf') return name;
  const dot = name.indexOf('.');
  const stem = name.slice(0, dot);
  return dot > 0 && greetingNames.has(stem) && /^[A-Za-z0-9]{1,16}$/.test(name.slice(dot + 1)) ? stem : null;
};

/** Files of each greeting, sorted. */
export const greetingFiles = (
  mailbox: Directory,
  report: (fault: Fault) => void = () => undefined,
): ReadonlyMap<string, readonly string[]> => {
  const filesByName = new Map<string, string[]>();
  for (const entry of mailbox.entries()) {
    const name = greetingOf(entry.name);
    if (name === null) continue;
    if (entry.isFile()) filesByName.set(name, [...(filesByName.get(name) ?? []), entry.name].toSorted());
    else report(strange(`${mailbox.path}/${entry.name}`, 'not a plain file'));
  }
  return filesByName;
};

/** Digest of each greeting over its files. */
export const readGreetings = (
  mailbox: Directory,
  report: (fault: Fault) => void = () => undefined,
): ReadonlyMap<string, string> =>
  new Map(
    [...greetingFiles(mailbox, report)].map(([name, files]) => [
      name,
      digestOf(files.map((file) => `${file}:${digestOfFile(mailbox.at(file))}`).join(' ')),
    ]),
  );
