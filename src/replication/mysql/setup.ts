/** A node's server made ready for GTID replication: settings now and in a file of ours, accounts, a certificate; looked at, and put back. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fail, messageOf, ok, type Result } from '../../core/result.ts';
import type { Run } from '../../process/run.ts';
import { type AccountOptions, accountStatements, accountsOf, dropStatements } from './accounts.ts';
import { type CertificateFiles, makeCertificate } from './certificate.ts';
import type { Mysql } from './connection.ts';
import type { ServerId, Setting } from './dialect.ts';
import { textOf } from './dialect-common.ts';
import { forgetLink, readReadOnly, setReadOnly } from './link.ts';
import { quoteValue } from './sql-text.ts';

export interface MysqlSetupOptions {
  readonly serverId: ServerId;
  readonly accounts: AccountOptions;
  /** Ours alone, in a directory that the server reads; it is rewritten whole. */
  readonly configFile: string;
  /** Address on which the other node's server is heard; null: it comes through SSH. */
  readonly listenOn: string | null;
  /** Address by which the other node's server comes here; behind NAT it is another. */
  readonly reachedAt: string;
  /** Where a certificate is made, for the server to offer; null: through SSH. */
  readonly certificate: CertificateFiles | null;
  /** What was there before, to be put back. */
  readonly recordFile: string;
}

export interface MysqlItem {
  readonly id: string;
  /** `due`: in force after a restart of the server. */
  readonly condition: 'right' | 'missing' | 'due';
  readonly text: string;
  /** What is done for it; null: nothing. */
  readonly change: string | null;
}

export interface MysqlSetup {
  look(): Promise<Result<readonly MysqlItem[]>>;
  /** Repeatable. What is left then is `due`. */
  apply(): Promise<Result<readonly MysqlItem[]>>;
  /** What was put back, in sentences. */
  undo(): Promise<Result<readonly string[]>>;
}

interface Inner extends MysqlSetupOptions {
  /** As an administrator. */
  readonly db: Mysql;
  readonly run: Run;
}

const VARIABLE = /^[a-z_]+$/;

const readVariable = async (db: Mysql, name: string): Promise<Result<string | null>> => {
  if (!VARIABLE.test(name)) throw new Error(`not a variable: ${name}`);
  const rows = await db.query('SHOW GLOBAL VARIABLES WHERE Variable_name = ?', [name]);
  if (!rows.ok) return rows;
  return ok(rows.value[0] === undefined ? null : textOf(rows.value[0], 'Value'));
};

const SWITCH: Readonly<Record<string, string>> = { '1': 'ON', '0': 'OFF' };
const plain = (value: string): string => SWITCH[value] ?? value.toUpperCase();

/** Numbers are themselves; switches are said as ON, 1, YES. */
const isRight = ({ value, accepts }: Setting, now: string): boolean =>
  accepts?.(now) === true || now === value || plain(now) === plain(value);

const settingItem = (setting: Setting, now: string | null): MysqlItem => {
  const { name, value, dynamic } = setting;
  const shown = now ?? 'not known to this server';
  if (now !== null && isRight(setting, now))
    return { id: name, condition: 'right', text: `${name} is ${now}.`, change: null };
  return {
    id: name,
    condition: dynamic ? 'missing' : 'due',
    text: `${name} is ${shown}.`,
    change: dynamic
      ? `Sets it to ${value}, now and in the file.`
      : `Sets it to ${value} in the file; it takes a restart.`,
  };
};

/** The text of our file. */
const fileText = ({
  db,
  serverId,
  listenOn,
  certificate,
}: Pick<Inner, 'db' | 'serverId' | 'listenOn' | 'certificate'>): string => {
  const { dialect } = db;
  const lines = dialect
    .settings(serverId)
    .map(({ name, value }) => `${name} = ${name === 'log_bin' ? 'dualtone-bin' : value}`);
  const bind =
    listenOn === null ? [] : [`bind_address = ${dialect.severalAddresses ? `127.0.0.1,${listenOn}` : '0.0.0.0'}`];
  const tls = certificate === null ? [] : [`ssl_cert = ${certificate.certificate}`, `ssl_key = ${certificate.key}`];
  // A server that restarts knows neither whom to follow nor whether it may be written to: its agent says so.
  return [
    '# Written by `dualtone mysql setup`, and taken away by `dualtone mysql undo`.',
    '[mysqld]',
    ...lines,
    ...dialect.fileLines,
    ...bind,
    ...tls,
    '',
  ].join('\n');
};

