/**
 * What a XiVO node has besides Asterisk and PostgreSQL. Real: monit and ISC's DHCP server. Stand-ins, since none can be had here: the
 * units of the telephony group, of which provd's answers telephones and the others do nothing, and the programs that XiVO's own scripts
 * call: they note that they were called, and two of them make the DHCP server's configuration of the database.
 */
import { shared, xivoOriginal } from '../../src/profiles/xivo/original.ts';
import type { HostFile } from '../hosts/files.ts';
import type { Host } from '../hosts/host.ts';
import { reinstaller } from './reinstall.ts';

/** The telephony group's own units, without Asterisk and monit, which are real. */
const standInUnits = xivoOriginal.services.filter((unit) => unit !== shared.vital && unit !== shared.monit);

/** Every unit that a XiVO has starting at boot, and that must run on the active node alone. */
export const groupUnits: readonly string[] = [...standInUnits, shared.dhcp, shared.monit];

const commonConfPath = '/etc/xivo/common.conf';
const dhcpConfPath = '/etc/dhcp/dhcpd.conf';
/** Who has which address, and until when: a folder, since the server writes a new file and renames it. */
export const leasesFolder = '/var/lib/dhcp';
export const leasesPath = `${leasesFolder}/dhcpd.leases`;

/** Which stand-in programs were called, a line each. */
export const callsPath = '/var/log/xivo-stand-ins.log';

const programs = ['dhcpd-update', 'xivo-agentctl'];

const noteCall = `echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) $(basename "$0") $*" >> ${callsPath}`;

const standInProgram = `#!/bin/sh
# A stand-in: notes that it was called, and does nothing.
${noteCall}
`;

/** As its namesake: what the database says of DHCP and of where telephones are provisioned, in a file for the next program. */
const createConfig = `#!/bin/sh
# A stand-in: notes that it was called, and reads of the database what DHCP is made of.
${noteCall}
runuser -u postgres -- psql -XAtq -F ' ' -d asterisk -c 'select pool_start, pool_end, net4_ip, http_port from dhcp, provisioning where active = 1 limit 1' > ${commonConfPath}.new 2> /dev/null || exit 0
mv ${commonConfPath}.new ${commonConfPath}
`;

/** A pool of another network than this host's (where no scenario has given one) changes nothing. */
const updateConfig = (net: string): string => `#!/bin/sh
# A stand-in: notes that it was called, and writes the configuration of the DHCP server.
${noteCall}
read -r from to provisioning port < ${commonConfPath} || exit 0
case "$from" in
${net}.*) ;;
*) exit 0 ;;
esac
cat > ${dhcpConfPath}.new <<END
subnet ${net}.0 netmask 255.255.255.0 {
  range $from $to;
  option bootfile-name "http://$provisioning:$port";
}
END
mv ${dhcpConfPath}.new ${dhcpConfPath}
`;

const standInUnit = (unit: string, program = '/bin/sleep infinity'): HostFile => ({
  path: `/etc/systemd/system/${unit}`,
  text: `[Unit]\nDescription=Stand-in for ${unit}\nConditionPathExists=!${xivoOriginal.disabledFlag}\n\n[Service]\nExecStart=${program}\n`,
});

/** The one that answers telephones which want their configuration; they have some at the main only. */
const provisioningUnit = 'xivo-provd.service';
const provisioner = '/usr/local/bin/node /opt/dualtone/lab/xivo/phone-files-main.ts';

/** As XiVO's own rule: an Asterisk that is gone is started. Every two seconds here, so that a run sees several rounds. */
const monitrc = `set daemon 2
set log /var/log/monit.log
set idfile /var/lib/monit/id
set statefile /run/monit.state
check process asterisk with pidfile /run/asterisk/asterisk.pid
  start program = "/usr/bin/systemctl start asterisk.service"
  stop program = "/usr/bin/systemctl stop asterisk.service"
`;

/** sid's systemd reads no init script any more, and the package of bookworm has no unit. */
const dhcpUnit = `[Unit]
Description=ISC DHCP server
After=network.target

[Service]
ExecStart=/usr/sbin/dhcpd -4 -f -q -cf ${dhcpConfPath} -lf ${leasesPath} -pf /run/dhcpd.pid eth0
`;

const netOf = ({ address }: Host): string => address.v4.replace(/\.\d+$/, '');

const dhcpConf = (host: Host): string => {
  const net = netOf(host);
  return `subnet ${net}.0 netmask 255.255.255.0 {\n  range ${net}.200 ${net}.240;\n}\n`;
};

/** The files of one node. Pure. */
export const nodeFiles = (host: Host): readonly HostFile[] => [
  ...standInUnits.map((unit) => (unit === provisioningUnit ? standInUnit(unit, provisioner) : standInUnit(unit))),
  ...programs.map((name) => ({ path: `/usr/bin/${name}`, text: standInProgram, mode: 0o755 })),
  { path: '/usr/bin/xivo-create-config', text: createConfig, mode: 0o755 },
  { path: '/usr/bin/xivo-update-config', text: updateConfig(netOf(host)), mode: 0o755 },
  { path: commonConfPath, text: '' },
  reinstaller,
  { path: '/etc/monit/monitrc', text: monitrc, mode: 0o600 },
  { path: `/etc/systemd/system/${shared.dhcp}`, text: dhcpUnit },
  { path: dhcpConfPath, text: dhcpConf(host) },
  { path: leasesPath, text: '' },
  { path: '/var/lib/xivo/is-lab', text: '' },
];
