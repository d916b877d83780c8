/** A real sshd of a test's own, on a port of the loopback, with its own host key and authorised keys. Needs root. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ensureRequirements } from '../../lab/requirements.ts';
import { type PublicKey, parsePublicKey } from '../../src/ssh/public-key.ts';
import type { SshTarget } from '../../src/ssh/target.ts';
import { freePort } from '../free-port.ts';

export interface TestSshd {
  readonly folder: string;
  readonly port: number;
  readonly authorizedKeys: string;
  readonly hostKey: PublicKey;
  /** For a client whose key and known hosts lie in `folder`. */
  readonly target: SshTarget;
  /** What sshd wrote. */
  log(): string;
  /** The process that listens; sessions are processes of their own. */
  pid(): number;
  stop(): Promise<void>;
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    // Destroyed before it was told anything, on a busy machine.
    socket.once('close', () => resolve(false));
    setTimeout(() => socket.destroy(), 50).unref();
  });

const configuration = (folder: string, port: number, password: PasswordAccess | null): string =>
  [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${folder}/host_key`,
    `AuthorizedKeysFile ${folder}/authorized_keys`,
    'StrictModes no',
    'UsePAM no',
    // The quickest there is: what is tested is not the strength of its keys.
    'KexAlgorithms curve25519-sha256',
    ...(password === null
      ? ['PasswordAuthentication no', 'PermitRootLogin prohibit-password']
      : ['PasswordAuthentication yes', 'PermitRootLogin yes', `SetEnv PATH=${password.path}`]),
    'PidFile none',
    'LogLevel VERBOSE',
    '',
  ].join('\n');

const makeHostKey = (folder: string): PublicKey => {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'host_key')]);
  const key = parsePublicKey(readFileSync(join(folder, 'host_key.pub'), 'utf8'));
  if (!key.ok) throw new Error(key.error.message);
  return key.value;
};

/** Root logs in by this password too; sshd sees it in a mount namespace of its own, and nobody else does. */
export interface PasswordAccess {
  readonly password: string;
  /** `PATH` of its sessions. */
  readonly path: string;
}

const INTO_NAMESPACE = fileURLToPath(new URL('with-shadow.ts', import.meta.url));

/** The argv of sshd, where a password lets in with a file of passwords of its own. */
const sshdArgv = (folder: string, password: PasswordAccess | null): readonly string[] => {
  const sshd = ['/usr/sbin/sshd', '-D', '-e', '-f', join(folder, 'sshd_config')];
  if (password === null) return sshd;
  const hash = execFileSync('openssl', ['passwd', '-6', '-stdin'], { input: password.password, encoding: 'utf8' });
  const shadow = join(folder, 'shadow');
  writeFileSync(shadow, `root:${hash.trim()}:19000:0:99999:7:::\nsshd:!:19000::::::\n`, { mode: 0o600 });
  return ['unshare', '--mount', '--propagation', 'private', process.execPath, INTO_NAMESPACE, shadow, ...sshd];
};

/** Starts one; on `port` when a former one is to be followed by another at the same place. */
export const startSshd = async (port?: number, password: PasswordAccess | null = null): Promise<TestSshd> => {
  const installed = await ensureRequirements();
  if (!installed.ok) throw new Error(installed.error.message);
  const folder = mkdtempSync(join(tmpdir(), 'dualtone-sshd-'));
  const at = port ?? (await freePort());
  const hostKey = makeHostKey(folder);
  // Where sshd separates its privileges; as a unit it gets it from systemd.
  if (!existsSync('/run/sshd')) mkdirSync('/run/sshd', { mode: 0o755 });
  writeFileSync(join(folder, 'sshd_config'), configuration(folder, at, password));
  writeFileSync(join(folder, 'authorized_keys'), '', { mode: 0o600 });
  const [program = '', ...args] = sshdArgv(folder, password);
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const gone = once(child, 'exit');
  for (let tries = 0; !(await listens(at)); tries += 1) {
    if (tries > 200 || child.exitCode !== null) throw new Error(`sshd does not listen: ${log}`);
    await pause(20);
  }
  return {
    folder,
    port: at,
    authorizedKeys: join(folder, 'authorized_keys'),
    hostKey,
    target: {
      user: 'root',
      address: '127.0.0.1',
      port: at,
      hostAlias: 'dualtone-peer',
      keyFile: join(folder, 'sync_ed25519'),
      knownHostsFile: join(folder, 'known_hosts'),
      connectTimeoutMs: 3000,
      controlPath: null,
    },
    log: () => log,
    pid: () => child.pid ?? 0,
    stop: async () => {
      child.kill('SIGKILL');
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