const fileNow = (path: string): string | null => (existsSync(path) ? readFileSync(path, 'utf8') : null);

const fileItem = (inner: Inner): MysqlItem => {
  const right = fileNow(inner.configFile) === fileText(inner);
  return {
    id: 'file',
    condition: right ? 'right' : 'missing',
    text: right ? `${inner.configFile} holds the settings.` : `${inner.configFile} does not hold the settings.`,
    change: right ? null : 'Writes it.',
  };
};

const accountsItem = async ({ db, accounts }: Inner): Promise<Result<MysqlItem>> => {
  const wanted = accountsOf(accounts);
  const there = await db.query<{ readonly user: string; readonly host: string }>(
    'SELECT User AS user, Host AS host FROM mysql.user WHERE User LIKE ?',
    [`${accounts.user}%`],
  );
  if (!there.ok) return there;
  const names = new Set(there.value.map(({ user, host }) => `${user}@${host}`));
  const missing = wanted.map(([user, host]) => `${user}@${host}`).filter((name) => !names.has(name));
  return ok({
    id: 'accounts',
    condition: missing.length === 0 ? 'right' : 'missing',
    text: missing.length === 0 ? 'The accounts are there.' : `There is no account ${missing.join(', ')}.`,
    change: missing.length === 0 ? null : 'Makes them, with only the rights that they need.',
  });
};

const certificateItem = ({ certificate }: Inner): readonly MysqlItem[] => {
  if (certificate === null) return [];
  const there = existsSync(certificate.certificate) && existsSync(certificate.key);
  return [
    {
      id: 'certificate',
      condition: there ? 'right' : 'missing',
      text: there
        ? 'The server has a certificate for the other node.'
        : 'The server has no certificate for the other node.',
      change: there ? null : `Makes a self-signed one (${certificate.certificate}), which the other node pins.`,
    },
  ];
};

const tlsItem = async ({ db, certificate }: Inner): Promise<Result<readonly MysqlItem[]>> => {
  if (certificate === null) return ok([]);
  const now = await readVariable(db, 'ssl_cert');
  if (!now.ok) return now;
  const right = now.value === certificate.certificate;
  return ok([
    {
      id: 'ssl_cert',
      condition: right ? 'right' : 'due',
      text: right
        ? 'The server offers that certificate.'
        : `The server offers ${now.value === '' ? 'no certificate' : now.value}.`,
      change: right ? null : 'Sets it in the file; it takes a restart.',
    },
  ]);
};

/** The settings alone, which need no administrator. Faults: those of `Mysql.query`. */
export const lookAtSettings = async (db: Mysql, serverId: ServerId): Promise<Result<readonly MysqlItem[]>> => {
  const items: MysqlItem[] = [];
  for (const setting of db.dialect.settings(serverId)) {
    const now = await readVariable(db, setting.name);
    if (!now.ok) return now;
    items.push(settingItem(setting, now.value));
  }
  return ok(items);
};

const lookAt = async (inner: Inner): Promise<Result<readonly MysqlItem[]>> => {
  const items = await lookAtSettings(inner.db, inner.serverId);
  if (!items.ok) return items;
  const [accounts, tls] = [await accountsItem(inner), await tlsItem(inner)];
  if (!accounts.ok) return accounts;
  if (!tls.ok) return tls;
  return ok([...items.value, fileItem(inner), accounts.value, ...certificateItem(inner), ...tls.value]);
};

type Former = Readonly<Record<string, string>>;

