/** What of a node's file is that of a pair of two sites, as a user would write it. */
import { type Role, rivalOf } from '../../src/core/words.ts';
import type { LabPlaces } from '../places.ts';
import { checkpointNames } from '../topology.ts';
import { telephonyDatabase } from './mysql-files.ts';
import { knownAddress, mailName, nameServers, nodeNames, serviceName, zone } from './places.ts';
import { badLooks, lookEveryMs, type RemsysSetup } from './setup.ts';

export const dnsKeyPath = '/etc/dualtone/dns.key';
export const mailAuthorityPath = '/etc/dualtone/mail.pem';
/** Of a question and its control together, less than a look. */
const nrpeTimeoutMs = 950;

const nrpeSections = (lab: LabPlaces) => ({
  preset: 'remsys',
  watch: { kind: 'looks', every: `${lookEveryMs}ms`, 'bad-looks': badLooks, pings: 1 },
  arbiter: {
    kind: 'checkpoints',
    need: 'all',
    checkpoints: checkpointNames(3).map((name) => ({
      kind: 'nrpe',
      name,
      address: lab.host(name).address.v4,
      nrpe: { command: 'check_main', control: 'check_gateway', timeout: `${nrpeTimeoutMs}ms` },
    })),
  },
});

const srv = (first: Role): readonly string[] => [
  `10 50 5060 ${nodeNames[first]}`,
  `20 50 5060 ${nodeNames[rivalOf(first)]}`,
];

const dnsSection = (lab: LabPlaces, ttlS: number) => {
  const [server, ...others] = nameServers(lab).map((address) => ({ address }));
  const ttl = `${ttlS}s`;
  return {
    server,
    others,
    zone,
    'key-file': dnsKeyPath,
    timeout: '1s',
    settle: '5s',
    records: [
      { name: serviceName, type: 'CNAME', ttl, main: [nodeNames.main], standby: [nodeNames.standby] },
      { name: `_sip._udp.${zone}`, type: 'SRV', ttl, main: srv('main'), standby: srv('standby') },
    ],
  };
};

const alarmsSection = {
  site: 'Two sites',
  channels: [
    {
      kind: 'email',
      name: 'duty',
      host: mailName,
      port: 25,
      'ca-file': mailAuthorityPath,
      from: `dualtone@${zone}`,
      to: [`duty@${zone}`],
      timeout: '5s',
    },
  ],
  // Shorter than usual, so that a run sees a thing begin and end.
  group: '1s',
  settle: '3s',
  silent: '3s',
};

/** As in the example for such a pair; the node's own addresses stand in `pjsip.conf`, and who may manage it in `manager.conf`. */
const filesSections = {
  files: {
    enabled: true,
    directories: ['/var/lib/asterisk', '/var/spool/asterisk'],
    exclude: ['/astdb.sqlite3*', '/sounds', '/moh', '/voicemail', '/monitor', '/tmp', '/outgoing', '/system'],
  },
  collected: ['/etc/asterisk'],
  'keep-paths': ['/etc/asterisk/pjsip.conf', '/etc/asterisk/manager.conf'],
};

const streamsSections = ({ mysql, files }: RemsysSetup) =>
  mysql === null
    ? {}
    : {
        streams: {
          mysql: { enabled: true, databases: [telephonyDatabase], via: mysql.via },
          ...(files ? filesSections : {}),
        },
      };

/** Checkpoints, names, mail; no address moves. Nothing for a pair of one site. */
export const remsysSections = (
  lab: LabPlaces,
  role: Role,
  remsys: RemsysSetup | null,
): Readonly<Record<string, unknown>> => {
  if (remsys === null) return {};
  const rival = rivalOf(role);
  const own = lab.host(role).address.v4;
  return {
    node: { role, name: role, address: own, 'known-as': knownAddress(lab, role) },
    peer: { name: rival, address: knownAddress(lab, rival) },
    'virtual-ip': null,
    web: { listen: [{ address: own }] },
    switches: { 'retry-most': '2s', look: '3s', dns: dnsSection(lab, remsys.ttlS) },
    alarms: alarmsSection,
    gate: { refuse: remsys.refuses },
    ...(remsys.checkpoints === 'nrpe' ? nrpeSections(lab) : {}),
    ...streamsSections(remsys),
  };
};
