/** One connection to one PostgreSQL: fixed session settings, every wait bounded, ended by an AbortSignal. */
import net from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import * as pg from 'pg';
import { ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import { abortedFault, databaseFault, silentFault } from './database-fault.ts';

export interface DatabaseTls {
  /** PEM of whose certificates are accepted: an authority's, or the server's own (pinned). */
  readonly trusted: string;
  /** Whether the certificate must name the host; not where it is pinned. */
  readonly verifyName: boolean;
}

/** How a PostgreSQL is reached. */
export interface DatabaseAccess {
  /** What people call it in messages: `this node's database`. */
  readonly name: string;
  /** A host or address, or the absolute path of a socket directory. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Already read; never logged. */
  readonly password: string;
  readonly tls: DatabaseTls | null;
  /** From the first packet to the end of the login. */
  readonly connectMs: Millis;
  /** One statement at most (PostgreSQL's `statement_timeout`, and ours a little later). */
  readonly statementMs: Millis;
  /** How long a statement waits for a lock (`lock_timeout`). */
  readonly lockMs: Millis;
  /** The server ends a transaction that waits for us longer than this; where a snapshot is read: the whole run's limit. */
  readonly idleMs: Millis;
}

export type Row = Readonly<Record<string, unknown>>;

/**
 * An open connection. Booleans, `int2`, `int4`, `oid`, floats and JSON come as such; all else (also `int8`, `numeric`,
 * times) as PostgreSQL writes it. After `database-silent`, `database-lost` or an abort it is closed.
 */
export interface Database {
  readonly name: string;
  /** Of the server's process. */
  readonly processId: number;
  /** `server_version_num / 10000`: 13 to 18. */
  readonly major: number;
  readonly access: DatabaseAccess;
  /** Rows of the last statement. Faults: those of `databaseFault`, `database-silent`, `database-aborted`. */
  query<R extends Row>(text: string, values?: readonly unknown[]): Promise<Result<readonly R[]>>;
  /** How many rows the last statement touched. Faults as `query`. */
  run(text: string, values?: readonly unknown[]): Promise<Result<number>>;
  /** Several statements without parameters in one round trip; how many rows each touched. Faults as `query`. */
  runAll(statements: readonly string[]): Promise<Result<readonly number[]>>;
  /** True when the connection can be used no more. */
  isClosed(): boolean;
  /** For COPY (copy.ts), which keeps its own time: hands over what speaks the protocol; nothing else may run meanwhile. */
  submit(submittable: pg.Submittable): void;
  /** Why it can be used no more: aborted, or broken. */
  closedFault(): ReturnType<typeof databaseFault>;
  /** Ends it at once; what was not committed is undone by the server. */
  destroy(): void;
  /** Says goodbye; at most a second. */
  close(): Promise<void>;
}

/** Beyond PostgreSQL's own limit, for a server that is gone. */
const GRACE_MS = 2000;
const CLOSE_MS = 1000;
const CANCEL_MS = 1000;

/** `search_path` is empty so that nobody's function or table of the same name gets in between. */
const sessionSettings = (access: DatabaseAccess): string =>
  Object.entries({
    client_encoding: 'UTF8',
    datestyle: 'ISO,YMD',
    intervalstyle: 'postgres',
    extra_float_digits: '1',
    bytea_output: 'hex',
    xmloption: 'content',
    timezone: 'UTC',
    lc_monetary: 'C',
    standard_conforming_strings: 'on',
    search_path: '',
    row_security: 'off',
    jit: 'off',
    // A telephone server has better use for its other cores.
    max_parallel_workers_per_gather: '0',
    statement_timeout: String(access.statementMs),
    lock_timeout: String(access.lockMs),
    idle_in_transaction_session_timeout: String(access.idleMs),
    // A node that lost its power must not hold locks here for hours.
    tcp_keepalives_idle: '5',
    tcp_keepalives_interval: '2',
    tcp_keepalives_count: '3',
  })
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ');

const NATIVE = new Set<number>([16, 21, 23, 26, 114, 700, 701, 3802, 1002, 1003, 1009]);
/** bool, int2, int4, oid, json, float4, float8, jsonb, char[], name[], text[]; nothing else is interpreted. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    NATIVE.has(oid) ? pg.types.getTypeParser(oid, format ?? 'text') : (value: string) => value,
};

const tlsOptions = ({ trusted, verifyName }: DatabaseTls): ConnectionOptions => ({
  ca: trusted,
  rejectUnauthorized: true,
  // A pinned certificate need not be an authority's.
  allowPartialTrustChain: true,
  ...(verifyName ? {} : { checkServerIdentity: () => undefined }),
});

/** Tells the server to end the running statement, without waiting for an answer. */
const cancelAtServer = (access: DatabaseAccess, client: pg.Client): void => {
  const { processID, secretKey } = client as unknown as { readonly processID: unknown; readonly secretKey: unknown };
  if (typeof processID !== 'number' || typeof secretKey !== 'number') return;
  const packet = Buffer.alloc(16);
  packet.writeInt32BE(16, 0);
  packet.writeInt32BE(80877102, 4);
  packet.writeInt32BE(processID, 8);
  packet.writeInt32BE(secretKey, 12);
  const socket = access.host.startsWith('/')
    ? net.connect(`${access.host}/.s.PGSQL.${access.port}`)
    : net.connect(access.port, access.host);
  socket.unref();
  socket.on('error', () => socket.destroy());
  socket.setTimeout(CANCEL_MS, () => socket.destroy());
  socket.end(packet);
};

const clientOf = (access: DatabaseAccess, socket: net.Socket): pg.Client =>
  new pg.Client({
    host: access.host,
    port: access.port,
    database: access.database,
    user: access.user,
    // As a function, so that no variable of the environment takes its place.
    password: () => access.password,
    ssl: access.tls === null ? false : tlsOptions(access.tls),
    application_name: 'dualtone',
    connectionTimeoutMillis: access.connectMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5000,
    options: sessionSettings(access),
    stream: () => socket,
    types,
  });

type Sent = Result<readonly pg.QueryResult[]>;

/** `pg` answers several statements with an array, which its types do not tell. */
const allResults = (answer: pg.QueryResult | readonly pg.QueryResult[]): readonly pg.QueryResult[] =>
  Array.isArray(answer) ? (answer as readonly pg.QueryResult[]) : [answer as pg.QueryResult];

/** What ends with the connection: its socket, and the listener for the abort. */
interface Line {
  readonly access: DatabaseAccess;
  readonly client: pg.Client;
  isClosed(): boolean;
  destroy(): void;
  /** Why it can be used no more. */
  closedFault(): ReturnType<typeof databaseFault>;
}

const createLine = (access: DatabaseAccess, client: pg.Client, socket: net.Socket, signal: AbortSignal): Line => {
  let closed = false;
  const destroy = (): void => {
    closed = true;
    signal.removeEventListener('abort', onAbort);
    socket.destroy();
  };
  const onAbort = (): void => {
    cancelAtServer(access, client);
    destroy();
  };
  signal.addEventListener('abort', onAbort);
  client.on('error', destroy);
  client.on('end', destroy);
  return {
    access,
    client,
    isClosed: () => closed,
    destroy,
    closedFault: () =>
      signal.aborted ? abortedFault(access.name) : databaseFault(access.name, new Error('it is closed')),
  };
};

/** One statement at a time, in the order asked, each within the limit. */
const createSender = (line: Line, signal: AbortSignal) => {
  const { access, client } = line;
  let last: Promise<unknown> = Promise.resolve();

  const sendNow = async (text: string, values: readonly unknown[], statements: number): Promise<Sent> => {
    if (line.isClosed()) return line.closedFault();
    // PostgreSQL's own limit counts each statement by itself.
    const limitMs = access.statementMs * statements + GRACE_MS;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      line.destroy();
    }, limitMs);
    try {
      return ok(allResults(await client.query(text, [...values])));
    } catch (error) {
      if (signal.aborted) return abortedFault(access.name);
      return late ? silentFault(access.name, 'answer', limitMs) : databaseFault(access.name, error);
    } finally {
      clearTimeout(timer);
    }
  };

  return (text: string, values: readonly unknown[], statements = 1): Promise<Sent> => {
    const sent = last.then(() => sendNow(text, values, statements));
    last = sent;
    return sent;
  };
};

