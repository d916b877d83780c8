/**
 * The strictest firewall in which a pair must replicate: the main reaches 22 and 5432 of the standby, and the standby pings the main.
 * Besides, and only for the agents' heartbeats, UDP 4577: the lab's pairs watch each other by leases, and no stream uses it.
 */
import { DEFAULT_PORT } from '../../src/config/schema/node.ts';
import type { Role } from '../../src/core/words.ts';

export const firewallPath = '/etc/lab-firewall.nft';
export const firewallUnit = 'lab-firewall.service';

/** Between the nodes alone: telephones, provider, checkpoint and witnesses are elsewhere. */
const letsByRole: Readonly<Record<Role, readonly string[]>> = {
  main: ['tcp sport { 22, 5432 } ct state established accept', 'meta l4proto icmp accept'],
  standby: ['tcp dport { 22, 5432 } accept', 'meta l4proto icmp ct state established,related accept'],
};

const cleared = 'table inet lab_strict\ndelete table inet lab_strict\n';

/** Rules of a node's kernel, beside the agents' own tables; where it is not strict, none. Pure. */
export const firewallRules = (role: Role, peer: string, isStrict: boolean): string =>
  isStrict
    ? `${cleared}table inet lab_strict {
  chain input {
    type filter hook input priority -10; policy accept;
    ip saddr != ${peer} accept
    udp dport ${DEFAULT_PORT} accept
${letsByRole[role].map((rule) => `    ${rule}`).join('\n')}
    counter drop
  }
}
`
    : cleared;

/** Loads them at each boot, before anything listens. */
export const firewallUnitText = `[Unit]
Description=The lab's firewall between the nodes
Before=ssh.service postgresql.service dualtone.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f ${firewallPath}
`;
