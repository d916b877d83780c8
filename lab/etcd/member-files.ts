/** Files of a member's host: Debian's etcd with TLS on both its ports, as an administrator sets it up. Pure. */
import type { HostFile } from '../hosts/files.ts';
import type { LabPlaces } from '../places.ts';
import { type MemberName, memberNames } from '../topology.ts';
import { clientUrl, clusterToken, initialCluster, peerUrl } from './places.ts';

export const etcdUnit = 'etcd.service';
export const slowDiskUnit = (delayMs: number): string => `lab-slow-disk@${delayMs}.service`;
/** `etcdctl` with the cluster's certificates and, once there are users, as its root; `AT`: other endpoints than all. */
export const ctl = '/usr/local/bin/ctl';
export const loginPath = '/etc/lab-etcd/login';
export const backupPath = '/srv/backup.db';
/** Each call that was held back, a line each. */
export const slowWritesPath = '/run/lab-slow-writes';
/** Puts the backup in the place of the member's data; the member must be stopped. */
export const restoreProgram = '/usr/local/sbin/lab-etcd-restore';

const folder = '/etc/lab-etcd';

/** PEM texts. */
export interface MemberCertificate {
  readonly authority: string;
  readonly open: string;
  readonly key: string;
}

const settings = (lab: LabPlaces, name: MemberName): string => {
  const [certificate, key, authority] = [`${folder}/member.pem`, `${folder}/member.key`, `${folder}/ca.pem`];
  const lines: Readonly<Record<string, string>> = {
    NAME: name,
    LISTEN_CLIENT_URLS: clientUrl(lab, name),
    ADVERTISE_CLIENT_URLS: clientUrl(lab, name),
    LISTEN_PEER_URLS: peerUrl(lab, name),
    INITIAL_ADVERTISE_PEER_URLS: peerUrl(lab, name),
    INITIAL_CLUSTER: initialCluster(lab),
    INITIAL_CLUSTER_TOKEN: clusterToken,
    INITIAL_CLUSTER_STATE: 'new',
    CERT_FILE: certificate,
    KEY_FILE: key,
    TRUSTED_CA_FILE: authority,
    CLIENT_CERT_AUTH: 'true',
    PEER_CERT_FILE: certificate,
    PEER_KEY_FILE: key,
    PEER_TRUSTED_CA_FILE: authority,
    PEER_CLIENT_CERT_AUTH: 'true',
    AUTO_COMPACTION_MODE: 'revision',
    AUTO_COMPACTION_RETENTION: '1000',
    BCRYPT_COST: '4',
    LOGGER: 'zap',
    LOG_LEVEL: 'warn',
  };
  return Object.entries(lines)
    .map(([setting, value]) => `ETCD_${setting}="${value}"\n`)
    .join('');
};

const ctlText = (lab: LabPlaces): string => `#!/bin/sh
export ETCDCTL_API=3 ETCDCTL_CACERT=${folder}/ca.pem ETCDCTL_CERT=${folder}/member.pem ETCDCTL_KEY=${folder}/member.key
export ETCDCTL_ENDPOINTS="\${AT:-${memberNames.map((name) => clientUrl(lab, name)).join(',')}}"
[ ! -e ${loginPath} ] || export ETCDCTL_USER="$(cat ${loginPath})"
exec etcdctl "$@"
`;

const restoreText = (lab: LabPlaces, name: MemberName): string => `#!/bin/sh
set -eu
rm -rf /var/lib/etcd/default
# Newer ones have a program of its own for it.
tool=etcdctl
command -v etcdutl > /dev/null && tool=etcdutl
ETCDCTL_API=3 "$tool" snapshot restore ${backupPath} --name ${name} --data-dir /var/lib/etcd/default \\
  --initial-cluster ${initialCluster(lab)} --initial-cluster-token ${clusterToken} --initial-advertise-peer-urls ${peerUrl(lab, name)}
chown -R etcd: /var/lib/etcd
`;

/** Each write to disk of this member takes so many ms longer, while the unit runs: the kernel holds the call back, by ptrace. */
const slowDiskText = `[Unit]
Description=A slow disk under etcd

[Service]
ExecStart=/bin/sh -c 'exec strace -f -qq -o ${slowWritesPath} -e trace=fsync,fdatasync -e inject=fsync,fdatasync:delay_enter=%i000 -p "$(systemctl show --property MainPID --value ${etcdUnit})"'
`;

export const memberFiles = (lab: LabPlaces, name: MemberName, own: MemberCertificate): readonly HostFile[] => [
  { path: '/etc/default/etcd', text: settings(lab, name) },
  { path: `${folder}/ca.pem`, text: own.authority },
  { path: `${folder}/member.pem`, text: own.open },
  { path: `${folder}/member.key`, text: own.key, mode: 0o600, owner: 'etcd' },
  { path: ctl, text: ctlText(lab), mode: 0o755 },
  { path: restoreProgram, text: restoreText(lab, name), mode: 0o755 },
  { path: '/etc/systemd/system/lab-slow-disk@.service', text: slowDiskText },
];
