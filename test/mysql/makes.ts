/** What MariaDB and MySQL want differently of a test: their programs, their settings, and how a first data folder is made. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plainEnvironment } from '../../lab/process.ts';
import { argvOfProgram, ensurePrograms, type ProgramsRecipe } from '../../lab/tree/programs.ts';

export type Make = 'mariadb' | 'mysql';

/** `mariadb`: this machine's own, 10.11 on Debian 12; the others are unpacked from the suite that has them. */
export type Edition = 'mariadb' | 'mariadb-10.5' | 'mariadb-11.8' | 'mysql';

export const makeOf = (edition: Edition): Make => (edition === 'mysql' ? 'mysql' : 'mariadb');

/** Options of the server, as `server_id: 1`. */
export type Settings = Readonly<Record<string, string | number>>;

export interface Programs {
  /** What runs the server, without its options. */
  readonly argv: readonly string[];
  readonly settings: Settings;
  /** Makes the system tables in that folder, which does not exist yet. */
  readonly initialise: (dataDir: string) => Promise<void>;
  /** Files of the data folder that no two servers may have alike. */
  readonly ownFiles: readonly string[];
  /** What its file holds until set-up writes it anew. */
  readonly firstConfig: string;
}

/** Dies with the process of the test. */
export const mortal: readonly string[] = ['setpriv', '--pdeathsig', 'KILL', '--'];

export const argvOf = (settings: Settings): readonly string[] =>
  Object.entries(settings).map(([name, value]) => `--${name.replaceAll('_', '-')}=${value}`);

const small: Settings = {
  innodb_buffer_pool_size: '8M',
  innodb_log_buffer_size: '1M',
  // What was committed outlives a SIGKILL; it costs nothing in memory.
  innodb_flush_log_at_trx_commit: 1,
  sync_binlog: 1,
  innodb_flush_method: 'nosync',
  innodb_fast_shutdown: 2,
  key_buffer_size: '64K',
  performance_schema: 'OFF',
  max_connections: 40,
};

const runToEnd = async (argv: readonly string[], input: string, what: string): Promise<void> => {
  const [program = '', ...parameters] = [...mortal, ...argv];
  const child = spawn(program, parameters, { stdio: ['pipe', 'ignore', 'pipe'], env: { ...plainEnvironment } });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${what} made no system tables: ${said.slice(-2000)}`);
};

/** Their names and their folder changed with 10.6 and 11. */
const bootstrapText = async (scripts: string): Promise<string> => {
  const prefix = (await readdir(scripts)).includes('mariadb_system_tables.sql') ? 'mariadb' : 'mysql';
  const names = ['system_tables', 'performance_tables', 'system_tables_data'];
  const texts = await Promise.all(names.map((name) => readFile(join(scripts, `${prefix}_${name}.sql`), 'utf8')));
  // Root comes by the socket, as the user root of this machine.
  return ['CREATE DATABASE mysql;', 'USE mysql;', "SET @auth_root_socket='root';", ...texts, ''].join('\n');
};

const mariadbBy = (argv: readonly string[], scripts: string, more: Settings): Programs => {
  const settings: Settings = {
    ...small,
    innodb_log_file_size: '4M',
    aria_pagecache_buffer_size: '128K',
    lc_messages_dir: scripts,
    log_warnings: 2,
    ...more,
  };
  return {
    argv,
    settings,
    ownFiles: [],
    // From 11.4 on a server without a certificate makes one at each start, which takes seconds.
    firstConfig: '[mysqld]\nskip_ssl\n',
    initialise: async (dataDir) => {
      await mkdir(dataDir, { mode: 0o700 });
      const options = ['--no-defaults', '--user=root', '--bootstrap', `--datadir=${dataDir}`, ...argvOf(settings)];
      await runToEnd([...argv, ...options], await bootstrapText(scripts), 'MariaDB');
    },
  };
};

/** Debian 12's own. */
const mariadb = async (): Promise<Programs> => mariadbBy(['/usr/sbin/mariadbd'], '/usr/share/mysql', {});

/** Of another Debian. */
const mariadbOf = (recipe: ProgramsRecipe, folder: string) => async (): Promise<Programs> => {
  const root = await ensurePrograms(recipe);
  if (!root.ok) throw new Error(root.error.message);
  const scripts = join(root.value, folder);
  return mariadbBy(argvOfProgram(root.value, 'usr/sbin/mariadbd'), scripts, {
    basedir: join(root.value, 'usr'),
    character_sets_dir: join(scripts, 'charsets'),
    innodb_use_native_aio: 0,
  });
};

/** Debian 12 has none; sid has. */
const mysqlRecipe = { suite: 'sid', packages: ['mysql-server-core'] } as const;

const mysql = async (): Promise<Programs> => {
  const root = await ensurePrograms(mysqlRecipe);
  if (!root.ok) throw new Error(root.error.message);
  const argv = argvOfProgram(root.value, 'usr/sbin/mysqld');
  const settings: Settings = {
    ...small,
    innodb_fast_shutdown: 1,
    innodb_redo_log_capacity: '8M',
    innodb_use_native_aio: 0,
    innodb_doublewrite: 0,
    mysqlx: 'OFF',
    secure_file_priv: 'NULL',
    auto_generate_certs: 'OFF',
    caching_sha2_password_auto_generate_rsa_keys: 'OFF',
    basedir: join(root.value, 'usr'),
    lc_messages_dir: join(root.value, 'usr/share/mysql'),
    character_sets_dir: join(root.value, 'usr/share/mysql/charsets'),
    plugin_dir: join(root.value, 'usr/lib/mysql/plugin'),
    log_error_verbosity: 3,
  };
  return {
    argv,
    settings,
    // Its number of itself.
    ownFiles: ['auto.cnf'],
    firstConfig: '',
    initialise: async (dataDir) => {
      const options = ['--no-defaults', '--user=root', '--initialize-insecure', `--datadir=${dataDir}`];
      await runToEnd([...argv, ...options, ...argvOf(settings)], '', 'MySQL');
    },
  };
};

const isEdition = (name: string): name is Edition => Object.hasOwn(programsOf, name);

export const programsOf: Readonly<Record<Edition, () => Promise<Programs>>> = {
  mariadb,
  'mariadb-10.5': mariadbOf({ suite: 'bullseye', packages: ['mariadb-server-core-10.5'] }, 'usr/share/mysql'),
  'mariadb-11.8': mariadbOf({ suite: 'trixie', packages: ['mariadb-server-core'] }, 'usr/share/mariadb'),
  mysql,
};

/** This machine's MariaDB alone, or what `DUALTONE_TEST_MYSQL` lists (`mariadb-11.8,mysql`): the others are large downloads. Throws on a name that is none. */
export const editionsUnderTest = (): readonly Edition[] =>
  (process.env['DUALTONE_TEST_MYSQL'] ?? 'mariadb').split(',').map((name) => {
    if (!isEdition(name))
      throw new Error(`DUALTONE_TEST_MYSQL: "${name}" is none of ${Object.keys(programsOf).join(', ')}`);
    return name;
  });
