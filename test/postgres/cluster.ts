/** PostgreSQL clusters for tests: private, quick, in memory, and gone with the test that started them. */
import { randomBytes } from 'node:crypto';
import { access, chmod, chown, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type QueryResult } from 'pg';
import { runChecked } from '../../lab/process.ts';
import { asServerUser, type Ending, type ServerProcess, startServerProcess } from './server-process.ts';
import { mainMajor, obtainServer, type Server } from './versions.ts';

export interface ClusterOptions {
  /** Major version; default: Debian 12's. Another is fetched when it is not here. */
  readonly version?: number;
  /** With a self-signed certificate for localhost and 127.0.0.1; plain connections stay possible. */
  readonly tls?: boolean;
  /** Lines of postgresql.conf, as `wal_level: 'logical'`. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** Of its databases; default UTF8. */
  readonly encoding?: string;
  /** Default C.UTF-8; `C` for encodings other than UTF8. */
  readonly locale?: string;
  /** Lines of pg_hba.conf that come before the usual ones. */
  readonly hba?: readonly string[];
}

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
  readonly startAgain: () => Promise<void>;
  /** Ends the server and removes all of it; harmless when it has ended. */
  readonly stop: () => Promise<void>;
}

const PREFIX = 'dualtone-postgres-';

const usualSettings: NonNullable<ClusterOptions['settings']> = {
  listen_addresses: '127.0.0.1',
  fsync: false,
  full_page_writes: false,
  shared_buffers: '64MB',
  max_connections: 60,
  max_wal_senders: 10,
  max_replication_slots: 10,
  logging_collector: false,
  log_min_messages: 'warning',
  timezone: 'UTC',
};

const memoryFolder = async (): Promise<string> =>
  await access('/dev/shm').then(
    () => '/dev/shm',
    () => tmpdir(),
  );

/** Removes what tests left whose keeper was killed too. */
const sweep = async (place: string): Promise<void> => {
  for (const name of await readdir(place)) {
    const [, pid] = /^dualtone-postgres-(\d+)-/.exec(name) ?? [];
    if (pid === undefined) continue;
    const lives = await access(`/proc/${pid}`).then(
      () => true,
      () => false,
    );
    if (!lives) await rm(join(place, name), { recursive: true, force: true });
  }
};

const freePort = async (): Promise<number> =>
  await new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

/** Throws what a program said. */
const must = async (argv: readonly string[]): Promise<string> => {
  const done = await runChecked(argv, { timeoutMs: 60_000 });
  if (!done.ok) throw new Error(`${done.error.code}: ${done.error.message}`);
  return done.value.stdout.trim();
};

const idOf = async (flag: '-u' | '-g'): Promise<number> =>
  process.getuid?.() === 0 ? Number(await must(['id', flag, 'postgres'])) : -1;

const quoted = (value: string | number | boolean): string =>
  typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value);

interface Place {
  readonly root: string;
  readonly dataDir: string;
  readonly socketDir: string;
  readonly certificateFile: string;
  readonly password: string;
}

const makePlace = async (): Promise<Place> => {
  const memory = await memoryFolder();
  await sweep(memory);
  const root = await mkdtemp(join(memory, `${PREFIX}${process.pid}-`));
  const socketDir = join(root, 'socket');
  await mkdir(socketDir);
  const [user, group] = [await idOf('-u'), await idOf('-g')];
  for (const folder of [root, socketDir]) await chown(folder, user, group);
  return {
    root,
    socketDir,
    dataDir: join(root, 'data'),
    certificateFile: join(root, 'server.crt'),
    password: randomBytes(12).toString('hex'),
  };
};

const makeCertificate = async (place: Place): Promise<void> => {
  const key = join(place.root, 'server.key');
  await must(
    [
      'openssl',
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-noenc',
      '-days',
      '2',
    ].concat(
      ['-keyout', key, '-out', place.certificateFile, '-subj', '/CN=localhost'],
      ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ),
  );
  await chmod(key, 0o600);
  await chown(key, await idOf('-u'), await idOf('-g'));
  await chmod(place.certificateFile, 0o644);
};

const initialise = async (server: Server, place: Place, options: ClusterOptions): Promise<void> => {
  const encoding = options.encoding ?? 'UTF8';
  const locale = options.locale ?? (encoding === 'UTF8' ? 'C.UTF-8' : 'C');
  const passwordFile = join(place.root, 'password');
  await writeFile(passwordFile, `${place.password}\n`, { mode: 0o600 });
  await chown(passwordFile, await idOf('-u'), await idOf('-g'));
  await must([
    ...asServerUser([join(server.binDir, 'initdb'), '--no-sync', '--username=postgres']),
    ...['--auth-local=trust', '--auth-host=scram-sha-256', `--pwfile=${passwordFile}`],
    ...[`--encoding=${encoding}`, `--locale=${locale}`, `--pgdata=${place.dataDir}`],
  ]);
  await rm(passwordFile);
  const settings = {
    ...usualSettings,
    ...(options.tls === true
      ? { ssl: true, ssl_cert_file: place.certificateFile, ssl_key_file: join(place.root, 'server.key') }
      : {}),
    ...options.settings,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${quoted(value)}\n`);
  await writeFile(join(place.dataDir, 'postgresql.conf'), lines.join(''), { flag: 'a' });
  const hba = [
    ...(options.hba ?? []),
    'local all postgres trust',
    'local all all scram-sha-256',
    'host all all 127.0.0.1/32 scram-sha-256',
    'local replication postgres trust',
    'host replication all 127.0.0.1/32 scram-sha-256',
  ];
  await writeFile(join(place.dataDir, 'pg_hba.conf'), `${hba.join('\n')}\n`);
};

/** A port may be taken between the question and the start; then another is tried. */
const start = async (server: Server, place: Place, wanted: number | null): Promise<[ServerProcess, number]> => {
  for (let attempt = 1; ; attempt += 1) {
    const port = wanted ?? (await freePort());
    const started = await startServerProcess(place.root, [
      ...[join(server.binDir, 'postgres'), '-D', place.dataDir, '-p', String(port), '-k', place.socketDir],
    ]);
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

  const connect = async (connection: Connection = {}): Promise<Client> => {
    const client = new Client({
      host: socketDir,
      port,
      user: connection.user ?? 'postgres',
      database: connection.database ?? 'postgres',
      connectionTimeoutMillis: 10_000,
      ...(connection.password === undefined ? {} : { password: connection.password }),
    });
    // A server that is halted under a client is no reason for the test's process to end.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
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
      const quote = (word: string): string => `"${word.replaceAll('"', '""')}"`;
      await query(`CREATE DATABASE ${quote(name)}${template === undefined ? '' : ` TEMPLATE ${quote(template)}`}`);
    },
    log: () => running?.log() ?? '',
    halt,
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
