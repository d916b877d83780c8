/** How PostgreSQL itself reaches the other node's: a connection string, and files that only it can read. */
import { chmod, mkdir, rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { fail, messageOf, ok, type Result } from '../../../core/result.ts';
import { writeWhole } from '../../../files/whole.ts';

export interface ConninfoOptions {
  /** An address, or the loopback end of a tunnel. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** PEM whose certificates are accepted; null: through a tunnel, without TLS. */
  readonly trusted: string | null;
  /** Whether the certificate must name the host. */
  readonly verifyName: boolean;
  /** Where the two files go; below a directory that PostgreSQL's own user may pass through. */
  readonly directory: string;
  /** PostgreSQL's own user, by number. */
  readonly uid: number;
  readonly gid: number;
}

const quoted = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const escaped = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll(':', '\\:');

const PASSFILE = 'peer.pgpass';
const TRUSTED = 'peer.crt';

/** No password in it: `pg_subscription` shows it to superusers, and logs may. Throws on a host that is no address or name. */
export const conninfo = (options: ConninfoOptions): string => {
  if (isIP(options.host) === 0 && !/^[A-Za-z0-9.-]{1,253}$/.test(options.host)) throw new Error('not a host');
  const tls = options.trusted === null ? 'disable' : options.verifyName ? 'verify-full' : 'verify-ca';
  return Object.entries({
    host: options.host,
    port: String(options.port),
    dbname: options.database,
    user: options.user,
    passfile: join(options.directory, PASSFILE),
    sslmode: tls,
    ...(options.trusted === null ? {} : { sslrootcert: join(options.directory, TRUSTED) }),
    connect_timeout: '5',
    keepalives_idle: '5',
    keepalives_interval: '2',
    keepalives_count: '3',
    tcp_user_timeout: '11000',
    application_name: 'dualtone',
  })
    .map(([key, value]) => `${key}=${quoted(value)}`)
    .join(' ');
};

const writeFor = (path: string, content: string, { uid, gid }: ConninfoOptions): Promise<void> =>
  writeWhole(path, content, { owner: process.getuid?.() === 0 ? { uid, gid } : null, isDurable: false });

/** Fault: `database-passfile`. */
export const writeConninfoFiles = async (options: ConninfoOptions): Promise<Result<void>> => {
  const { directory, host, port, database, user, password, trusted } = options;
  try {
    // Ours, not PostgreSQL's: its user may pass through, and puts nothing in here.
    await mkdir(directory, { recursive: true, mode: 0o711 });
    // Whatever the process's mask took away.
    await chmod(directory, 0o711);
    const line = [host, String(port), database, user, password].map(escaped).join(':');
    await writeFor(join(directory, PASSFILE), `${line}\n`, options);
    if (trusted !== null) await writeFor(join(directory, TRUSTED), trusted, options);
    return ok(undefined);
  } catch (error) {
    return fail(
      'database-passfile',
      `The file with which PostgreSQL reaches the other node could not be written in ${directory}: ${messageOf(error)}.`,
      'See to the disk and the permissions of that directory.',
    );
  }
};

/** Harmless when they are gone. */
export const removeConninfoFiles = async (directory: string): Promise<void> => {
  for (const name of [PASSFILE, TRUSTED]) await rm(join(directory, name), { force: true });
};