const createDatabase = (line: Line, signal: AbortSignal, major: number): Database => {
  const { access, client, destroy } = line;
  const send = createSender(line, signal);
  return {
    name: access.name,
    processId: (client as unknown as { readonly processID: number }).processID,
    major,
    access,
    query: async <R extends Row>(text: string, values: readonly unknown[] = []) => {
      const sent = await send(text, values);
      return sent.ok ? ok((sent.value.at(-1)?.rows ?? []) as readonly R[]) : sent;
    },
    run: async (text, values = []) => {
      const sent = await send(text, values);
      return sent.ok ? ok(sent.value.at(-1)?.rowCount ?? 0) : sent;
    },
    runAll: async (statements) => {
      if (statements.length === 0) return ok([]);
      const sent = await send(statements.join(';\n'), [], statements.length);
      return sent.ok ? ok(sent.value.map((result) => result.rowCount ?? 0)) : sent;
    },
    isClosed: line.isClosed,
    submit: (submittable) => {
      client.query(submittable);
    },
    closedFault: line.closedFault,
    destroy,
    close: async () => {
      if (line.isClosed()) return;
      const timer = setTimeout(destroy, CLOSE_MS);
      await client.end().catch(() => undefined);
      clearTimeout(timer);
      destroy();
    },
  };
};

/**
 * Opens a connection; when `signal` aborts, it ends at once, whatever it is doing, and the server is told.
 * Faults: `database-unreachable`, `database-silent`, `database-login-refused`, `database-missing`, `database-tls`,
 * `database-not-serving`, `database-aborted`, `database-version`.
 */
export const connectDatabase = async (access: DatabaseAccess, signal: AbortSignal): Promise<Result<Database>> => {
  if (signal.aborted) return abortedFault(access.name);
  const socket = new net.Socket();
  const client = clientOf(access, socket);
  const onAbort = (): void => {
    socket.destroy();
  };
  signal.addEventListener('abort', onAbort);
  client.on('error', () => socket.destroy());
  try {
    await client.connect();
  } catch (error) {
    socket.destroy();
    if (signal.aborted) return abortedFault(access.name);
    if (error instanceof Error && /timeout expired/.test(error.message))
      return silentFault(access.name, 'let Dualtone in', access.connectMs);
    return databaseFault(access.name, error);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  const line = createLine(access, client, socket, signal);
  const opened = createDatabase(line, signal, 0);
  const version = await opened.query<{ readonly number: number }>(
    `SELECT pg_catalog.current_setting('server_version_num')::int AS number`,
  );
  if (!version.ok) {
    opened.destroy();
    return version;
  }
  return ok({ ...opened, major: Math.floor((version.value[0]?.number ?? 0) / 10_000) });
};
