/** Two real name servers of one zone, BIND and Knot: either may be the primary, and the other follows it. */
import { keyText, SECRET_BY_KEY } from '../../src/switches/dns/testing/servers.ts';
import type { HostFile } from '../hosts/files.ts';
import type { LabPlaces } from '../places.ts';
import { knownAddress, nameServers, nodeNames, serviceName, zone } from './places.ts';
import type { RemsysSetup } from './setup.ts';

export const dnsKeyText = keyText('dualtone');
/** At the primary, for a person with `nsupdate`. */
export const zoneKeyPath = '/etc/dualtone-zone.key';

const unitByMake = { bind: 'named.service', knot: 'knot.service' } as const;
type Make = keyof typeof unitByMake;

const makeOf = (host: 'dns1' | 'dns2', primary: Make): Make =>
  host === 'dns1' ? primary : primary === 'bind' ? 'knot' : 'bind';

/** The unit that must run there. */
export const nameServerUnit = (host: 'dns1' | 'dns2', { primary }: RemsysSetup): string =>
  unitByMake[makeOf(host, primary)];

const zoneText = (lab: LabPlaces, ttlS: number): string => {
  const [first = '', second = ''] = nameServers(lab);
  return `$ORIGIN ${zone}.
$TTL ${ttlS}
@ IN SOA dns1 hostmaster 1 3600 2 86400 ${ttlS}
@ IN NS dns1
@ IN NS dns2
dns1 IN A ${first}
dns2 IN A ${second}
${nodeNames.main}. IN A ${knownAddress(lab, 'main')}
${nodeNames.standby}. IN A ${knownAddress(lab, 'standby')}
${serviceName}. IN CNAME ${nodeNames.main}.
@ IN NAPTR 10 10 "s" "SIP+D2U" "" _sip._udp
_sip._udp IN SRV 10 50 5060 ${nodeNames.main}.
_sip._udp IN SRV 20 50 5060 ${nodeNames.standby}.
`;
};

const bindFiles = (zoneFile: HostFile | undefined, other: string): readonly HostFile[] => [
  {
    path: '/etc/bind/named.conf',
    text: `options { directory "/var/cache/bind"; listen-on { any; }; listen-on-v6 { none; };
  recursion no; allow-transfer { any; }; notify explicit; notify-delay 0; dnssec-validation no; };
${dnsKeyText}
zone "${zone}" {
  ${
    zoneFile === undefined
      ? `type secondary; file "/var/lib/bind/zone.db"; primaries { ${other}; };`
      : `type primary; file "/var/lib/bind/zone.db"; allow-update { key dualtone; }; also-notify { ${other}; };`
  }
};
`,
  },
  ...(zoneFile === undefined ? [] : [{ ...zoneFile, path: '/var/lib/bind/zone.db', owner: 'bind' }]),
];

const knotFiles = (zoneFile: HostFile | undefined, other: string): readonly HostFile[] => [
  {
    path: '/etc/knot/knot.conf',
    text: `server:
    listen: 0.0.0.0@53
database:
    storage: /var/lib/knot
key:
  - id: dualtone
    algorithm: hmac-sha256
    secret: ${SECRET_BY_KEY['dualtone']}
remote:
  - id: other
    address: ${other}@53
acl:
  - id: update
    key: dualtone
    action: update
  - id: transfer
    address: ${other}
    action: [transfer, notify]
zone:
  - domain: ${zone}
    storage: /var/lib/knot
    file: zone.db
    acl: [update, transfer]
    ${zoneFile === undefined ? 'master: other' : 'notify: other'}
`,
    owner: 'knot',
  },
  ...(zoneFile === undefined ? [] : [{ ...zoneFile, path: '/var/lib/knot/zone.db', owner: 'knot' }]),
];

/** Both servers' files, of each make: which of them runs is another matter. Pure. */
export const nameServerFiles = (
  lab: LabPlaces,
  host: 'dns1' | 'dns2',
  { primary, ttlS }: RemsysSetup,
): readonly HostFile[] => {
  const [first = '', second = ''] = nameServers(lab);
  const zoneFile = host === 'dns1' ? { path: '', text: zoneText(lab, ttlS) } : undefined;
  const other = host === 'dns1' ? second : first;
  const files = makeOf(host, primary) === 'bind' ? bindFiles(zoneFile, other) : knotFiles(zoneFile, other);
  return [...files, { path: zoneKeyPath, text: dnsKeyText, mode: 0o600 }];
};
