/** The folder of one test cluster: in memory, owned by the server's user, initialised with settings, rules and certificate. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeMemoryFolder } from '../memory-folder.ts';
import { makeData, must } from './data-template.ts';
import { chownToServer } from './server-user.ts';
import type { Server } from './versions.ts';

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

const usualSettings: NonNullable<ClusterOptions['settings']> = {
  listen_addresses: '127.0.0.1',
  fsync: false,
  full_page_writes: false,
  shared_buffers: '64MB',
  max_connections: 60,
  max_wal_senders: 10,
  max_replication_slots: 10,
  logging_collector: false,
  // In the cluster's own folder, so that nothing is left when it is killed.
  dynamic_shared_memory_type: 'mmap',
  log_min_messages: 'warning',
  // The default of 13 is another, which the access rules below do not take.
  password_encryption: 'scram-sha-256',
  timezone: 'UTC',
};

const quoted = (value: string | number | boolean): string =>
  typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value);

export interface Place {
  readonly root: string;
  readonly dataDir: string;
  readonly socketDir: string;
  readonly certificateFile: string;
  readonly password: string;
}

/** A new folder, the server's user's. */
export const makePlace = async (): Promise<Place> => {
  const root = await makeMemoryFolder('dualtone-postgres');
  const socketDir = join(root, 'socket');
  await mkdir(socketDir);
  for (const folder of [root, socketDir]) await chownToServer(folder);
  return {
    root,
    socketDir,
    dataDir: join(root, 'data'),
    certificateFile: join(root, 'server.crt'),
    password: randomBytes(12).toString('hex'),
  };
};

/** Self-signed, for localhost and 127.0.0.1. */
export const makeCertificate = async (place: Place): Promise<void> => {
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
  await chownToServer(key);
  await chmod(place.certificateFile, 0o644);
};

/** `initdb`, settings and rules. */
export const initialise = async (server: Server, place: Place, options: ClusterOptions): Promise<void> => {
  const encoding = options.encoding ?? 'UTF8';
  const locale = options.locale ?? (encoding === 'UTF8' ? 'C.UTF-8' : 'C');
  await makeData(server, { encoding, locale }, place.dataDir);
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
