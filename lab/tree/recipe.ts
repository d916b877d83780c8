import { createHash } from 'node:crypto';

/** One suite that can supply the shared tree, and what has to be in it. */
export interface TreeRecipe {
  readonly suite: string;
  readonly packages: readonly string[];
  /** A suite that has what this one no longer has. */
  readonly besideSuite?: string;
  /** Installed and not started, besides what no tree starts. */
  readonly disabledUnits?: readonly string[];
}

/**
 * `usual`: what every pair needs. `xivo`: what a XiVO runs besides; `xivo-16`: with Asterisk 16, which has chan_sip. `remsys`: checkpoints by
 * NRPE, name servers, a mail server; the same with a database server, of which a machine can have one. `rivals`: what else keeps two
 * servers going, for measurements. `fencing`: Debian's fence agents. `debian-11`, `debian-12`: the usual one, of that Debian and no other.
 */
export type TreeKind =
  | 'usual'
  | 'xivo'
  | 'xivo-16'
  | 'remsys'
  | 'remsys-mariadb'
  | 'remsys-mysql'
  | 'rivals'
  | 'fencing'
  | 'etcd'
  | 'debian-11'
  | 'debian-12';

const common = [
  'asterisk',
  'systemd-sysv',
  'nftables',
  'iproute2',
  'iputils-arping',
  'iputils-ping',
  'fping',
  'libndp-tools',
  'procps',
  'faketime',
  'keepalived',
  'cron',
  // For what is replicated.
  'postgresql',
  'openssh-server',
  'openssh-client',
  'rsync',
  'openssl',
  'libstdc++6', // node's official binary wants it
  'libatomic1',
];

/** Debian 11 has Asterisk's voicemail in a package of its own. */
const bullseye = (packages: readonly string[], disabledUnits?: readonly string[]): TreeRecipe => ({
  suite: 'bullseye',
  packages: [...packages, 'asterisk-voicemail'],
  ...(disabledUnits === undefined ? {} : { disabledUnits }),
});

/** In the order in which they are tried: sid has Asterisk 22, but moves; bullseye has 16.28 and stands still. */
export const recipes: readonly TreeRecipe[] = [{ suite: 'sid', packages: common }, bullseye(common)];

// `udhcpc`: what a telephone asks for its address with.
const xivoPackages = [...common, 'monit', 'isc-dhcp-server', 'udhcpc'];
const xivoUnits = ['monit.service', 'isc-dhcp-server.service'];

const remsysPackages = [
  ...common,
  'nagios-nrpe-server',
  'monitoring-plugins-basic',
  'bind9',
  'bind9-dnsutils',
  'knot',
  'postfix',
];
const remsysUnits = ['nagios-nrpe-server.service', 'named.service', 'knot.service', 'postfix.service'];

const etcdPackages = [...common, 'etcd-server', 'etcd-client', 'strace'];
const etcdUnits = ['etcd.service'];

const rivalsPackages = [
  ...common,
  'pacemaker',
  'pacemaker-cli-utils',
  'corosync',
  'corosync-qdevice',
  'corosync-qnetd',
  'resource-agents',
];
const rivalsUnits = [
  'pacemaker.service',
  'corosync.service',
  'corosync-qdevice.service',
  'corosync-qnetd.service',
  'pcsd.service',
];

const withServer = (make: 'mariadb' | 'mysql'): TreeRecipe => ({
  suite: 'sid',
  packages: [...remsysPackages, `${make}-server`],
  disabledUnits: [...remsysUnits, `${make}.service`],
});

/** Of each kind, in the order in which they are tried. A tree of its own, so that no other lab becomes larger or slower. */
export const recipesByKind: Readonly<Record<TreeKind, readonly TreeRecipe[]>> = {
  usual: recipes,
  xivo: [
    // ISC's DHCP server is in bookworm for the last time.
    { suite: 'sid', packages: xivoPackages, besideSuite: 'bookworm', disabledUnits: xivoUnits },
    bullseye(xivoPackages, xivoUnits),
  ],
  // sid's Asterisk has no chan_sip any more.
  'xivo-16': [bullseye(xivoPackages, xivoUnits)],
  remsys: [
    { suite: 'sid', packages: remsysPackages, disabledUnits: remsysUnits },
    bullseye(remsysPackages, remsysUnits),
  ],
  'remsys-mariadb': [
    withServer('mariadb'),
    bullseye([...remsysPackages, 'mariadb-server'], [...remsysUnits, 'mariadb.service']),
  ],
  // No stable Debian has it.
  'remsys-mysql': [withServer('mysql')],
  fencing: [
    { suite: 'sid', packages: [...common, 'fence-agents-ipmilan', 'fence-agents-redfish', 'ipmitool'] },
    // There they are one package.
    bullseye([...common, 'fence-agents', 'ipmitool']),
  ],
  'debian-11': [bullseye(common)],
  // It has no Asterisk of its own; who runs one there has it from elsewhere.
  'debian-12': [{ suite: 'bookworm', packages: [...common, 'asterisk-voicemail'], besideSuite: 'bullseye' }],
  etcd: [{ suite: 'sid', packages: etcdPackages, disabledUnits: etcdUnits }, bullseye(etcdPackages, etcdUnits)],
  rivals: [
    { suite: 'sid', packages: rivalsPackages, disabledUnits: rivalsUnits },
    bullseye(rivalsPackages, rivalsUnits),
  ],
};

