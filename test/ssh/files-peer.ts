/** Two directories trees and a real sshd between them, with the forced command of the replication of files. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Result } from '../../src/core/result.ts';
import type { ServeSettings } from '../../src/replication/files/testing/serve-main.ts';
import { addAuthorized, authorizedLine } from '../../src/ssh/authorized.ts';
import { createKey } from '../../src/ssh/key.ts';
import { pinHost } from '../../src/ssh/known-hosts.ts';
import type { SshTarget } from '../../src/ssh/target.ts';
import { startSshd, type TestSshd } from './sshd.ts';

export interface FilesPeer {
  readonly sshd: TestSshd;
  readonly target: SshTarget;
  /** For both: here as well as there the directories are the same paths, so the other node's stand below a root that it resolves. */
  readonly here: string;
  readonly there: string;
  readonly settings: ServeSettings;
  stop(): Promise<void>;
}

const must = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
};

const SERVE = new URL('../../src/replication/files/testing/serve-main.ts', import.meta.url).pathname;

/** `here` is pushed from, `there` may be overwritten and fetched from. */
export const startFilesPeer = async (settings: Partial<ServeSettings> = {}): Promise<FilesPeer> => {
  const sshd = await startSshd();
  const here = join(sshd.folder, 'here');
  const there = join(sshd.folder, 'there');
  mkdirSync(here);
  mkdirSync(there);
  chmodSync(sshd.folder, 0o755);
  const serve: ServeSettings = {
    receive: [there],
    send: [there, join(sshd.folder, 'lists')],
    runDir: join(sshd.folder, 'run'),
    blocked: join(sshd.folder, 'blocked'),
    // To try two versions of rsync against each other.
    rsync: process.env['DUALTONE_PEER_RSYNC'] ?? 'rsync',
    listenPorts: [],
    ...settings,
  };
  const file = join(sshd.folder, 'serve.json');
  writeFileSync(file, JSON.stringify(serve));
  const key = must(await createKey(sshd.target.keyFile, 'main'));
  const command = [process.execPath, SERVE, file];
  must(
    addAuthorized(
      sshd.authorizedKeys,
      must(authorizedLine(key, { command, openPorts: [], listenPorts: serve.listenPorts })),
    ),
  );
  must(pinHost(sshd.target.knownHostsFile, sshd.target.hostAlias, [sshd.hostKey]));
  return { sshd, target: sshd.target, here, there, settings: serve, stop: () => sshd.stop() };
};

/** A clock of the real time. */
export const realClock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  at: (at: number, fire: () => void) => {
    const timer = setTimeout(fire, Math.max(0, at - performance.now()));
    return () => clearTimeout(timer);
  },
};
