import { stringify } from 'yaml';
import { type Role, rivalOf } from '../../src/core/words.ts';
import { streamsSection } from '../data/streams.ts';
import { etcdArbiter } from '../etcd/places.ts';
import { fencingSections } from '../fencing/configuration.ts';
import type { LabPlaces } from '../places.ts';
import { remsysSections } from '../remsys/configuration.ts';
import { knownAddress } from '../remsys/places.ts';
import { checkpointNames } from '../topology.ts';
import { xivoSections } from '../xivo/configuration.ts';
import { leasesFolder } from '../xivo/node-files.ts';
import type { PairSetup } from './setup.ts';

export const nodeConfigPath = '/etc/dualtone/dualtone.yaml';
export const checkpointConfigPath = '/etc/dualtone/checkpoint.yaml';
export const keyPath = '/etc/dualtone/pair.key';

const arbiterOf = (lab: LabPlaces, setup: PairSetup): object => {
  if (setup.etcd) return etcdArbiter(lab);
  if (setup.checkpoints === 0) return { kind: 'none' };
  return {
    kind: 'checkpoints',
    checkpoints: checkpointNames(setup.checkpoints).map((name) => ({ name, address: lab.host(name).address.v4 })),
    'when-lost': setup.whenLost,
    'lost-after': `${setup.lostAfterMs}ms`,
  };
};

/** A node's file, as a user would write it. */
export const nodeConfiguration = (lab: LabPlaces, role: Role, setup: PairSetup): string => {
  const rival = rivalOf(role);
  const chanSip = setup.xivo?.chanSip === true;
  const [transport, registerNow] = chanSip ? ['tcp', 'sip reload'] : ['udp', 'pjsip send register *all'];
  return stringify({
    node: { role, name: role, address: lab.host(role).address.v4 },
    peer: { name: rival, address: lab.host(rival).address.v4 },
    preset: setup.preset,
    telephony: setup.telephony,
    arbiter: arbiterOf(lab, setup),
    'virtual-ip': { addresses: [`${lab.virtual.v4}/24`], interface: 'eth0' },
    gate: { enforce: setup.enforceGate },
    network: { gateway: lab.gateway.v4, interface: 'eth0' },
    probes: { ami: { user: 'dualtone' }, sip: [{ name: 'sip-local', transport, host: '127.0.0.1' }] },
    drill: { stay: '3s' },
    failback: {
      policy: setup.failback.policy,
      hold: `${setup.failback.holdMs}ms`,
      'max-wait': `${setup.failback.maxWaitMs}ms`,
    },
    unfit: { policy: setup.unfit.policy, 'restart-wait': `${setup.unfit.restartWaitMs}ms` },
    flapping: { 'max-switches': setup.maxSwitches, window: '1h' },
    ...streamsSection(setup.data, setup.xivo === null ? [] : [leasesFolder]),
    ...xivoSections(lab, setup.xivo),
    ...remsysSections(lab, role, setup.remsys),
    ...fencingSections(lab, role, setup.fencing),
    hooks: [
      {
        name: 'register-trunk',
        // A mute Asterisk tries every two seconds by itself; so it tries at once.
        run: ['/usr/sbin/asterisk', '-rx', registerNow],
        when: 'activate',
        // A XiVO's other services come after Asterisk, and one of them may hang.
        position: 'telephony',
        'on-failure': 'continue',
      },
    ],
  });
};

/** A checkpoint's file. */
export const checkpointConfiguration = (lab: LabPlaces, name: string, setup: PairSetup): string => {
  const addressOf = (role: Role): string =>
    setup.remsys === null ? lab.host(role).address.v4 : knownAddress(lab, role);
  return stringify({
    name,
    listen: { address: lab.host(name).address.v4 },
    nodes: {
      main: { address: addressOf('main') },
      standby: { address: addressOf('standby') },
    },
    preset: setup.preset,
  });
};