const readRecord = (path: string): Former | null => {
  const text = fileNow(path);
  return text === null ? null : (JSON.parse(text) as Former);
};

/** The first time only: what a second set-up finds is our own. */
const keepFormer = async ({ db, serverId, recordFile }: Inner): Promise<Result<void>> => {
  if (existsSync(recordFile)) return ok(undefined);
  const former: Record<string, string> = {};
  for (const { name, dynamic } of db.dialect.settings(serverId)) {
    if (!dynamic) continue;
    const now = await readVariable(db, name);
    if (!now.ok) return now;
    if (now.value !== null) former[name] = now.value;
  }
  return written(recordFile, `${JSON.stringify(former)}\n`, 0o600);
};

const written = (path: string, text: string, mode: number): Result<void> => {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode, flush: true });
    return ok(undefined);
  } catch (error) {
    const why = messageOf(error);
    return fail('mysql-file-not-written', `A file of the set-up cannot be written: ${why}.`, 'Run as root.');
  }
};

const assign = (name: string, value: string): string =>
  `SET GLOBAL ${name} = ${/^\d+$/.test(value) ? value : quoteValue(value)}`;

/** A passive node's MySQL refuses administrators too (`super_read_only`): lifted for so long, while `read_only` stays. */
const asAdministrator = async (db: Mysql, statements: readonly string[]): Promise<Result<void>> => {
  const lock = await readReadOnly(db);
  if (!lock.ok) return lock;
  if (!lock.value.strict) return db.runAll(statements);
  const lifted = await db.query('SET GLOBAL super_read_only = 0');
  if (!lifted.ok) return lifted;
  const done = await db.runAll(statements);
  const locked = await setReadOnly(db, true);
  return done.ok ? locked : done;
};

const applyAll = async (inner: Inner): Promise<Result<readonly MysqlItem[]>> => {
  const { db, serverId, certificate, accounts } = inner;
  const kept = await keepFormer(inner);
  if (!kept.ok) return kept;
  if (certificate !== null) {
    const made = await makeCertificate(certificate, inner.reachedAt, inner.run);
    if (!made.ok) return made;
  }
  const saved = written(inner.configFile, fileText(inner), 0o644);
  if (!saved.ok) return saved;
  for (const setting of db.dialect.settings(serverId)) {
    if (!setting.dynamic) continue;
    const now = await readVariable(db, setting.name);
    if (!now.ok) return now;
    if (now.value === null || isRight(setting, now.value)) continue;
    const set = await db.query(assign(setting.name, setting.value));
    if (!set.ok) return set;
  }
  const made = await asAdministrator(db, accountStatements(db.dialect, accounts));
  return made.ok ? lookAt(inner) : made;
};

const undoAll = async (inner: Inner): Promise<Result<readonly string[]>> => {
  const { db, accounts, configFile, recordFile } = inner;
  const former = readRecord(recordFile);
  if (former === null) return fail('mysql-not-set-up', 'Nothing was set up on this node.', 'Nothing to do.');
  const gone = await forgetLink(db);
  if (!gone.ok) return gone;
  const back = await db.runAll([
    ...Object.entries(former).map(([name, value]) => assign(name, value)),
    ...db.dialect.readOnly(false),
    ...dropStatements(accounts),
  ]);
  if (!back.ok) return back;
  rmSync(configFile, { force: true });
  rmSync(recordFile, { force: true });
  return ok([
    'The settings that can be changed while the server runs are as they were; the others after its next restart.',
    `${configFile} is gone.`,
    'The accounts of Dualtone are gone; this server follows nobody, and takes writes.',
  ]);
};

/** `db` is an administrator's connection. Faults: `mysql-file-not-written`, `mysql-certificate`, `mysql-not-set-up`, those of `Mysql.query`. */
export const createMysqlSetup = (db: Mysql, options: MysqlSetupOptions, run: Run): MysqlSetup => {
  const inner: Inner = { ...options, db, run };
  return { look: () => lookAt(inner), apply: () => applyAll(inner), undo: () => undoAll(inner) };
};
