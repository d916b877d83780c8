/** Real PostgreSQL and real sshd on both nodes, with a telephone system's database, made ready by Dualtone's own commands. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ok, type Result } from '../../src/core/result.ts';
import type { Role } from '../../src/core/words.ts';
import { databaseUser } from '../asterisk/database.ts';
import type { Host } from '../hosts/host.ts';
import type { Lab } from '../lab.ts';
import { monotonicMs } from '../phones/clock.ts';
import type { Outcome } from '../process.ts';
import { telephoneSystemSql } from '../telephone-system/install.ts';
import { roles } from '../topology.ts';
import { collectedDirectories, type DataSetup, followedDirectories, isStrict, voicemailSpool } from './streams.ts';

/** Units that such a node has besides the usual ones. */
export const dataUnits: readonly string[] = ['postgresql.service', 'ssh.service'];

const database = 'asterisk';
const content = { era: 'xivo', users: 20, queues: 2, events: 200, seed: 1 } as const;

/** `psql` as PostgreSQL's own user, SQL on standard input. */
export const psqlArgv = (name: string): readonly string[] => [
  'runuser',
  '-u',
  'postgres',
  '--',
  'psql',
  '-X',
  '-q',
  '-At',
  '-v',
  'ON_ERROR_STOP=1',
  '-d',
  name,
];

const sql = async (host: Host, name: string, text: string): Promise<Result<Outcome>> =>
  await host.execChecked(psqlArgv(name), { input: text, timeoutMs: 150_000 });

const allOf = async (steps: readonly (() => Promise<Result<unknown>>)[]): Promise<Result<void>> => {
  for (const step of steps) {
    const done = await step();
    if (!done.ok) return done;
  }
  return ok(undefined);
};

/** The database, once in the life of a node's disk. */
const makeDatabase = async (host: Host, role: Role): Promise<Result<void>> => {
  const there = await sql(host, 'postgres', `select count(*) from pg_database where datname = '${database}';`);
  if (!there.ok || there.value.stdout.trim() === '1') return there.ok ? ok(undefined) : there;
  const statements = telephoneSystemSql({ ...content, node: role });
  return await allOf([
    () => sql(host, 'postgres', `create database ${database} template template0 encoding 'UTF8' locale 'C.UTF-8';`),
    () => sql(host, database, `begin;\n${statements.join(';\n')};\ncommit;\n`),
  ]);
};

/**
 * The lab's loss of power ends processes and leaves the kernel, which keeps all that was written: so nothing is lost by not waiting for
 * the machine's disk, which many labs share, and a start after a loss of power is as fast as on a server with a disk of its own.
 */
const unsynced = 'alter system set fsync = off;\nselect pg_reload_conf();\n';

/** Asterisk writes its events, and people's features by their telephones; no more. */
const letAsteriskIn = `
do $$ begin create role ${databaseUser} login; exception when duplicate_object then null; end $$;
grant select, insert on cel to ${databaseUser};
grant usage on sequence cel_id_seq to ${databaseUser};
grant select, update on userfeatures, callfiltermember to ${databaseUser};
grant select on staticsip to ${databaseUser};
`;

/** Asterisk looks at the database when these are loaded, and may have booted before there was one. */
const databaseModules = ['cel_pgsql', 'res_config_pgsql'] as const;

const letAsteriskLook = async (host: Host): Promise<Result<void>> => {
  for (const verb of ['unload', 'load']) {
    for (const name of databaseModules) {
      const done = await host.exec(['asterisk', '-rx', `module ${verb} ${name}.so`]);
      if (!done.ok) return done;
    }
  }
  return ok(undefined);
};

const spools = [voicemailSpool, ...collectedDirectories];

