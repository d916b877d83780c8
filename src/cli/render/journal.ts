/** Entries of the journal, one line each. */
import type { JournalEntry } from '../../api/protocol.ts';
import { sentenceOf } from '../../core/sentences.ts';
import { isRecord } from '../../core/words.ts';
import { printable } from './printable.ts';
import type { Style } from './style.ts';
import { stamp } from './time.ts';

const textOf = ({ kind, reasons, data }: JournalEntry): string => {
  if (reasons.length > 0) return reasons.map(sentenceOf).join('; ');
  if (isRecord(data) && typeof data['text'] === 'string') return data['text'];
  if (isRecord(data) && typeof data['note'] === 'string') return data['note'];
  const shown = JSON.stringify(data);
  return shown === '{}' || shown === 'null' ? kind : shown;
};

const tintOf = ({ kind, data }: JournalEntry, style: Style): ((text: string) => string) => {
  const level = isRecord(data) ? data['level'] : undefined;
  if (kind === 'halted' || level === 'alarm') return style.alarm;
  return level === 'warning' ? style.warning : (text) => text;
};

/** `2026-11-21 08:31:02.123  #12 e4 decision  it won epoch 4 …` */
export const renderEntry = (entry: JournalEntry, style: Style): string => {
  const head = style.faint(`${stamp(entry.wall)}  #${entry.seq} e${entry.epoch}`);
  return `${head} ${entry.kind}: ${tintOf(entry, style)(printable(textOf(entry)))}`;
};
