/** The journal for people: pages from the newest, filters, and an export that proves itself. Reads in pieces, so that nobody waits long. */
import { setImmediate as breathe } from 'node:timers/promises';
import { fail, messageOf, ok, type Result } from '../../core/result.ts';
import { entryLine, entryText } from '../../journal/chain.ts';
import { type JournalReader, openJournalReader } from '../../journal/reader.ts';
import type { JournalEntry } from '../../ports.ts';
import type { JournalPage, JournalProof } from '../contract.ts';
import type { ExportPage, JournalQuery } from '../wire.ts';

const PIECE = 2000;
/** Entries that one page looks through; then the next page goes on. */
const MOST_LOOKED_AT = 20_000;
const EXPORT_PAGE = 1000;
const FOLLOW_MS = 300;
const APPEARS_MS = 1000;

const isAll = ({ since, until, kinds, search }: JournalQuery): boolean =>
  since === null && until === null && kinds.length === 0 && search === '';

const filterOf = ({ since, until, kinds, search }: JournalQuery): ((entry: JournalEntry) => boolean) => {
  const wanted = search.toLowerCase();
  return (entry) =>
    (since === null || entry.wall >= since) &&
    (until === null || entry.wall <= until) &&
    (kinds.length === 0 || kinds.includes(entry.kind)) &&
    (wanted === '' || JSON.stringify(entry).toLowerCase().includes(wanted));
};

const search = async (reader: JournalReader, query: JournalQuery): Promise<JournalPage> => {
  const fits = filterOf(query);
  const newest = reader.read({ limit: 1 }).at(-1)?.seq ?? 0;
  const lowest = query.after ?? 0;
  const entries: JournalEntry[] = [];
  let before = Math.min(query.before ?? newest + 1, newest + 1);
  let lookedAt = 0;
  while (before > lowest + 1 && entries.length < query.limit && lookedAt < MOST_LOOKED_AT) {
    const from = Math.max(lowest, before - 1 - PIECE);
    const piece = reader.read({ sinceSeq: from, limit: before - 1 - from }).filter(({ seq }) => seq < before);
    // What is older was dropped with its segment.
    if (piece.length === 0) return { entries, nextBefore: null, lookedAt };
    before = from + 1;
    for (const entry of piece.toReversed()) {
      lookedAt += 1;
      if (!fits(entry)) continue;
      entries.push(entry);
      if (entries.length < query.limit) continue;
      before = entry.seq;
      break;
    }
    // Entries come in order of time: none before this is young enough.
    const oldest = piece[0];
    if (query.since !== null && oldest !== undefined && oldest.wall < query.since - 86_400_000)
      return { entries, nextBefore: null, lookedAt };
    await breathe();
  }
  return { entries, nextBefore: before > lowest + 1 ? before : null, lookedAt };
};

const lineOf = ({ seq, hash, ...body }: JournalEntry): string =>
  entryLine(
    seq,
    hash,
    entryText(body, (_, value) => value),
  );

const exportPage = (reader: JournalReader, query: JournalQuery): ExportPage => {
  const fits = filterOf(query);
  const found = reader.read({ sinceSeq: query.after ?? 0, limit: EXPORT_PAGE });
  const shown = found.filter((entry) => fits(entry) && (query.before === null || entry.seq < query.before));
  // The first line tells after which entry and hash the chain goes on; with a filter there is no chain.
  const [head] = query.after === null && isAll(query) ? reader.export() : [];
  const last = found.at(-1)?.seq ?? null;
  const over = found.length < EXPORT_PAGE || (query.before !== null && (last ?? 0) >= query.before - 1);
  return { lines: [...(head === undefined ? [] : [head]), ...shown.map(lineOf)], next: over ? null : last };
};

const orFault = async <T>(directory: string, work: (reader: JournalReader) => T | Promise<T>): Promise<Result<T>> => {
  const reader = openJournalReader(directory);
  if (!reader.ok) return reader;
  try {
    return ok(await work(reader.value));
  } catch (error) {
    const message = messageOf(error);
    return fail('journal-unreadable', `The journal cannot be read: ${message}.`, 'See `dualtone journal verify`.');
  }
};

export interface JournalSearch {
  page(query: JournalQuery): Promise<Result<JournalPage>>;
  export(query: JournalQuery): Promise<Result<ExportPage>>;
  verify(): Promise<Result<JournalProof>>;
  /** Entries that are written from now on. */
  follow(signal: AbortSignal, onEntries: (entries: readonly JournalEntry[]) => void): void;
}

/** Faults: `journal-missing`, `journal-not-opened`, `journal-unreadable`. */
export const createJournalSearch = (directory: string): JournalSearch => ({
  page: (query) => orFault(directory, (reader) => search(reader, query)),
  export: (query) => orFault(directory, (reader) => exportPage(reader, query)),
  verify: () =>
    orFault(directory, (reader) => {
      const proof = reader.verify();
      if (!proof.ok) return { ok: false, entries: 0, text: proof.error.message };
      const { entries, lastHash } = proof.value;
      return { ok: true, entries, text: `The journal is whole: ${entries} entries, the last with hash ${lastHash}.` };
    }),
  follow: (signal, onEntries) => {
    const begin = (): void => {
      const reader = openJournalReader(directory);
      // At the very first start the agent has not written it yet.
      if (!reader.ok) {
        const timer = setTimeout(begin, APPEARS_MS);
        signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
        return;
      }
      const last = reader.value.read({ limit: 1 }).at(-1)?.seq ?? 0;
      reader.value.follow(last, signal, onEntries, FOLLOW_MS);
    };
    begin();
  },
});
