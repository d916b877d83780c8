/** What of a node's file is about the other one's power, as a user would write it. */
import { type Role, rivalOf } from '../../src/core/words.ts';
import type { LabPlaces } from '../places.ts';
import { hostOf, powerLogin } from './places.ts';
import type { FencingSetup, PowerDevice } from './setup.ts';

export const powerSecretPath = '/etc/dualtone/power.password';

/** Long enough for a busy machine; what hangs is left after it. */
const TIMEOUT = '12s';

const common = {
  secrets: [{ option: 'password', file: powerSecretPath }],
  timeout: TIMEOUT,
};

const deviceOf = (lab: LabPlaces, kind: PowerDevice, rival: Role) => {
  const options = [
    `ip=${lab.host(hostOf(kind, rival)).address.v4}`,
    `username=${powerLogin.user}`,
    'power_wait=0',
    'power_timeout=8',
  ];
  return kind === 'bmc'
    ? // The simulator does not tell its cipher suites; an agent that asks for them waits for a quarter of a minute.
      { name: kind, agent: 'fence_ipmilan', options: [...options, 'lanplus=1', 'cipher=3'], ...common }
    : {
        name: kind,
        agent: 'fence_redfish',
        options: [...options, 'ssl_insecure=1', `systems_uri=/redfish/v1/Systems/${rival}`],
        ...common,
      };
};

/** Nothing where no device is. */
export const fencingSections = (
  lab: LabPlaces,
  role: Role,
  fencing: FencingSetup | null,
): Readonly<Record<string, unknown>> =>
  fencing === null
    ? {}
    : {
        fencing: {
          levels: fencing.levels.map((kinds) => ({
            devices: kinds.map((kind) => deviceOf(lab, kind, rivalOf(role))),
          })),
          'after-off': fencing.afterOff,
          retry: '3s',
          'standby-delay': '10s',
        },
      };