/** Not unpacked: nobody reads them in a lab host, and they are a third of the tree. */
export const excludedPaths: readonly string[] = [
  '/usr/share/man/*',
  '/usr/share/doc/*',
  '/usr/share/info/*',
  '/usr/share/locale/*',
  '/usr/share/lintian/*',
];

/** Units that make no sense in a host without hardware, or that would start what a scenario has to start. */
export const maskedUnits: readonly string[] = [
  'apt-daily-upgrade.timer',
  'apt-daily.timer',
  'console-getty.service',
  'dev-hugepages.mount',
  'dev-mqueue.mount',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'e2scrub_reap.service',
  'fstrim.timer',
  'getty-static.service',
  'getty.target',
  'kmod-static-nodes.service',
  'ldconfig.service',
  'modprobe@.service',
  'proc-sys-fs-binfmt_misc.automount',
  'sys-fs-fuse-connections.mount',
  'sys-kernel-config.mount',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'systemd-firstboot.service',
  'systemd-journal-catalog-update.service',
  'systemd-journal-flush.service',
  'systemd-logind.service',
  'systemd-machine-id-commit.service',
  'systemd-networkd-wait-online.service',
  'systemd-pstore.service',
  'systemd-remount-fs.service',
  'systemd-sysusers.service',
  'systemd-update-done.service',
  'systemd-user-sessions.service',
  'tmp.mount',
];

/** Installed, and started only by whoever wants them: a measured rival, and the PBX, which a scenario configures first. */
export const disabledUnits: readonly string[] = [
  'keepalived.service',
  'asterisk.service',
  'cron.service',
  'nftables.service',
  'postgresql.service',
  'ssh.service',
  'ssh.socket',
  'rsync.service',
];

/** Where a lab host tells its builder that it has booted: a folder of the machine, mounted into the host. */
export const shareFolder = '/run/lab';

/** Files written over the packages' own. */
export const treeFiles: Readonly<Record<string, string>> = {
  '/etc/systemd/journald.conf.d/lab.conf': '[Journal]\nStorage=volatile\nRuntimeMaxUse=32M\nRateLimitBurst=0\n',
  '/etc/systemd/system.conf.d/lab.conf': '[Manager]\nDefaultTimeoutStopSec=10s\nLogLevel=notice\n',
  '/etc/sysctl.d/50-dualtone-lab.conf':
    'net.ipv4.ip_nonlocal_bind=1\nnet.ipv6.ip_nonlocal_bind=1\nnet.ipv6.conf.all.accept_dad=0\nnet.ipv6.conf.default.accept_dad=0\n',
  '/etc/systemd/system/lab.target':
    '[Unit]\nDescription=A lab host is up\nRequires=multi-user.target\nAfter=multi-user.target\nAllowIsolate=yes\n',
  '/etc/systemd/system/lab-ready.service': `[Unit]\nDescription=Tell the lab that this host is up\nAfter=multi-user.target\n\n[Service]\nType=oneshot\nExecStart=/bin/touch ${shareFolder}/ready\n`,
  '/etc/hosts': '127.0.0.1 localhost\n::1 localhost\n',
};

/** Links in the tree: absolute path to target. */
export const treeLinks: Readonly<Record<string, string>> = {
  '/etc/systemd/system/default.target': 'lab.target',
  '/etc/systemd/system/lab.target.wants/lab-ready.service': '../lab-ready.service',
  '/usr/local/bin/node': '/opt/dualtone/node_modules/node/bin/node',
  '/usr/local/bin/dualtone': '/opt/dualtone/bin/dualtone',
};

/** Folders that hosts mount something on. */
export const treeFolders: readonly string[] = [
  '/opt/dualtone',
  '/var/lib/dualtone',
  '/etc/dualtone',
  '/mnt',
  '/run',
  '/proc',
  '/sys',
  '/dev',
];

/** Names the cached tree: whatever shapes it is in the hash, so a changed recipe is a new tree. */
export const recipeKey = (recipe: TreeRecipe): string => {
  const shape = [recipe, excludedPaths, maskedUnits, disabledUnits, treeFiles, treeLinks, treeFolders];
  return `${recipe.suite}-${createHash('sha256').update(JSON.stringify(shape)).digest('hex').slice(0, 12)}`;
};
