/**
 * What `initdb` makes, made once for each kind of server and then copied, which takes a tenth of the time. Each copy gets an
 * identity of its own: two servers with the same one would be taken for one.
 */
import { randomBytes } from 'node:crypto';
import { access, chmod, mkdir, mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runChecked } from '../../lab/process.ts';
import { asServerUser, chownToServer } from './server-user.ts';
import { type Server, serverCacheFolder } from './versions.ts';

export interface DataKind {
  readonly encoding: string;
  readonly locale: string;
}

/** Throws what a program said. */
export const must = async (argv: readonly string[]): Promise<string> => {
  const done = await runChecked(argv, { timeoutMs: 120_000 });
  if (!done.ok) throw new Error(`${done.error.code}: ${done.error.message}`);
  return done.value.stdout.trim();
};

const isThere = async (path: string): Promise<boolean> =>
  await access(path).then(
    () => true,
    () => false,
  );

const makeTemplate = async (server: Server, { encoding, locale }: DataKind, place: string): Promise<void> => {
  const folder = join(serverCacheFolder(), 'data');
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const work = await mkdtemp(join(folder, '.new-'));
  try {
    await chmod(work, 0o755);
    await chownToServer(work);
    const data = join(work, 'data');
    const kind = ['--username=postgres', '--auth=trust', '--no-sync', `--encoding=${encoding}`, `--locale=${locale}`];
    await must(asServerUser([join(server.binDir, 'initdb'), ...kind, `--pgdata=${data}`]));
    // Whoever comes second finds it done.
    await rename(data, place).catch(async (error: unknown) => {
      if (!(await isThere(place))) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
};

const crc32c = (bytes: Uint8Array): number => {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
};

const IDENTITY_BYTES = 8;
const WAL_IDENTITY_AT = 24;
const FIRST_WAL = '000000010000000000000001';

/** Where the control file's checksum stands: it is of all before it, and its place differs between versions. */
const checksumAt = (control: Buffer): number => {
  for (let at = 200; at < 512; at += 4) if (crc32c(control.subarray(0, at)) === control.readUInt32LE(at)) return at;
  throw new Error('the control file has no checksum that fits');
};

/** Gives a cluster that was never started another identity, in its control file and its first log. */
const giveIdentity = async (data: string): Promise<void> => {
  const identity = randomBytes(IDENTITY_BYTES);
  // A positive number, as the server prints it.
  identity.writeUInt8(identity.readUInt8(IDENTITY_BYTES - 1) & 0x7f, IDENTITY_BYTES - 1);
  const path = join(data, 'global', 'pg_control');
  const control = await readFile(path);
  const at = checksumAt(control);
  const former = Buffer.from(control.subarray(0, IDENTITY_BYTES));
  identity.copy(control, 0);
  control.writeUInt32LE(crc32c(control.subarray(0, at)), at);
  await writeFile(path, control);
  const log = await open(join(data, 'pg_wal', FIRST_WAL), 'r+');
  try {
    const { buffer } = await log.read(Buffer.alloc(IDENTITY_BYTES), 0, IDENTITY_BYTES, WAL_IDENTITY_AT);
    if (!buffer.equals(former)) throw new Error('the first log does not hold the identity where it is looked for');
    await log.write(identity, 0, IDENTITY_BYTES, WAL_IDENTITY_AT);
  } finally {
    await log.close();
  }
};

/** Makes a new cluster's folder `data`: no settings yet, everybody trusted. Throws when `initdb` fails. */
export const makeData = async (server: Server, kind: DataKind, data: string): Promise<void> => {
  const name = `${server.from}-${server.major}-${kind.encoding}-${kind.locale.replaceAll(/[^\w.-]/g, '_')}`;
  const template = join(serverCacheFolder(), 'data', name);
  if (!(await isThere(template))) await makeTemplate(server, kind, template);
  await must(['cp', '--archive', template, data]);
  await giveIdentity(data);
};
