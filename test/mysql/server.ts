/** MariaDB and MySQL servers for tests: private, quick, in memory, ended by SIGKILL, and gone with the test that started them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plainEnvironment } from '../../lab/process.ts';
import { freePort } from '../free-port.ts';
import { makeMemoryFolder } from '../memory-folder.ts';
import { argvOf, type Edition, mortal, type Programs, programsOf, type Settings } from './makes.ts';

const PREFIX = 'dualtone-mysql';
const START_MS = 30_000;

export interface TestServer {
  readonly socket: string;
  readonly port: number;
  /** Read at each start. */
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

const templateByEdition = new Map<Edition, Promise<string>>();

/** The system tables are made once for each process of tests. */
const makeTemplate = async (programs: Programs): Promise<string> => {
  const folder = await makeMemoryFolder(PREFIX);
  process.once('exit', () => {
    rmSync(folder, { recursive: true, force: true });
  });
  await programs.initialise(join(folder, 'data'));
  for (const name of programs.ownFiles) await rm(join(folder, 'data', name), { force: true });
  return folder;
};

const templateOf = (edition: Edition, programs: Programs): Promise<string> => {
  const made = templateByEdition.get(edition) ?? makeTemplate(programs);
  templateByEdition.set(edition, made);
  return made;
};

const waitForReady = async (child: ChildProcess, log: () => Promise<string>): Promise<void> => {
  const limit = performance.now() + START_MS;
  while (!(await log()).includes('ready for connections')) {
    if (child.exitCode !== null || performance.now() > limit)
      throw new Error(`the server did not start: ${(await log()).slice(-2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

/** About 0.3 s, besides the first of a process (1 s; MySQL 3 s). Throws when it does not start. */
export const startServer = async (edition: Edition = 'mariadb', settings: Settings = {}): Promise<TestServer> => {
  const programs = await programsOf[edition]();
  const source = await templateOf(edition, programs);
  const root = await makeMemoryFolder(PREFIX);
  const [dataDir, socket, logFile] = [join(root, 'data'), join(root, 's'), join(root, 'error.log')];
  await cp(join(source, 'data'), dataDir, { recursive: true });
  const configFile = join(root, 'my.cnf');
  await writeFile(configFile, programs.firstConfig);
  const port = await freePort();
  let child: ChildProcess | null = null;
  let own = settings;
  const log = async (): Promise<string> => readFile(logFile, 'utf8').catch(() => '');
  const start = async (): Promise<void> => {
    await writeFile(logFile, '');
    const place: Settings = { datadir: dataDir, socket, port, bind_address: '127.0.0.1', log_error: logFile };
    const options = argvOf({ ...programs.settings, ...place, pid_file: join(root, 'pid'), ...own });
    const [program = '', ...argv] = [
      ...mortal,
      ...programs.argv,
      `--defaults-file=${configFile}`,
      '--user=root',
      ...options,
    ];
    child = spawn(program, argv, { stdio: 'ignore', env: { ...plainEnvironment } });
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
  for (const template of templateByEdition.values()) await rm(await template, { recursive: true, force: true });
  templateByEdition.clear();
};
