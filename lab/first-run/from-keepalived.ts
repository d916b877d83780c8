/** A pair whose address keepalived moves becomes one of Dualtone, by the steps of docs/from-keepalived.md. */

import type { Role } from '../../src/core/words.ts';
import type { Lab } from '../lab.ts';
import { roles } from '../topology.ts';
import { freshen, setUp } from './first-run.ts';

/** As its manual page has it: who has the higher priority, and lives, has the address. */
const conf = (role: Role, address: string): string => `vrrp_instance telephony {
  state ${role === 'main' ? 'MASTER' : 'BACKUP'}
  interface eth0
  virtual_router_id 51
  priority ${role === 'main' ? 150 : 100}
  advert_int 1
  virtual_ipaddress {
    ${address}/24
  }
}
`;

const ORDERED_MS = 30_000;

const order = async (lab: Lab, role: Role, argv: readonly string[]): Promise<void> => {
  const done = await lab.host(role).execChecked(argv, { timeoutMs: ORDERED_MS });
  if (!done.ok) throw new Error(`${role}: ${argv.join(' ')}: ${done.error.message}`);
};

/** Two warm Asterisks, nothing of Dualtone, and the address is keepalived's. */
export const keepalivedServes = async (lab: Lab): Promise<string> => {
  // The standby first, which would take over.
  for (const role of roles.toReversed()) await freshen(lab.host(role));
  for (const role of roles) {
    const host = lab.host(role);
    const written = await host.write('/etc/keepalived/keepalived.conf', conf(role, lab.virtual.v4));
    if (!written.ok) throw new Error(written.error.message);
    await order(lab, role, ['systemctl', 'start', 'keepalived.service']);
  }
  return 'keepalived serves';
};

/** All of a pair's checks, some of which wait for each other's answer. */
const CHECKED_MS = 90_000;

/**
 * The steps. `ready`, or what stood in the way: setting up ends with the finding that keepalived still runs, which is true until the
 * last step.
 */
export const fromKeepalived = async (lab: Lab): Promise<string> => {
  await order(lab, 'standby', ['systemctl', 'disable', '--now', 'keepalived.service']);
  const said = await setUp(lab, 'dualtone', 'yes');
  const check = () => lab.host('main').exec(['dualtone', 'check'], { timeoutMs: CHECKED_MS });
  const before = await check();
  if (!before.ok || !before.value.stdout.includes('keepalived runs')) return `keepalived was not seen: ${said}`;
  await order(lab, 'main', ['systemctl', 'disable', '--now', 'keepalived.service']);
  const after = await check();
  if (!after.ok) return after.error.message;
  return after.value.stdout.includes('keepalived runs') ? `still there: ${after.value.stdout.slice(0, 2000)}` : 'ready';
};