const prepareNode = async (host: Host, role: Role): Promise<Result<void>> =>
  await allOf([
    () => host.execChecked(['mkdir', '-p', ...followedDirectories, ...spools]),
    () => host.execChecked(['chown', 'asterisk:', ...spools]),
    () => host.execChecked(['ssh-keygen', '-A']),
    () => host.execChecked(['systemctl', 'start', ...dataUnits], { timeoutMs: 150_000 }),
    () => host.execChecked(['pg_isready', '-q', '-t', '30'], { timeoutMs: 40_000 }),
    () => sql(host, 'postgres', unsynced),
    () => makeDatabase(host, role),
    () => sql(host, database, letAsteriskIn),
    () => host.execChecked(['dualtone', 'database', 'setup'], { timeoutMs: 150_000 }),
    // Nobody telephones through it yet.
    () => host.execChecked(['dualtone', 'database', 'restart', '--force'], { timeoutMs: 150_000 }),
    () => letAsteriskLook(host),
  ]);

/** The agents find each other first, and the main begins to serve. `remedy` is tried after each try that failed, whatever comes of it. */
const untilDone = async (
  host: Host,
  argv: readonly string[],
  withinMs: number,
  remedy?: readonly string[],
): Promise<Result<Outcome>> => {
  const deadlineMs = monotonicMs() + withinMs;
  for (;;) {
    const done = await host.execChecked(argv, { timeoutMs: 150_000 });
    if (done.ok || monotonicMs() > deadlineMs) return done;
    if (remedy !== undefined) await host.exec(remedy, { timeoutMs: 150_000 });
    await sleep(200);
  }
};

const personsKey = '/root/.ssh/id_ed25519';

const authorizedKeys = '/root/.ssh/authorized_keys';

/** Beside the keys that are allowed there: a key refused a few times has sshd refuse its host for a while. */
const allowPerson = async (standby: Host, line: string): Promise<Result<unknown>> => {
  const known = await standby.exec(['cat', '--', authorizedKeys]);
  if (!known.ok) return known;
  const before = known.value.code === 0 ? known.value.stdout : '';
  return before.includes(line.trim())
    ? ok(undefined)
    : await standby.write(authorizedKeys, `${before}${line}`, { mode: 0o600 });
};

/** As a person who may log in at the standby: where the pair's own stream goes through SSH, it stands only after this. */
const syncInitByPerson = async (main: Host, standby: Host): Promise<Result<unknown>> => {
  const made = await main.execChecked(['mkdir', '-p', '-m', '700', '/root/.ssh']);
  if (!made.ok) return made;
  const there = await main.exec(['test', '-e', personsKey]);
  if (!there.ok) return there;
  if (there.value.code !== 0) {
    const key = await main.execChecked(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', personsKey]);
    if (!key.ok) return key;
  }
  const line = await main.read(`${personsKey}.pub`);
  if (!line.ok) return line;
  const allowed = await allowPerson(standby, line.value);
  if (!allowed.ok) return allowed;
  const shown = await standby.execChecked(['ssh-keygen', '-lf', '/etc/ssh/ssh_host_ed25519_key.pub']);
  if (!shown.ok) return shown;
  const fingerprint = shown.value.stdout.split(' ')[1] ?? '';
  return await untilDone(main, ['dualtone', 'sync', 'init', '--ssh', '--host-key', fingerprint], 60_000);
};

/** As an administrator would: both databases first. The agents run already. */
export const prepareDatabases = async (lab: Lab): Promise<Result<void>> => {
  const prepared = await Promise.all(roles.map(async (role) => await prepareNode(lab.host(role), role)));
  return prepared.find((result) => !result.ok) ?? ok(undefined);
};

/** Then the way for files, then the first run. The main serves. */
export const prepareStreams = async (lab: Lab, data: DataSetup): Promise<Result<void>> => {
  const [main, standby] = [lab.host('main'), lab.host('standby')];
  return await allOf([
    () => (isStrict(data) ? syncInitByPerson(main, standby) : untilDone(main, ['dualtone', 'sync', 'init'], 60_000)),
    () => untilDone(main, ['dualtone', 'replicate'], 180_000, ['dualtone', 'merge', 'run']),
  ]);
};
