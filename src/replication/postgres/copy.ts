/** COPY from one server straight into another: bytes pass through, row for row as PostgreSQL wrote them. */
import type { Socket } from 'node:net';
import { ok, type Result } from '../../core/result.ts';
import type { Database } from './connection.ts';
import { databaseFault, silentFault } from './database-fault.ts';

export interface Copied {
  readonly rows: number;
  readonly bytes: number;
}

/** What `pg` hands to a submittable: the parts of its connection that COPY needs. */
interface Wire {
  readonly stream: Socket;
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(message: string): void;
}

interface Half {
  /** Resolved when the server says that its half is complete, with the rows it counted. */
  readonly ended: Promise<Result<number>>;
}

/** Rows are small: sent one by one they would cost a system call each. */
const BATCH_BYTES = 64 * 1024;
/** Beyond the servers' own limit for one statement. */
const GRACE_MS = 2000;

const rowsIn = (message: unknown): number => {
  const text = typeof message === 'object' && message !== null && 'text' in message ? String(message.text) : '';
  return Number(/^COPY (\d+)/.exec(text)?.[1] ?? 0);
};

/** The protocol's events that both halves treat alike: end, error, and time. */
const createHalf = (database: Database) => {
  let rows = 0;
  let settled = false;
  const { promise, resolve } = Promise.withResolvers<Result<number>>();
  const settle = (result: Result<number>): void => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    resolve(result);
  };
  const limitMs = database.access.statementMs + GRACE_MS;
  const timer = setTimeout(() => {
    settle(silentFault(database.name, 'finish a table', limitMs));
    database.destroy();
  }, limitMs);
  return {
    ended: promise,
    settle,
    handlers: {
      handleCommandComplete: (message: unknown) => {
        rows = rowsIn(message);
      },
      handleReadyForQuery: () => settle(ok(rows)),
      handleError: (error: Error) => {
        settle(database.isClosed() ? database.closedFault() : databaseFault(database.name, error));
      },
      // No rows, portals or descriptions come in a COPY.
      handleRowDescription: () => undefined,
      handleDataRow: () => undefined,
      handlePortalSuspended: () => undefined,
      handleEmptyQuery: () => undefined,
    },
  };
};

interface Sink extends Half {
  /** False: wait for `onDrain` before the next. */
  write(chunk: Buffer): boolean;
  end(): void;
  abort(): void;
}

const copyIn = (database: Database, text: string, onReady: () => void, onDrain: () => void): Sink => {
  const half = createHalf(database);
  let wire: Wire | null = null;
  const drained = (): void => onDrain();
  const submittable = {
    ...half.handlers,
    submit: (connection: unknown) => {
      wire = connection as Wire;
      wire.stream.on('drain', drained);
      wire.query(text);
      return null;
    },
    handleCopyInResponse: onReady,
    handleCopyData: () => undefined,
  };
  database.submit(submittable);
  void half.ended.then(() => wire?.stream.off('drain', drained));
  return {
    ended: half.ended,
    write: (chunk) => {
      wire?.sendCopyFromChunk(chunk);
      return wire?.stream.writableNeedDrain !== true;
    },
    end: () => wire?.endCopyFrom(),
    abort: () => wire?.sendCopyFail('the other side failed'),
  };
};

interface Source extends Half {
  pause(): void;
  resume(): void;
}

const copyOut = (database: Database, text: string, onChunk: (chunk: Buffer) => void): Source => {
  const half = createHalf(database);
  let wire: Wire | null = null;
  const submittable = {
    ...half.handlers,
    submit: (connection: unknown) => {
      wire = connection as Wire;
      wire.query(text);
      return null;
    },
    handleCopyInResponse: () => undefined,
    handleCopyData: ({ chunk }: { readonly chunk: Buffer }) => onChunk(chunk),
  };
  database.submit(submittable);
  return { ended: half.ended, pause: () => wire?.stream.pause(), resume: () => wire?.stream.resume() };
};

/** Rows in batches to `write`; until `open` they are held. `pause`: no more for now. */
const createFeed = (write: (chunk: Buffer) => boolean, pause: () => void) => {
  const batch = Buffer.allocUnsafe(BATCH_BYTES);
  let filled = 0;
  let isOpen = false;
  const held: Buffer[] = [];
  const send = (chunk: Buffer): void => {
    if (chunk.length === 0) return;
    if (!isOpen) held.push(Buffer.from(chunk));
    if (!isOpen || !write(chunk)) pause();
  };
  const flush = (): void => {
    send(batch.subarray(0, filled));
    filled = 0;
  };
  return {
    isOpen: () => isOpen,
    open: () => {
      isOpen = true;
      for (const chunk of held.splice(0)) write(chunk);
    },
    put: (chunk: Buffer): void => {
      if (filled + chunk.length > BATCH_BYTES) flush();
      // The chunk lies in the parser's buffer, which is used again: it is copied here, or by `send`.
      if (chunk.length > BATCH_BYTES) send(chunk);
      else filled += chunk.copy(batch, filled);
    },
    flush,
  };
};

/**
 * Runs `copyOutText` (COPY … TO STDOUT) at the source and feeds it to `copyInText` (COPY … FROM STDIN) at the target, both
 * in PostgreSQL's text form, begun at once; memory stays bounded. After a fault both transactions are lost and the connections
 * should be closed. Faults: those of `Database.query`, of whichever side failed first.
 */
export const copyAcross = async (
  source: Database,
  copyOutText: string,
  target: Database,
  copyInText: string,
): Promise<Result<Copied>> => {
  if (target.isClosed()) return target.closedFault();
  if (source.isClosed()) return source.closedFault();
  let bytes = 0;
  let failed = false;
  const ready = Promise.withResolvers<null>();
  const onReady = (): void => {
    feed.open();
    from.resume();
    ready.resolve(null);
  };
  const sink = copyIn(target, copyInText, onReady, () => from.resume());
  const feed = createFeed(
    (chunk) => failed || sink.write(chunk),
    () => from.pause(),
  );
  const from = copyOut(source, copyOutText, (chunk) => {
    bytes += chunk.length;
    feed.put(chunk);
  });
  const both = Promise.withResolvers<Result<number>>();
  const tookNone = databaseFault(target.name, new Error('it took no rows'));
  // The target's failure ends the wait at once; what the source still sends is dropped with the connection.
  void sink.ended.then((result) => both.resolve(result.ok && !feed.isOpen() ? tookNone : result));
  const finish = async (): Promise<void> => {
    const result = await from.ended;
    await Promise.race([ready.promise, sink.ended]);
    if (result.ok) {
      feed.flush();
      sink.end();
    } else {
      sink.abort();
      both.resolve(result);
    }
  };
  void finish();
  const result = await both.promise;
  failed = !result.ok;
  from.resume();
  return result.ok ? ok({ rows: result.value, bytes }) : result;
};
