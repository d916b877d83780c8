import { createHash } from 'node:crypto';
import type { Lab } from '../../lab/lab.ts';
import type { Role } from '../../src/core/words.ts';
import type { NodeFile, ThirdPlan } from './ground.ts';

/** How a cluster of two nodes and a quorum device is set. */
export interface ClusterPlan {
  /** Without this long a sign of life, a node is no member any more; undefined: corosync's default of 3 s. */
  readonly tokenMs?: number;
  /** Undefined: the defaults of 10 s and 30 s. */
  readonly device?: { readonly timeoutMs: number; readonly syncTimeoutMs: number };
}

const authKeyPath = '/etc/corosync/authkey';
const corosyncPath = '/etc/corosync/corosync.conf';

/** What the documents call the node numbers; the lower one keeps its vote in a draw. */
const numberOf = (role: Role): number => (role === 'main' ? 1 : 2);

const block = (name: string, lines: readonly string[]): string =>
  `${name} {\n${lines.map((line) => `  ${line.replaceAll('\n', '\n  ').trimEnd()}\n`).join('')}}\n`;

/** corosync.conf: knet with encryption, both nodes by name, one vote of a third machine that follows the larger half. Pure. */
export const corosyncConf = (lab: Pick<Lab, 'host'>, { tokenMs, device }: ClusterPlan): string =>
  [
    block('totem', [
      'version: 2',
      'cluster_name: telephony',
      'transport: knet',
      'crypto_cipher: aes256',
      'crypto_hash: sha256',
      ...(tokenMs === undefined ? [] : [`token: ${tokenMs}`]),
    ]),
    block(
      'nodelist',
      (['main', 'standby'] as const).map((role) =>
        block('node', [`ring0_addr: ${lab.host(role).address.v4}`, `name: ${role}`, `nodeid: ${numberOf(role)}`]),
      ),
    ),
    block('quorum', [
      'provider: corosync_votequorum',
      block('device', [
        'votes: 1',
        'model: net',
        ...(device === undefined ? [] : [`timeout: ${device.timeoutMs}`, `sync_timeout: ${device.syncTimeoutMs}`]),
        // Certificates change no timing, and are one step less that could fail.
        block('net', [`host: ${lab.host('checkpoint1').address.v4}`, 'algorithm: ffsplit', 'tls: off']),
      ]),
    ]),
    block('logging', ['to_syslog: yes', 'to_logfile: no']),
  ].join('');

/** The same on both nodes. */
export const corosyncFiles = (lab: Pick<Lab, 'host' | 'runId'>, plan: ClusterPlan): readonly NodeFile[] => [
  { path: corosyncPath, text: corosyncConf(lab, plan) },
  {
    path: authKeyPath,
    // 128 bytes at the least, of any kind.
    text: ['a', 'b', 'c'].map((part) => createHash('sha512').update(`${lab.runId}/${part}`).digest('hex')).join(''),
    mode: 0o400,
  },
];

/** The quorum device on the third machine. */
export const qnetdPlan: ThirdPlan = {
  files: [{ path: '/etc/default/corosync-qnetd', text: 'COROSYNC_QNETD_OPTIONS="-s off"\n' }],
  units: ['corosync-qnetd.service'],
};

const attributes = (pairs: Readonly<Record<string, string>>): string =>
  Object.entries(pairs)
    .map(([key, value]) => ` ${key}="${value}"`)
    .join('');

const nvpairs = (id: string, values: Readonly<Record<string, string>>): string =>
  Object.entries(values)
    .map(([name, value]) => `<nvpair${attributes({ id: `${id}-${name}`, name, value })}/>`)
    .join('');

const operation = (id: string, name: string, intervalS: number, timeoutS: number): string =>
  `<op${attributes({ id: `${id}-${name}`, name, interval: `${intervalS}s`, timeout: `${timeoutS}s` })}/>`;

/** How Asterisk is run and watched by the cluster. */
export interface ResourcePlan {
  /** Asterisk runs on both nodes and the address moves; false: address and Asterisk are one group, started one after the other. */
  readonly isWarm: boolean;
  readonly monitor: { readonly intervalS: number; readonly timeoutS: number };
  readonly stopS: number;
  /** The first failure moves service; false: Asterisk is restarted where it is, as often as it fails. */
  readonly movesAtOnce: boolean;
}

/** What moves when service moves. */
export const movingResource = ({ isWarm }: ResourcePlan): string => (isWarm ? 'address' : 'telephony');

const addressXml = (address: string): string =>
  `<primitive id="address" class="ocf" provider="heartbeat" type="IPaddr2"><instance_attributes id="address-values">${nvpairs(
    'address',
    { ip: address, cidr_netmask: '24', nic: 'eth0' },
  )}</instance_attributes><operations>${operation('address', 'monitor', 10, 20)}${operation('address', 'start', 0, 20)}${operation('address', 'stop', 0, 20)}</operations></primitive>`;

const asteriskXml = ({ monitor, stopS, movesAtOnce }: ResourcePlan): string => {
  const meta = movesAtOnce
    ? `<meta_attributes id="asterisk-meta">${nvpairs('asterisk-meta', { 'migration-threshold': '1', 'failure-timeout': '60s' })}</meta_attributes>`
    : '';
  const operations = [
    operation('asterisk', 'monitor', monitor.intervalS, monitor.timeoutS),
    operation('asterisk', 'start', 0, 20),
    operation('asterisk', 'stop', 0, stopS),
  ].join('');
  return `<primitive id="asterisk" class="ocf" provider="heartbeat" type="asterisk">${meta}<operations>${operations}</operations></primitive>`;
};

/** The sections of the cluster's configuration, for `cibadmin`. Those that a new cluster lacks are added to, the others replaced. Pure. */
export const clusterSections = (
  address: string,
  plan: ResourcePlan,
): readonly { readonly scope: string; readonly xml: string; readonly mayLack?: boolean }[] => {
  const resources = plan.isWarm
    ? `<clone id="asterisk-clone"><meta_attributes id="asterisk-clone-meta">${nvpairs('asterisk-clone', { interleave: 'true' })}</meta_attributes>${asteriskXml(plan)}</clone>${addressXml(address)}`
    : `<group id="telephony">${addressXml(address)}${asteriskXml(plan)}</group>`;
  const constraints = plan.isWarm
    ? '<rsc_colocation id="address-where-asterisk" rsc="address" with-rsc="asterisk-clone" score="INFINITY"/><rsc_order id="address-after-asterisk" first="asterisk-clone" then="address"/>'
    : '';
  return [
    {
      scope: 'crm_config',
      xml: `<crm_config><cluster_property_set id="options">${nvpairs('options', {
        // The lab has nothing that switches a server off.
        'stonith-enabled': 'false',
        'cluster-name': 'telephony',
      })}</cluster_property_set></crm_config>`,
    },
    {
      scope: 'rsc_defaults',
      mayLack: true,
      xml: `<rsc_defaults><meta_attributes id="defaults">${nvpairs('defaults', { 'resource-stickiness': '100' })}</meta_attributes></rsc_defaults>`,
    },
    { scope: 'constraints', xml: '<constraints/>' },
    { scope: 'resources', xml: `<resources>${resources}</resources>` },
    { scope: 'constraints', xml: `<constraints>${constraints}</constraints>` },
  ];
};
