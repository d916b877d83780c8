/** PostgreSQL clusters for tests: private, quick, in memory, and gone with the test that started them. */
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, type QueryResult } from 'pg';
import { freePort } from '../free-port.ts';
import { type ClusterOptions, initialise, makeCertificate, makePlace, type Place } from './place.ts';
import { type Ending, type ServerProcess, startServerProcess } from './server-process.ts';
import { mainMajor, obtainServer, type Server } from './versions.ts';

export type { ClusterOptions } from './place.ts';

export interface Connection {
  /** Default: postgres. */
  readonly database?: string;
  readonly user?: string;
  readonly password?: string;
}

export interface Cluster {
  readonly major: number;
  /** As the server says it: `15.18 (Debian …)`. */
  readonly version: string;
  readonly from: Server['from'];
  /** For connections without a password as `superuser`; all others need one. */
  readonly socketDir: string;
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly superuser: 'postgres';
  /** For connections of the superuser over TCP. */
  readonly superuserPassword: string;
  /** PEM of its certificate, with `tls`. */
  readonly certificateFile: string | null;
  readonly dataDir: string;
  readonly hbaFile: string;
  readonly binDir: string;
  /** A connected client over the socket, superuser unless told otherwise; the caller ends it. */
  readonly connect: (connection?: Connection) => Promise<Client>;
  /** One query as superuser. */
  readonly query: (sql: string, values?: readonly unknown[], database?: string) => Promise<QueryResult>;
  readonly createDatabase: (name: string, template?: string) => Promise<void>;
  readonly log: () => string;
  /** Ends the server; its data stay for `startAgain`. */
  readonly halt: (ending: Ending) => Promise<void>;
  /** Every session's process is dead when this returns, so that none of them commits any more; the server itself goes on. */
  readonly killSessions: () => void;
  readonly startAgain: () => Promise<void>;
  /** Ends the server and removes all of it; harmless when it has ended. */
  readonly stop: () => Promise<void>;
}

const postgresArgv = (server: Server, place: Place, port: number): readonly string[] => {
  const program = join(server.binDir, 'postgres');
  return [program, '-D', place.dataDir, '-p', String(port), '-k', place.socketDir];
};

/** A port may be taken between the question and the start; then another is tried. */
const start = async (server: Server, place: Place, wanted: number | null): Promise<[ServerProcess, number]> => {
  for (let attempt = 1; ; attempt += 1) {
    const port = wanted ?? (await freePort());
    const started = await startServerProcess(place.root, postgresArgv(server, place, port));
    if (started.ok) return [started.value, port];
    if (attempt === 3 || !started.error.message.includes('Address already in use')) {
      throw new Error(started.error.message);
    }
  }
};

const prepare = async (server: Server, options: ClusterOptions): Promise<[Place, ServerProcess, number]> => {
  const place = await makePlace();
  try {
    if (options.tls === true) await makeCertificate(place);
    await initialise(server, place, options);
    return [place, ...(await start(server, place, null))];
  } catch (error) {
    await rm(place.root, { recursive: true, force: true });
    throw error;
  }
};

const connectTo = async (socketDir: string, port: number, connection: Connection): Promise<Client> => {
  const client = new Client({
    host: socketDir,
    port,
    user: connection.user ?? 'postgres',
    database: connection.database ?? 'postgres',
    connectionTimeoutMillis: 60_000,
    ...(connection.password === undefined ? {} : { password: connection.password }),
  });
  // A server that is halted under a client is no reason for the test's process to end.
  client.on('error', () => undefined);
  await client.connect();
  return client;
};

const killChildren = (dataDir: string): void => {
  const [server] = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n');
  const children = readFileSync(`/proc/${server}/task/${server}/children`, 'utf8').trim().split(' ');
  for (const child of children) process.kill(Number(child), 'SIGKILL');
};

const quoteName = (word: string): string => `"${word.replaceAll('"', '""')}"`;

/**
 * Starts a cluster: about a second. Everything of it lies in one folder in memory, and goes when it is stopped or when the
 * test's process ends, however it ends. Throws when there is no such version or it does not start.
 */
export const startCluster = async (options: ClusterOptions = {}): Promise<Cluster> => {
  const server = await obtainServer(options.version ?? mainMajor);
  if (!server.ok) throw new Error(server.error.message);
  const [place, first, port] = await prepare(server.value, options);
  const { socketDir, dataDir } = place;
  let running: ServerProcess | null = first;
  let stopped = false;

  const connect: Cluster['connect'] = (connection) => connectTo(socketDir, port, connection ?? {});
  const query: Cluster['query'] = async (sql, values, database) => {
    const client = await connect(database === undefined ? {} : { database });
    try {
      return await client.query(sql, values === undefined ? undefined : [...values]);
    } finally {
      await client.end();
    }
  };
  const halt = async (ending: Ending): Promise<void> => {
    const former = running;
    running = null;
    await former?.stop(ending, true);
  };
  await query(`ALTER ROLE postgres PASSWORD '${place.password}'`);
  const shown = await query('SHOW server_version');
  return {
    major: server.value.major,
    version: String((shown.rows[0] as Readonly<Record<string, unknown>>)['server_version']),
    from: server.value.from,
    socketDir,
    host: '127.0.0.1',
    port,
    superuser: 'postgres',
    superuserPassword: place.password,
    certificateFile: options.tls === true ? place.certificateFile : null,
    dataDir,
    hbaFile: join(dataDir, 'pg_hba.conf'),
    binDir: server.value.binDir,
    connect,
    query,
    createDatabase: async (name, template) => {
      await query(
        `CREATE DATABASE ${quoteName(name)}${template === undefined ? '' : ` TEMPLATE ${quoteName(template)}`}`,
      );
    },
    log: () => running?.log() ?? '',
    halt,
    killSessions: () => killChildren(dataDir),
    startAgain: async () => {
      if (running !== null || stopped) throw new Error('the cluster runs, or was stopped for good');
      [running] = await start(server.value, place, port);
    },
    stop: async () => {
      if (stopped) return;
      stopped = true;
      const former = running;
      running = null;
      await former?.stop('immediate', false);
      await rm(place.root, { recursive: true, force: true });
    },
  };
};
