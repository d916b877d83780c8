/** A real cluster of three, as Debian ships etcd, on loopback ports: TLS with certificates of the test's own, users and roles. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../../../test/free-port.ts';
import { clientOf, type EtcdFiles } from '../configured.ts';
import { makeAuthority, makeCertificate } from './certificates.ts';

const run = promisify(execFile);

export const PREFIX = '/dualtone/office';

interface Member {
  readonly name: string;
  readonly client: string;
  readonly peer: string;
  child: ChildProcess | null;
}

export interface Cluster {
  readonly folder: string;
  readonly endpoints: readonly string[];
  /** As `etcdctl endpoint status -w json` prints it. */
  readonly id: string;
  /** The pair's user, with a role that ends at the prefix. */
  readonly files: EtcdFiles;
  /** As root of etcd. */
  etcdctl(...argv: string[]): Promise<string>;
  /** The endpoint of the member that leads. */
  leader(): Promise<string>;
  signal(endpoint: string, signal: NodeJS.Signals): void;
  /** Ends it without a word. */
  kill(endpoint: string): Promise<void>;
  start(endpoint: string): Promise<void>;
  /** A snapshot of the first member. */
  backup(path: string): Promise<void>;
  /** Stops all, puts the snapshot in the place of their data, and starts them. */
  restore(snapshot: string): Promise<void>;
  stop(): Promise<void>;
  /** Their processes, as the machine numbers them. */
  pids(): readonly number[];
}

export interface ClusterOptions {
  /** The folder in which its disks are; default: memory, where a write costs nothing. */
  readonly under?: string;
  /** Further words of each member's command line. */
  readonly more?: readonly string[];
}

const argvOf = (folder: string, member: Member, members: readonly Member[]): string[] => [
  `--name=${member.name}`,
  `--data-dir=${join(folder, member.name)}`,
  `--listen-client-urls=${member.client}`,
  `--advertise-client-urls=${member.client}`,
  `--listen-peer-urls=${member.peer}`,
  `--initial-advertise-peer-urls=${member.peer}`,
  `--initial-cluster=${members.map(({ name, peer }) => `${name}=${peer}`).join(',')}`,
  '--initial-cluster-token=test',
  '--cert-file=member.pem',
  '--key-file=member.key',
  '--trusted-ca-file=ca.pem',
  '--client-cert-auth',
  '--logger=zap',
  '--log-level=error',
];

const startMember = ({ folder, members, more }: Site, member: Member): void => {
  const argv = [...argvOf(folder, member, members), ...more];
  member.child = spawn('etcd', argv, { cwd: folder, stdio: ['ignore', 'ignore', 'ignore'] });
};

const killMember = async (member: Member): Promise<void> => {
  const { child } = member;
  member.child = null;
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
};

const setUp = async (etcdctl: Cluster['etcdctl']): Promise<void> => {
  await etcdctl('user', 'add', 'root:top');
  await etcdctl('role', 'add', 'office');
  await etcdctl('role', 'grant-permission', 'office', '--prefix=true', 'readwrite', `${PREFIX}/`);
  await etcdctl('user', 'add', 'office:secret');
  await etcdctl('user', 'grant-role', 'office', 'office');
  await etcdctl('auth', 'enable');
};

/** The folder, its members, and etcdctl, by the login that is set. */
interface Site {
  readonly folder: string;
  readonly members: readonly Member[];
  readonly endpoints: readonly string[];
  readonly files: EtcdFiles;
  readonly more: readonly string[];
  login: readonly string[];
}

const environment = { PATH: process.env['PATH'], ETCDCTL_API: '3' };

