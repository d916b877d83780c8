import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Folder } from '../spool.ts';

export interface MadeMessage {
  /** Asterisk's `msg_id`; null: none, as before Asterisk 11. */
  readonly id: string | null;
  readonly origtime?: number;
  readonly callerid?: string;
  readonly duration?: number;
  readonly formats?: readonly string[];
  /** Bytes of each sound. */
  readonly size?: number;
}

/** The description of a message, as Asterisk 22 writes it. */
export const describeMessage = (message: MadeMessage): string =>
  [
    ';',
    '; Message Information file',
    ';',
    '[message]',
    'origmailbox=1000',
    'context=default',
    'exten=1000',
    'rdnis=unknown',
    'priority=2',
    'callerchan=PJSIP/100-00000012',
    `callerid=${message.callerid ?? '"Ünsal \\"U\\"" <100>'}`,
    'origdate=Sat Nov 21 11:09:05 AM UTC 2026',
    `origtime=${message.origtime ?? 1_795_259_345}`,
    'category=',
    ...(message.id === null ? [] : [`msg_id=${message.id}`]),
    'flag=',
    `duration=${message.duration ?? 4}`,
    '',
  ].join('\n');

/** Writes a message into a folder of a mailbox. */
export const writeMessage = (
  spool: string,
  mailbox: string,
  folder: Folder,
  number: number,
  message: MadeMessage,
): void => {
  const path = join(spool, mailbox, folder);
  mkdirSync(path, { recursive: true });
  const stem = join(path, `msg${String(number).padStart(4, '0')}`);
  for (const format of message.formats ?? ['WAV', 'wav'])
    writeFileSync(`${stem}.${format}`, Buffer.alloc(message.size ?? 64, `${message.id} ${message.duration ?? ''}`));
  writeFileSync(`${stem}.txt`, describeMessage(message));
};

/** All files of a mailbox's folder by name, in order. */
export const namesIn = (spool: string, mailbox: string, folder: Folder): readonly string[] => {
  try {
    return readdirSync(join(spool, mailbox, folder)).toSorted();
  } catch {
    return [];
  }
};

/** `msg_id` of each message of a folder in the order of the numbers; throws when the numbers have a gap or a file is missing. */
export const idsIn = (spool: string, mailbox: string, folder: Folder): readonly string[] => {
  const names = namesIn(spool, mailbox, folder);
  const texts = names.filter((name) => name.endsWith('.txt'));
  return texts.map((name, index) => {
    if (name !== `msg${String(index).padStart(4, '0')}.txt`) throw new Error(`a gap before ${name}`);
    if (!names.some((each) => each.startsWith(name.slice(0, 8)) && each !== name))
      throw new Error(`${name} has no sound`);
    const text = readFileSync(join(spool, mailbox, folder, name), 'utf8');
    return /^msg_id=(.*)$/m.exec(text)?.[1] ?? '';
  });
};

export const removeTree = (path: string): void => rmSync(path, { recursive: true, force: true });
