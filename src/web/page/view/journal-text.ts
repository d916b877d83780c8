/** An entry of the journal in one sentence, and how much it matters. Pure. */
import { sentenceOf } from '../../../core/sentences.ts';
import { isRecord } from '../../../core/words.ts';
import type { Language } from '../../../language/translator.ts';
import type { JournalEntry } from '../../contract.ts';
import { sentenceFr } from '../i18n/sentences-fr.ts';
import type { Level } from './parts.ts';

const flat = (value: unknown): string => {
  if (Array.isArray(value)) return value.map(flat).join(', ');
  if (!isRecord(value)) return String(value);
  return Object.entries(value)
    .map(([key, item]) => `${key} ${flat(item)}`)
    .join(', ');
};

const ownText = ({ kind, data }: JournalEntry): string => {
  if (isRecord(data) && typeof data['text'] === 'string') return data['text'];
  if (isRecord(data) && typeof data['note'] === 'string') return data['note'];
  if (kind === 'audit' && isRecord(data)) return `${flat(data['by'])}: ${flat(data['what'])}, ${flat(data['detail'])}`;
  const shown = isRecord(data) ? flat(data) : JSON.stringify(data);
  return shown === '' || shown === 'null' ? kind : shown;
};

/** `foreign`: the agent's own English. */
export const textOf = (
  entry: JournalEntry,
  language: Language,
): { readonly text: string; readonly foreign: boolean } => {
  const { reasons } = entry;
  if (reasons.length === 0) return { text: ownText(entry), foreign: true };
  if (language === 'en') return { text: reasons.map(sentenceOf).join('; '), foreign: false };
  const texts = reasons.map(sentenceFr);
  return texts.every((text) => text !== null)
    ? { text: texts.join(' ; '), foreign: false }
    : { text: reasons.map(sentenceOf).join('; '), foreign: true };
};

export const levelOf = ({ kind, data }: JournalEntry): Level => {
  const level = isRecord(data) ? data['level'] : undefined;
  if (kind === 'halted' || level === 'alarm') return 'alarm';
  return level === 'warning' ? 'warning' : 'plain';
};

/** Everything that led to it, as names and values. */
export const detailsOf = ({ data }: JournalEntry): readonly (readonly [string, string])[] => {
  if (!isRecord(data)) return data === null || data === undefined ? [] : [['data', flat(data)]];
  return Object.entries(data).flatMap(([name, value]): readonly (readonly [string, string])[] =>
    name === 'stand' && isRecord(value)
      ? Object.entries(value).map(([key, item]) => [key, flat(item)] as const)
      : [[name, flat(value)]],
  );
};
