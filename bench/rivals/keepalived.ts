import { roles } from '../../lab/topology.ts';
import { ok, type Result } from '../../src/core/result.ts';
import type { Role } from '../../src/core/words.ts';
import { type Ground, hasAddress, installNodes, isActive, revive } from './ground.ts';
import type { System, SystemName } from './system.ts';

const unit = 'keepalived.service';
const pbx = 'asterisk.service';

export interface KeepalivedPlan {
  readonly name: SystemName;
  readonly advertS: number;
  /** With a script that looks whether there is an Asterisk, each second, which is keepalived's default. */
  readonly tracks: boolean;
}

/**
 * keepalived.conf of a node: one address that moves by VRRP. Priorities 254 and 253 make the standby as quick as the advertisements
 * allow: it waits for three, and then (256 - priority) / 256 of one more. Pure.
 */
export const keepalivedConf = (role: Role, address: string, { advertS, tracks }: KeepalivedPlan): string =>
  [
    'global_defs {',
    `  router_id ${role}`,
    '  vrrp_version 3',
    '  script_user root',
    '  enable_script_security',
    '}',
    ...(tracks ? ['vrrp_script asterisk {', '  script "/usr/bin/pgrep -x asterisk"', '  interval 1', '}'] : []),
    'vrrp_instance telephony {',
    `  state ${role === 'main' ? 'MASTER' : 'BACKUP'}`,
    '  interface eth0',
    '  virtual_router_id 51',
    `  priority ${role === 'main' ? 254 : 253}`,
    `  advert_int ${advertS}`,
    '  virtual_ipaddress {',
    `    ${address}/24`,
    '  }',
    ...(tracks ? ['  track_script {', '    asterisk', '  }'] : []),
    '}',
    '',
  ].join('\n');

const healthy = { withinMs: 8000, staysMs: 700 };

/** Two warm Asterisks, and keepalived moves the address. */
export const createKeepalived = (ground: Ground, plan: KeepalivedPlan): System => {
  const { lab } = ground;
  const nodePlan = (role: Role) => ({
    files: [{ path: '/etc/keepalived/keepalived.conf', text: keepalivedConf(role, lab.virtual.v4, plan) }],
    units: [unit],
    startsAsterisk: true,
  });
  const units = { main: [pbx, unit], standby: [pbx, unit] };
  return {
    name: plan.name,
    // With a script only what the script looks at is different.
    watchByFault: {
      'asterisk-crash': { withinMs: 8000, staysMs: 3000 },
      'asterisk-hang': { withinMs: 8000, staysMs: 0, runsMost: 3 },
      ...(plan.tracks
        ? {}
        : {
            'power-loss': healthy,
            isolation: { withinMs: 8000, staysMs: 0, whole: true },
            switchover: healthy,
            'cut-between': { withinMs: 6000, staysMs: 0, whole: true },
          }),
    },
    sharesRegistrations: false,
    unitsByHost: { main: [unit], standby: [unit] },
    install: async () => await installNodes(ground, { main: nodePlan('main'), standby: nodePlan('standby') }),
    restore: async () => await revive(ground, units),
    missing: async () => {
      const lacking: string[] = [];
      if (!(await hasAddress(ground, 'main'))) lacking.push('the main has no address');
      if (await hasAddress(ground, 'standby')) lacking.push('the standby has the address');
      for (const role of roles)
        for (const each of [pbx, unit])
          if (!(await isActive(ground, role, each))) lacking.push(`${each} does not run on the ${role}`);
      return lacking;
    },
    switchover: async (): Promise<Result<void>> => {
      const stopped = await lab.host('main').execChecked(['systemctl', 'stop', unit]);
      return stopped.ok ? ok(undefined) : stopped;
    },
  };
};
