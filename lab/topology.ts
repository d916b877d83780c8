import { fail, ok, type Result } from '../src/core/result.ts';
import type { Role } from '../src/core/words.ts';
import type { HostPlan } from './hosts/context.ts';
import { isHostName, octetByRole } from './network/addressing.ts';
import type { RoutedPlan } from './network/routed.ts';

/** Which hosts a lab has. */
export interface Topology {
  readonly hosts: readonly HostPlan[];
  /** Each host in a network of its own, with a router between; absent: all on one bridge. */
  readonly routed?: RoutedPlan;
}

export interface StandardOptions {
  /** How many checkpoints, 0 to 3; default 1. They are named checkpoint1, checkpoint2, checkpoint3. */
  readonly checkpoints?: number;
  /** Gives main and standby a small state disk that can be filled. */
  readonly stateDiskMib?: number;
  /** Adds the networks of the two witnesses, eye-main and eye-standby. */
  readonly witnesses?: boolean;
  /** Adds what stands around a XiVO pair: Edge, contact centres, a berofos box, the reporting and the provisioning server, two media servers, a telephone that boots. */
  readonly xivo?: boolean;
  /** Adds an etcd cluster of three. */
  readonly etcd?: boolean;
  /** Two sites and the rest of the world, routed: name servers, a mail server, and what delays between the sites. */
  readonly remsys?: boolean;
  /** Adds what has the nodes' power: a management board of each, and a hypervisor. */
  readonly fencing?: boolean;
}

export const roles: readonly Role[] = ['main', 'standby'];

const checkpoints = ['checkpoint1', 'checkpoint2', 'checkpoint3'] as const;

/** The checkpoints' host names, which are their names in the configuration too. */
export const checkpointNames = (count: number): readonly (typeof checkpoints)[number][] => checkpoints.slice(0, count);

/** The members of an etcd cluster. */
export const memberNames = ['etcd1', 'etcd2', 'etcd3'] as const;
export type MemberName = (typeof memberNames)[number];

/** What stands around a pair of two sites, besides its checkpoints. */
export const remsysHosts: readonly HostPlan[] = (['wan', 'dns1', 'dns2', 'mail'] as const).map((name) => ({
  name,
  kind: 'system',
  octet: octetByRole[name],
}));

/** Between the sites lies a long way, and the standby is behind NAT. */
const twoSites: RoutedPlan = {
  detour: { via: 'wan', between: ['main', 'standby'] },
  nat: { host: 'standby', octet: octetByRole['standby-outside'] },
};

/** What stands around a XiVO pair. */
export const xivoHosts: readonly HostPlan[] = (
  ['edge', 'cc-main', 'cc-standby', 'berofos', 'reporting', 'provisioning', 'mds1', 'mds2', 'desk-phone'] as const
).map((name) => ({ name, kind: 'system', octet: octetByRole[name] }));

export const etcdHosts: readonly HostPlan[] = memberNames.map((name) => ({
  name,
  kind: 'system',
  octet: octetByRole[name],
}));

/** What has the nodes' power: networks for programs of this machine, since no program of a lab host reaches another one's power. */
export const fencingHosts: readonly HostPlan[] = (['bmc-main', 'bmc-standby', 'hypervisor'] as const).map((name) => ({
  name,
  kind: 'plain',
  octet: octetByRole[name],
}));

const eyes: readonly HostPlan[] = (['eye-main', 'eye-standby'] as const).map((name) => ({
  name,
  kind: 'plain',
  octet: octetByRole[name],
}));

/** The usual one: main, standby and checkpoints with a systemd each; phones and provider as networks for our own programs. */
export const standardTopology = (options: StandardOptions = {}): Topology => {
  const disk = options.stateDiskMib === undefined ? {} : { stateDiskMib: options.stateDiskMib };
  return {
    hosts: [
      { name: 'main', kind: 'system', octet: octetByRole.main, ...disk },
      { name: 'standby', kind: 'system', octet: octetByRole.standby, ...disk },
      ...checkpointNames(options.checkpoints ?? 1).map(
        (name): HostPlan => ({ name, kind: 'system', octet: octetByRole[name] }),
      ),
      { name: 'phones', kind: 'plain', octet: octetByRole.phones },
      { name: 'provider', kind: 'plain', octet: octetByRole.provider },
      ...(options.witnesses === true ? eyes : []),
      ...(options.xivo === true ? xivoHosts : []),
      ...(options.etcd === true ? etcdHosts : []),
      ...(options.remsys === true ? remsysHosts : []),
      ...(options.fencing === true ? fencingHosts : []),
    ],
    ...(options.remsys === true ? { routed: twoSites } : {}),
  };
};

const reserved: readonly number[] = [octetByRole.gateway, octetByRole.virtual];

/** Whether a topology can be built. Fault: `topology-bad`. */
export const checkTopology = (topology: Topology): Result<void> => {
  const bad = (message: string): Result<void> => fail('topology-bad', message, 'see lab/topology.ts');
  const names = topology.hosts.map(({ name }) => name);
  const octets = topology.hosts.map(({ octet }) => octet);
  const wrong = names.find((name) => !isHostName(name) || name === 'net');
  if (wrong !== undefined)
    return bad(`"${wrong}" cannot be a host's name: lower case, 12 characters at most, and not net`);
  if (new Set(names).size !== names.length) return bad('two hosts have the same name');
  if (new Set(octets).size !== octets.length) return bad('two hosts have the same address');
  const taken = octets.find(
    (octet) => !Number.isInteger(octet) || octet < 2 || octet > 254 || reserved.includes(octet),
  );
  return taken === undefined ? ok(undefined) : bad(`a host cannot have the address .${taken}`);
};
