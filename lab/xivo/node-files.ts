/**
 * What a XiVO node has besides Asterisk and PostgreSQL. Real: monit and ISC's DHCP server. Stand-ins, since none can be had here: the
 * units of the telephony group, which do nothing, and the programs that XiVO's own scripts call, which note that they were called.
 */
import { shared, xivoOriginal } from '../../src/profiles/xivo/original.ts';
import type { HostFile } from '../hosts/files.ts';
import type { Host } from '../hosts/host.ts';
import { reinstaller } from './reinstall.ts';

/** The telephony group's own units, without Asterisk and monit, which are real. */
const standInUnits = xivoOriginal.services.filter((unit) => unit !== shared.vital && unit !== shared.monit);

/** Every unit that a XiVO has starting at boot, and that must run on the active node alone. */
export const groupUnits: readonly string[] = [...standInUnits, shared.dhcp, shared.monit];

/** Which stand-in programs were called, a line each. */
export const callsPath = '/var/log/xivo-stand-ins.log';

const programs = ['xivo-create-config', 'xivo-update-config', 'dhcpd-update', 'xivo-agentctl'];

const standInProgram = `#!/bin/sh
# A stand-in: notes that it was called, and does nothing.
echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) $(basename "$0") $*" >> ${callsPath}
`;

const standInUnit = (unit: string): HostFile => ({
  path: `/etc/systemd/system/${unit}`,
  text: `[Unit]\nDescription=Stand-in for ${unit}, which does nothing\nConditionPathExists=!${xivoOriginal.disabledFlag}\n\n[Service]\nExecStart=/bin/sleep infinity\n`,
});

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
ExecStart=/usr/sbin/dhcpd -4 -f -q -cf /etc/dhcp/dhcpd.conf -lf /var/lib/dhcp/dhcpd.leases -pf /run/dhcpd.pid eth0
`;

const dhcpConf = ({ address }: Host): string => {
  const net = address.v4.replace(/\.\d+$/, '');
  return `subnet ${net}.0 netmask 255.255.255.0 {\n  range ${net}.200 ${net}.240;\n}\n`;
};

/** The files of one node. Pure. */
export const nodeFiles = (host: Host): readonly HostFile[] => [
  ...standInUnits.map(standInUnit),
  ...programs.map((name) => ({ path: `/usr/bin/${name}`, text: standInProgram, mode: 0o755 })),
  reinstaller,
  { path: '/etc/monit/monitrc', text: monitrc, mode: 0o600 },
  { path: `/etc/systemd/system/${shared.dhcp}`, text: dhcpUnit },
  { path: '/etc/dhcp/dhcpd.conf', text: dhcpConf(host) },
  { path: '/var/lib/dhcp/dhcpd.leases', text: '' },
  { path: '/var/lib/xivo/is-lab', text: '' },
];
