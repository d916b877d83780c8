import { createHash } from 'node:crypto';
import { closeSync, existsSync, fdatasyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { messageOf } from '../core/result.ts';
import { writeWholeSync } from '../files/whole.ts';

/** Room that a copy takes from the first, so that a full disk cannot refuse a later write. */
const SLOT_BYTES = 32 * 1024;
const FORMAT = 1;

/** What a copy holds: its number and its text, or why it cannot be believed. */
export type Slot =
  | { readonly state: 'missing' }
  | { readonly state: 'damaged'; readonly why: string }
  | { readonly state: 'good'; readonly generation: number; readonly text: string };

const digest = (generation: number, text: string): string =>
  createHash('sha256').update(`${generation}\n${text}`).digest('hex');

const parse = (content: string): Slot => {
  const [head = '', text] = content.split('\n');
  const match = /^dualtone-state (\d+) (\d+) ([0-9a-f]{64})$/.exec(head);
  if (match === null || text === undefined) return { state: 'damaged', why: 'it is cut off or was overwritten' };
  const [, format, generation, hash] = match;
  if (Number(format) !== FORMAT) return { state: 'damaged', why: `its format is ${format}, not ${FORMAT}` };
  if (digest(Number(generation), text) !== hash) return { state: 'damaged', why: 'its checksum is wrong' };
  return { state: 'good', generation: Number(generation), text };
};

/** Reads one copy. Never throws. */
export const readSlot = (path: string): Slot => {
  if (!existsSync(path)) return { state: 'missing' };
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (error) {
    return { state: 'damaged', why: messageOf(error) };
  }
};

const withFile = (path: string, flags: string, act: (file: number) => void): void => {
  const file = openSync(path, flags, 0o600);
  try {
    act(file);
  } finally {
    closeSync(file);
  }
};

const writeAll = (file: number, bytes: Buffer): void => {
  let done = 0;
  while (done < bytes.length) done += writeSync(file, bytes, done, bytes.length - done, done);
};

/**
 * Writes a copy, on disk when it returns. An existing one is overwritten in place: cut off in the middle it is damaged, and
 * the other copy holds; and it needs no new room. Throws what the file system throws.
 */
export const writeSlot = (path: string, generation: number, text: string): void => {
  const content = `dualtone-state ${FORMAT} ${generation} ${digest(generation, text)}\n${text}\n`;
  const length = Buffer.byteLength(content);
  const bytes = Buffer.alloc(Math.max(SLOT_BYTES, length), 0x0a);
  bytes.write(content);
  if (!existsSync(path)) return writeWholeSync(path, bytes);
  withFile(path, 'r+', (file) => {
    writeAll(file, bytes);
    ftruncateSync(file, bytes.length);
    fdatasyncSync(file);
  });
};
