/** What a bulk request of Elasticsearch says, and what its answer means: how far the target has taken it, and what it will never take. Pure. */
import { isRecord } from '../../core/words.ts';

/** NDJSON: one line that names, one that holds, and a line end after the last. `create` refuses a name that is there. */
export const bulkBody = (index: string, documents: readonly { readonly id: string; readonly text: string }[]): string =>
  documents.map(({ id, text }) => `${JSON.stringify({ create: { _index: index, _id: id } })}\n${text}\n`).join('');

export interface Verdict {
  /** From the first on, all of these are settled: there now, there before, or refused for good. */
  readonly settled: number;
  readonly created: number;
  readonly known: number;
  readonly refused: readonly { readonly index: number; readonly reason: string }[];
  /** Why the one after them is not; null where all are. */
  readonly later: string | null;
}

interface Item {
  readonly status: number;
  readonly reason: string;
}

const MOST_REASON = 300;

const reasonOf = (error: unknown): string => {
  if (typeof error === 'string') return error.slice(0, MOST_REASON);
  if (!isRecord(error)) return 'no reason given';
  const cause = isRecord(error['caused_by']) ? `; ${String(error['caused_by']['reason'])}` : '';
  return `${String(error['type'])}: ${String(error['reason'])}${cause}`.replaceAll(/\s+/g, ' ').slice(0, MOST_REASON);
};

/** Null: it does not speak of the document that was sent at this place. */
const itemOf = (item: unknown, id: string): Item | null => {
  if (!isRecord(item) || !isRecord(item['create'])) return null;
  const { _id, status, error } = item['create'];
  return _id === id && typeof status === 'number' ? { status, reason: reasonOf(error) } : null;
};

/** Of the event itself, whatever is tried: 400 is a mapping that it does not fit, 413 its length. */
const isForGood = (status: number): boolean => status === 400 || status === 413;

/** Null: the answer is nonsense, and nothing is known. All that comes after an item that must be tried again is tried again too, in order. */
export const judgeBulk = (ids: readonly string[], answer: unknown): Verdict | null => {
  if (!isRecord(answer) || typeof answer['errors'] !== 'boolean') return null;
  const { items: list } = answer;
  if (!Array.isArray(list) || list.length !== ids.length) return null;
  const items = ids.map((id, index) => itemOf(list[index], id));
  if (items.includes(null)) return null;
  const verdict = { settled: 0, created: 0, known: 0, refused: [] as { index: number; reason: string }[] };
  for (const [index, item] of items.entries()) {
    const { status, reason } = item ?? { status: 0, reason: '' };
    if (status === 200 || status === 201) verdict.created += 1;
    else if (status === 409) verdict.known += 1;
    else if (isForGood(status)) verdict.refused.push({ index, reason });
    else return { ...verdict, later: `${status} ${reason}` };
    verdict.settled = index + 1;
  }
  return { ...verdict, later: null };
};