const makeSite = async ({ under = '/dev/shm', more = [] }: ClusterOptions): Promise<Site> => {
  const folder = mkdtempSync(join(under, 'dualtone-etcd-'));
  makeAuthority(folder);
  makeCertificate(folder, 'member', 2);
  makeCertificate(folder, 'node', 2);
  writeFileSync(join(folder, 'password'), 'secret\n', { mode: 0o600 });
  const members: Member[] = [];
  for (const name of ['etcd-1', 'etcd-2', 'etcd-3']) {
    const [client, peer] = [`https://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
    members.push({ name, client, peer, child: null });
  }
  const endpoints = members.map(({ client }) => client);
  const [passwordFile, authorityFile] = [join(folder, 'password'), join(folder, 'ca.pem')];
  const own = { certificateFile: join(folder, 'node.pem'), keyFile: join(folder, 'node.key') };
  const files = { endpoints, user: 'office', passwordFile, authorityFile, ...own };
  return { folder, members, endpoints, files, more, login: [] };
};

const etcdctlAt = async (site: Site, at: readonly string[], argv: readonly string[]): Promise<string> => {
  const usual = [`--endpoints=${at.join(',')}`, '--cacert=ca.pem', '--cert=node.pem', '--key=node.key', ...site.login];
  const options = { cwd: site.folder, env: environment, timeout: 10_000 };
  return (await run('etcdctl', [...usual, ...argv], options)).stdout;
};

const startAll = async (site: Site, which: readonly Member[]): Promise<void> => {
  for (const member of which) startMember(site, member);
  const health = ['endpoint', 'health', '--dial-timeout=5s', '--command-timeout=8s'];
  for (let left = 40; left > 0; left -= 1) {
    const healthy = await etcdctlAt(site, site.endpoints, health).then(
      () => true,
      () => false,
    );
    if (healthy) return;
    await sleep(50);
  }
  assert.fail('the cluster does not come up');
};

const restore = async (site: Site, snapshot: string): Promise<void> => {
  const { folder, members } = site;
  await Promise.all(members.map(killMember));
  for (const { name, peer } of members) {
    rmSync(join(folder, name), { recursive: true, force: true });
    const argv = [
      `--name=${name}`,
      `--initial-cluster=${members.map((each) => `${each.name}=${each.peer}`).join(',')}`,
      '--initial-cluster-token=test',
      `--initial-advertise-peer-urls=${peer}`,
      `--data-dir=${join(folder, name)}`,
    ];
    await run('etcdctl', ['snapshot', 'restore', snapshot, ...argv], { cwd: folder, env: environment });
  }
  await startAll(site, members);
};

const idOf = async ({ files }: Site): Promise<string> => {
  const asked = clientOf(files, 10_000);
  const told = await asked.read(`${PREFIX}/right`);
  asked.close();
  return told.ok ? told.value.cluster : assert.fail(JSON.stringify(told));
};

const leaderOf = async ({ files, endpoints }: Site): Promise<string> => {
  const one = clientOf(files, 5000);
  const all = await Promise.all(endpoints.map((each) => one.health(each)));
  one.close();
  const index = all.findIndex((each) => each.ok && each.value.leads);
  return endpoints[index] ?? assert.fail('no member leads');
};

/** Throws where etcd is not installed or does not come up. */
export const startCluster = async (options: ClusterOptions = {}): Promise<Cluster> => {
  const site = await makeSite(options);
  const { folder, members, endpoints, files } = site;
  // Whatever fails from here on leaves none behind.
  process.once('exit', () => {
    for (const { child } of members) child?.kill('SIGKILL');
  });
  const etcdctl = (...argv: string[]): Promise<string> => etcdctlAt(site, endpoints, argv);
  const memberAt = (endpoint: string): Member =>
    members.find(({ client }) => client === endpoint) ?? assert.fail(endpoint);
  await startAll(site, members);
  await setUp(etcdctl);
  site.login = ['--user=root:top'];
  return {
    folder,
    endpoints,
    id: await idOf(site),
    files,
    etcdctl,
    leader: () => leaderOf(site),
    pids: () => members.flatMap(({ child }) => (child?.pid === undefined ? [] : [child.pid])),
    signal: (endpoint, signal) => void memberAt(endpoint).child?.kill(signal),
    kill: (endpoint) => killMember(memberAt(endpoint)),
    start: (endpoint) => startAll(site, [memberAt(endpoint)]),
    backup: async (path) => {
      await etcdctlAt(site, endpoints.slice(0, 1), ['snapshot', 'save', path]);
    },
    restore: (snapshot) => restore(site, snapshot),
    stop: async () => {
      await Promise.all(members.map(killMember));
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
