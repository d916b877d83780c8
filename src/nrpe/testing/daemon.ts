/** A real nrpe on a loopback port, as Debian ships it, with a configuration of the test's own. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../test/free-port.ts';

export interface Daemon {
  readonly port: number;
  stop(): Promise<void>;
}

export interface DaemonOptions {
  /** Lines of `nrpe.cfg` besides the usual. */
  readonly lines?: readonly string[];
  readonly allowedHosts?: string;
  readonly plain?: boolean;
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => socket.destroy());
    socket.once('connect', () => socket.destroy());
  });

/** Until it takes connections, which it does at once or not at all. */
const untilUp = async (port: number, child: ChildProcess, said: () => string): Promise<void> => {
  for (let left = 500; left > 0; left -= 1) {
    if (await accepts(port)) return;
    assert.equal(child.exitCode, null, `nrpe ended: ${said()}`);
    await sleep(10);
  }
  assert.fail(`nrpe does not listen: ${said()}`);
};

/** Readable by the user that nrpe becomes; remove it after use. */
export const daemonFolder = (): string => {
  const folder = mkdtempSync('/dev/shm/dualtone-nrpe-');
  chmodSync(folder, 0o755);
  return folder;
};

/** Throws where nrpe is not installed or does not come up. */
export const startDaemon = async ({
  lines = [],
  allowedHosts = '127.0.0.1',
  plain = false,
}: DaemonOptions = {}): Promise<Daemon> => {
  const folder = daemonFolder();
  const port = await freePort();
  const file = join(folder, 'nrpe.cfg');
  const usual = [
    `server_port=${port}`,
    'server_address=127.0.0.1',
    'nrpe_user=nagios',
    'nrpe_group=nagios',
    `allowed_hosts=${allowedHosts}`,
    'disable_syslog=1',
    'command_timeout=20',
    `pid_file=${folder}/nrpe.pid`,
  ];
  writeFileSync(file, `${[...usual, ...lines].join('\n')}\n`, { mode: 0o644 });
  const child = spawn('nrpe', ['-c', file, '-f', ...(plain ? ['-n'] : [])], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const pipe of [child.stdout, child.stderr])
    pipe.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  const ended = once(child, 'exit');
  await untilUp(port, child, () => text);
  return {
    port,
    stop: async () => {
      // Not SIGTERM: nrpe only notes it, and one that comes just before it waits for the next connection is never acted on.
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** An authority of the test's own, and a certificate for an address that it signed: paths of PEM files in `folder`. */
/** `days`: how long that of the daemon is valid; less than 0: it is out of date. */
export const makeCertificates = (folder: string, address: string, days = 2): void => {
  const openssl = (...argv: string[]): void =>
    void execFileSync('openssl', argv, { cwd: folder, stdio: 'pipe', timeout: 20_000 });
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...fresh, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Authority of a test');
  writeFileSync(join(folder, 'names'), `subjectAltName=IP:${address}\n`);
  for (const who of ['daemon', 'node']) {
    openssl('req', ...fresh.slice(0, 5), '-keyout', `${who}.key`, '-out', `${who}.csr`, '-subj', `/CN=${who}`);
    const signed = ['-in', `${who}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days'];
    openssl('x509', '-req', ...signed, String(who === 'daemon' ? days : 2), '-extfile', 'names', '-out', `${who}.pem`);
  }
  // The daemon reads them as the user that it becomes.
  for (const name of ['ca.pem', 'daemon.pem', 'daemon.key', 'node.pem', 'node.key'])
    chmodSync(join(folder, name), 0o644);
};
