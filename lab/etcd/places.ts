/** An etcd cluster of three hosts, the names and files by which a pair knows it, and the number that etcd gives it. Pure. */
import { createHash } from 'node:crypto';
import type { LabPlaces } from '../places.ts';
import { type MemberName, memberNames } from '../topology.ts';

type Places = Pick<LabPlaces, 'host'>;

export const clusterToken = 'dualtone-lab';
/** Below it lie the pair's keys. */
export const prefix = '/dualtone/lab';
export const pairUser = 'lab';

export const clientUrl = (lab: Places, name: MemberName): string => `https://${lab.host(name).address.v4}:2379`;
export const peerUrl = (lab: Places, name: MemberName): string => `https://${lab.host(name).address.v4}:2380`;

/** `etcd1=https://…,etcd2=https://…`, as etcd wants its members. */
export const initialCluster = (lab: Places): string =>
  memberNames.map((name) => `${name}=${peerUrl(lab, name)}`).join(',');

const shortSum = (bytes: string | Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest().subarray(0, 8);

/** Made by etcd of its members' peer addresses and the token when it begins: so it is known before, and is the same after a restore. */
export const clusterIdOf = (lab: Places): string => {
  const ids = memberNames.map((name) => shortSum(peerUrl(lab, name) + clusterToken)).toSorted(Buffer.compare);
  return Buffer.from(shortSum(Buffer.concat(ids))).toString('hex');
};

/** On a node. */
export const nodePaths = {
  password: '/etc/dualtone/etcd.password',
  authority: '/etc/dualtone/etcd-ca.pem',
  certificate: '/etc/dualtone/etcd-node.pem',
  key: '/etc/dualtone/etcd-node.key',
  /** Certificate (`.pem`) and key (`.key`) that ended yesterday, and those that it has from the start. */
  ended: '/srv/etcd-ended',
  good: '/srv/etcd-good',
} as const;

/** `arbiter` in a node's file. */
export const etcdArbiter = (lab: Places): object => ({
  kind: 'etcd',
  endpoints: memberNames.map((name) => clientUrl(lab, name)),
  'cluster-id': clusterIdOf(lab),
  prefix,
  user: pairUser,
  'password-file': nodePaths.password,
  'authority-file': nodePaths.authority,
  'certificate-file': nodePaths.certificate,
  'key-file': nodePaths.key,
});
