import { parentPort, workerData } from 'node:worker_threads';
import { type Book, type Line, openBook, type Retention } from './book.ts';
import { canonicalJson } from './chain.ts';

/** What the thread is started with. */
export interface WriterData {
  readonly path: string;
  readonly retention: Retention;
  /** Set to 1 when the file is closed. */
  readonly closed: Int32Array<SharedArrayBuffer>;
  readonly maxPages: number | null;
}

export type ToWriter =
  | { readonly type: 'write'; readonly lines: readonly Line[] }
  | { readonly type: 'close'; readonly lines: readonly Line[] };

/** Answer to one `write`: null, or why the lines are not on disk. */
export interface FromWriter {
  readonly trouble: string | null;
  readonly note: string | null;
}

const PRUNE_EVERY_MS = 600_000;

const damagedLine = (movedTo: string): Line => {
  const wall = Date.now();
  const kind = 'journal-damaged';
  return { wall, kind, text: canonicalJson({ wall, at: 0, epoch: 0, kind, reasons: [], data: { movedTo } }) };
};

const createWriter = ({ path, retention, maxPages }: WriterData) => {
  let book: Book | null = null;
  let prunedAt = 0;
  let note: string | null = null;
  const opened = (): Book => {
    if (book !== null) return book;
    const result = openBook(path, Date.now(), maxPages);
    if (!result.ok) throw new Error(result.error.message);
    book = result.value.book;
    if (result.value.movedTo !== null) {
      book.append([damagedLine(result.value.movedTo)]);
      note = `the journal was damaged; it is kept as ${result.value.movedTo}, and a new one was begun`;
    }
    return book;
  };
  return {
    write: (lines: readonly Line[]): FromWriter => {
      try {
        const into = opened();
        into.append(lines);
        if (Date.now() - prunedAt > PRUNE_EVERY_MS) {
          prunedAt = Date.now();
          into.prune(prunedAt, retention);
        }
        const told = note;
        note = null;
        return { trouble: null, note: told };
      } catch (error) {
        return { trouble: error instanceof Error ? error.message : String(error), note: null };
      }
    },
    close: (): void => {
      book?.close();
      book = null;
    },
  };
};

const port = parentPort;
if (port !== null) {
  const data = workerData as WriterData;
  const writer = createWriter(data);
  port.on('message', (message: ToWriter) => {
    if (message.type === 'write') {
      port.postMessage(writer.write(message.lines));
      return;
    }
    if (message.lines.length > 0) writer.write(message.lines);
    writer.close();
    Atomics.store(data.closed, 0, 1);
    Atomics.notify(data.closed, 0);
    port.close();
  });
}
