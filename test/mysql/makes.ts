/** What MariaDB and MySQL want differently of a test: their programs, their settings, and how a first data folder is made. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plainEnvironment } from '../../lab/process.ts';
import { argvOfProgram, ensurePrograms } from '../../lab/tree/programs.ts';

export type Make = 'mariadb' | 'mysql';

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
}

/** Dies with the process of the test. */
export const mortal: readonly string[] = ['setpriv', '--pdeathsig', 'KILL', '--'];

export const argvOf = (settings: Settings): readonly string[] =>
  Object.entries(settings).map(([name, value]) => `--${name.replaceAll('_', '-')}=${value}`);

const small: Settings = {
  innodb_buffer_pool_size: '8M',
  innodb_log_buffer_size: '1M',
  innodb_flush_log_at_trx_commit: 0,
  innodb_flush_method: 'nosync',
  innodb_fast_shutdown: 2,
  sync_binlog: 0,
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

const SCRIPTS = '/usr/share/mysql';

const bootstrapText = async (): Promise<string> => {
  const names = ['mysql_system_tables.sql', 'mysql_performance_tables.sql', 'mysql_system_tables_data.sql'];
  const texts = await Promise.all(names.map((name) => readFile(join(SCRIPTS, name), 'utf8')));
  // Root comes by the socket, as the user root of this machine.
  return ['CREATE DATABASE mysql;', 'USE mysql;', "SET @auth_root_socket='root';", ...texts, ''].join('\n');
};

/** Debian 12's own. */
const mariadb = async (): Promise<Programs> => {
  const argv = ['/usr/sbin/mariadbd'];
  const settings: Settings = {
    ...small,
    innodb_log_file_size: '4M',
    aria_pagecache_buffer_size: '128K',
    lc_messages_dir: SCRIPTS,
    log_warnings: 2,
  };
  return {
    argv,
    settings,
    ownFiles: [],
    initialise: async (dataDir) => {
      await mkdir(dataDir, { mode: 0o700 });
      const options = ['--no-defaults', '--user=root', '--bootstrap', `--datadir=${dataDir}`, ...argvOf(settings)];
      await runToEnd([...argv, ...options], await bootstrapText(), 'MariaDB');
    },
  };
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
    // Its accounts are in InnoDB too, and must outlive a SIGKILL.
    innodb_flush_log_at_trx_commit: 2,
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
    initialise: async (dataDir) => {
      const options = ['--no-defaults', '--user=root', '--initialize-insecure', `--datadir=${dataDir}`];
      await runToEnd([...argv, ...options, ...argvOf(settings)], '', 'MySQL');
    },
  };
};

export const programsOf: Readonly<Record<Make, () => Promise<Programs>>> = { mariadb, mysql };

/** MariaDB alone, or what `DUALTONE_TEST_MYSQL` lists (`mysql`, `mariadb,mysql`): MySQL is a large download. */
export const makesUnderTest = (): readonly Make[] =>
  (process.env['DUALTONE_TEST_MYSQL'] ?? 'mariadb').split(',').filter((make) => make === 'mariadb' || make === 'mysql');
