/** The telephone that boots: its files, and those that a provisioning server has for it. */
import { backupAccount, type PbxPlan } from '../asterisk/plan.ts';
import type { HostFile } from '../hosts/files.ts';
import type { LabPlaces } from '../places.ts';
import { roles } from '../topology.ts';
import { givenUpMs, refreshMs } from './backup-phone.ts';
import { programUnit } from './far-files.ts';
import type { LinePlan } from './two-registrars.ts';

export const deskPhoneUnit = 'lab-desk-phone.service';
/** What it says of itself: a line, replaced whenever it changes. */
export const deskPhoneStatePath = '/srv/state';
/** What it keeps without power: its configuration, and its last address. */
export const keptPath = '/srv/kept.json';
export const lastAddressPath = '/srv/address';
/** What its last lease says, a line each: `NAME=VALUE`. */
export const leasePath = '/run/lease';
export const leaseScriptPath = '/usr/local/sbin/lab-lease';

/** A provisioning server has a file for each telephone, under its Ethernet address. */
export const phoneFilesFolder = '/srv/phone-files';
export const phoneFilesPort = 8667;
export const phoneFilesUnit = 'lab-phone-files.service';
export const phoneFileName = (ethernet: string): string => `${ethernet.replaceAll(':', '')}.json`;

/** All that a telephone is told; its address it has by DHCP. */
export type PhoneFile = Omit<LinePlan, 'localAddress'>;

const leaseScript = `#!/bin/sh
# What udhcpc calls: the address is taken, and what the server said is kept for the telephone's program.
set -eu
case "$1" in
bound | renew)
  ip address replace "$ip/\${mask:-24}" dev "$interface"
  printf 'address=%s\nserver=%s\nprovisioning=%s\n' "$ip" "\${serverid:-}" "\${bootfile:-}" > ${leasePath}
  ;;
esac
`;

/** On its disk; a scenario starts its unit, which no boot does. */
export const deskPhoneFiles: readonly HostFile[] = [
  programUnit(deskPhoneUnit, 'desk-phone-main.ts'),
  { path: leaseScriptPath, text: leaseScript, mode: 0o755 },
];

/** What a provisioning server has for it. */
export const phoneFileOf = (lab: LabPlaces, pbx: PbxPlan, ethernet: string): HostFile => {
  const file: PhoneFile = {
    registrars: roles.map((name) => ({ name, address: lab.host(name).address.v4 })),
    account: backupAccount(pbx),
    expiresS: 60,
    refreshMs,
    givenUpMs,
  };
  return { path: `${phoneFilesFolder}/${phoneFileName(ethernet)}`, text: JSON.stringify(file) };
};
