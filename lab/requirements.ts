import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fail, ok, type Result } from '../src/core/result.ts';
import { plainEnvironment, run, runChecked } from './process.ts';

/** The Debian packages that the machine under the lab needs, and a program by which each is recognised. */
const requiredPackages: readonly { readonly name: string; readonly program: string }[] = [
  { name: 'mmdebstrap', program: 'mmdebstrap' },
  { name: 'debian-archive-keyring', program: '/usr/share/keyrings/debian-archive-keyring.gpg' },
  { name: 'iproute2', program: 'ip' },
  { name: 'nftables', program: 'nft' },
  { name: 'util-linux', program: 'unshare' },
  { name: 'mount', program: 'mount' },
  { name: 'iputils-ping', program: 'ping' },
  { name: 'iputils-arping', program: 'arping' },
  { name: 'libndp-tools', program: 'ndptool' },
  { name: 'fping', program: 'fping' },
  { name: 'procps', program: 'ps' },
  { name: 'sip-tester', program: 'sipp' },
  { name: 'tcpdump', program: 'tcpdump' },
  { name: 'openssh-server', program: '/usr/sbin/sshd' },
  { name: 'openssh-client', program: 'ssh' },
  { name: 'rsync', program: 'rsync' },
  { name: 'openssl', program: 'openssl' },
  // A key of a test's own signs a repository of packages.
  { name: 'gpg', program: 'gpg' },
  { name: 'gpg-agent', program: 'gpg-agent' },
  { name: 'gpgconf', program: 'gpgconf' },
  { name: 'nagios-nrpe-server', program: '/usr/sbin/nrpe' },
  { name: 'etcd-server', program: 'etcd' },
  { name: 'etcd-client', program: 'etcdctl' },
  { name: 'bind9', program: '/usr/sbin/named' },
  { name: 'knot', program: '/usr/sbin/knotd' },
  { name: 'bind9-dnsutils', program: 'nsupdate' },
  // Without `mariadb-server`: the program and no unit, so that nothing starts.
  { name: 'mariadb-server-core', program: '/usr/sbin/mariadbd' },
  { name: 'fence-agents', program: '/usr/sbin/fence_ipmilan' },
  { name: 'ipmitool', program: 'ipmitool' },
  { name: 'openipmi', program: 'ipmi_sim' },
  { name: 'postgresql-15', program: '/usr/lib/postgresql/15/bin/postgres' },
];

const isThere = async (program: string): Promise<boolean> => {
  const places = program.startsWith('/')
    ? [program]
    : (plainEnvironment['PATH'] ?? '').split(delimiter).map((folder) => join(folder, program));
  for (const place of places) {
    const found = await access(place).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
};

/** The names of the packages whose program this machine lacks. */
const missingPackages = async (): Promise<readonly string[]> => {
  const present = await Promise.all(requiredPackages.map(({ program }) => isThere(program)));
  return requiredPackages.filter((_, index) => present[index] === false).map(({ name }) => name);
};

/** Why this machine cannot hold a lab at all, if it cannot: not Linux, not root, not Debian. */
export const machineFault = async (): Promise<Result<void>> => {
  if (process.platform !== 'linux')
    return fail('lab-needs-linux', 'the lab needs Linux namespaces', 'run the demo on the simulator');
  if (process.getuid?.() !== 0)
    return fail('lab-needs-root', 'the lab needs root for namespaces and mounts', 'run it with sudo');
  if (!(await isThere('apt-get')))
    return fail('lab-needs-debian', 'the lab builds its hosts with apt', 'run the lab on Debian 12 or newer');
  return ok(undefined);
};

const proxyNames = ['http_proxy', 'https_proxy', 'no_proxy'];

/** For apt and its like: no questions, and the caller's proxies, without which some machines reach no mirror. */
export const installEnvironment = (): Readonly<Record<string, string>> => {
  const proxies = Object.entries(process.env).filter(([name]) => proxyNames.includes(name.toLowerCase()));
  return {
    ...plainEnvironment,
    ...(Object.fromEntries(proxies) as Record<string, string>),
    DEBIAN_FRONTEND: 'noninteractive',
  };
};

/**
 * Installs what is missing, and nothing else. Idle when all is there (some milliseconds). `log` hears what is being done.
 * Faults: those of `machineFault`, `program-failed` with what apt said.
 */
export const ensureRequirements = async (
  log: (line: string) => void = () => undefined,
): Promise<Result<readonly string[]>> => {
  const machine = await machineFault();
  if (!machine.ok) return machine;
  const missing = await missingPackages();
  if (missing.length === 0) return ok([]);
  log(`installing ${missing.join(' ')}`);
  const install = ['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...missing];
  const options = { timeoutMs: 600_000, env: installEnvironment() };
  const first = await run(install, options);
  if (!first.ok) return first;
  if (first.value.code === 0) return ok(missing);
  // A fresh machine has no package lists yet, or old ones.
  const update = await runChecked(['apt-get', 'update', '-q'], options);
  if (!update.ok) return update;
  const second = await runChecked(install, options);
  return second.ok ? ok(missing) : second;
};
