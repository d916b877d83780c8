/** MariaDB servers for tests: private, quick, in memory, ended by SIGKILL, and gone with the test that started them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { access, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { plainEnvironment } from '../../lab/process.ts';

const MEMORY = '/dev/shm';
const PROGRAM = '/usr/sbin/mariadbd';
const SCRIPTS = '/usr/share/mysql';
const START_MS = 30_000;

export interface TestServer {
  readonly socket: string;
  readonly port: number;
  /** Read at each start; empty in the beginning. */
  readonly configFile: string;
  readonly folder: string;
  /** What it has written so far. */
  readonly log: () => Promise<string>;
  /** As a power loss, without fsync. */
  readonly kill: () => Promise<void>;
  /** With other settings from now on, where given. */
  readonly startAgain: (settings?: Settings) => Promise<void>;
  /** Kills it and removes all of it. */
  readonly stop: () => Promise<void>;
}

/** Options of the server, as `server_id: 1`. */
export type Settings = Readonly<Record<string, string | number>>;

const small: Settings = {
  innodb_buffer_pool_size: '8M',
  innodb_log_file_size: '4M',
  innodb_log_buffer_size: '1M',
  innodb_flush_log_at_trx_commit: 0,
  innodb_flush_method: 'nosync',
  innodb_fast_shutdown: 2,
  sync_binlog: 0,
  key_buffer_size: '64K',
  aria_pagecache_buffer_size: '128K',
  performance_schema: 'OFF',
  max_connections: 40,
  lc_messages_dir: SCRIPTS,
  log_warnings: 2,
};

const argvOf = (settings: Settings): readonly string[] =>
  Object.entries(settings).map(([name, value]) => `--${name.replaceAll('_', '-')}=${value}`);

const freePort = async (): Promise<number> =>
  await new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

const exists = async (path: string): Promise<boolean> =>
  await access(path).then(
    () => true,
    () => false,
  );

/** Removes what tests left that were killed themselves. */
const sweep = async (): Promise<void> => {
  for (const name of await readdir(MEMORY)) {
    const [, pid] = /^dualtone-mysql-(\d+)-/.exec(name) ?? [];
    if (pid === undefined || (await exists(`/proc/${pid}`))) continue;
    await rm(join(MEMORY, name), { recursive: true, force: true });
  }
};

/** Dies with the process of the test. */
const mortal = ['--pdeathsig', 'KILL', '--'];

const bootstrapText = async (): Promise<string> => {
  const names = ['mysql_system_tables.sql', 'mysql_performance_tables.sql', 'mysql_system_tables_data.sql'];
  const texts = await Promise.all(names.map((name) => readFile(join(SCRIPTS, name), 'utf8')));
  // Root comes by the socket, as the user root of this machine.
  return ['CREATE DATABASE mysql;', 'USE mysql;', "SET @auth_root_socket='root';", ...texts, ''].join('\n');
};

const initialise = async (dataDir: string): Promise<void> => {
  await mkdir(dataDir, { mode: 0o700 });
  const argv = ['--no-defaults', '--user=root', '--bootstrap', `--datadir=${dataDir}`, ...argvOf(small)];
  const child = spawn('setpriv', [...mortal, PROGRAM, ...argv], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { ...plainEnvironment },
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(await bootstrapText());
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`MariaDB made no system tables: ${said.slice(-2000)}`);
};

let template: Promise<string> | null = null;

/** The system tables are made once for each process of tests. */
const makeTemplate = async (): Promise<string> => {
  await sweep();
  const folder = await mkdtemp(join(MEMORY, `dualtone-mysql-${process.pid}-`));
  process.once('exit', () => {
    rmSync(folder, { recursive: true, force: true });
  });
  await initialise(join(folder, 'data'));
  return folder;
};

const waitForReady = async (child: ChildProcess, log: () => Promise<string>): Promise<void> => {
  const limit = performance.now() + START_MS;
  while (!(await log()).includes('ready for connections')) {
    if (child.exitCode !== null || performance.now() > limit)
      throw new Error(`MariaDB did not start: ${(await log()).slice(-2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

/** About 0.3 s, besides the first of a process (1 s). Throws when it does not start. */
export const startServer = async (settings: Settings = {}): Promise<TestServer> => {
  template ??= makeTemplate();
  const source = await template;
  const root = await mkdtemp(join(MEMORY, `dualtone-mysql-${process.pid}-`));
  const [dataDir, socket, logFile] = [join(root, 'data'), join(root, 's'), join(root, 'error.log')];
  await cp(join(source, 'data'), dataDir, { recursive: true });
  const configFile = join(root, 'my.cnf');
  await writeFile(configFile, '');
  const port = await freePort();
  let child: ChildProcess | null = null;
  let own = settings;
  const log = async (): Promise<string> => readFile(logFile, 'utf8').catch(() => '');
  const start = async (): Promise<void> => {
    await writeFile(logFile, '');
    const place: Settings = { datadir: dataDir, socket, port, bind_address: '127.0.0.1', log_error: logFile };
    const argv = [
      `--defaults-file=${configFile}`,
      '--user=root',
      ...argvOf({ ...small, ...place, pid_file: join(root, 'pid'), ...own }),
    ];
    child = spawn('setpriv', [...mortal, PROGRAM, ...argv], { stdio: 'ignore', env: { ...plainEnvironment } });
    await waitForReady(child, log);
    child.unref();
  };
  const kill = async (): Promise<void> => {
    const former = child;
    child = null;
    if (former === null || former.exitCode !== null || former.signalCode !== null) return;
    former.ref();
    const ended = once(former, 'exit');
    former.kill('SIGKILL');
    await ended;
  };
  const stop = async (): Promise<void> => {
    await kill();
    await rm(root, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  const startAgain = async (changed: Settings = own): Promise<void> => {
    own = changed;
    await start();
  };
  return { socket, port, configFile, folder: root, log, kill, startAgain, stop };
};

/** Removes what all servers of this process were made from; at the end of a file of tests. */
export const removeTemplate = async (): Promise<void> => {
  if (template !== null) await rm(await template, { recursive: true, force: true });
  template = null;
};
