/** Names and addresses in a pair of two sites: each node has its own, phones find the active one by name. */
import type { Role } from '../../src/core/words.ts';
import { octetByRole } from '../network/addressing.ts';
import type { FollowedName } from '../phones/follow.ts';
import type { SrvPlan, TrunkPlan } from '../phones/ring-prober.ts';
import type { LabPlaces } from '../places.ts';

type Places = Pick<LabPlaces, 'host'>;

export const zone = 'lab.example';
/** What phones are told to call. */
export const serviceName = `sip.${zone}`;
export const nodeNames: Readonly<Record<Role, string>> = { main: `pbx1.${zone}`, standby: `pbx2.${zone}` };
export const mailName = `mail.${zone}`;

/** A node's address as all others know it. */
export const knownAddress = (lab: Places, role: Role): string => {
  const own = lab.host(role).address.v4;
  return role === 'main' ? own : own.replace(/\d+$/, String(octetByRole['standby-outside']));
};

/** Where a node's Asterisk is reached. */
export const ownPlaces = (
  lab: Places,
  role: Role,
): { readonly virtualAddress: string; readonly outsideAddress?: string } => {
  const { v4 } = lab.host(role).address;
  const known = knownAddress(lab, role);
  return { virtualAddress: v4, ...(known === v4 ? {} : { outsideAddress: known }) };
};

export const nameServers = (lab: Places): readonly string[] =>
  ['dns1', 'dns2'].map((name) => lab.host(name).address.v4);

export const followedName = (lab: Places): FollowedName => ({
  name: serviceName,
  nameServers: nameServers(lab),
  port: 5060,
});

/** A telephone that asks for NAPTR and SRV, and goes on after its fourth packet was not answered (0, 0.5, 1.5, 3.5 s): RFC 3261 allows 32 s. */
export const srvOf = (lab: Places): SrvPlan => ({ domain: zone, nameServers: nameServers(lab), nextAfterMs: 4000 });

/** A provider that knows both addresses, and tries the main's first for each call. */
export const trunkOf = (lab: Places): TrunkPlan => ({
  addresses: (['main', 'standby'] as const).map((role) => knownAddress(lab, role)),
  nextAfterMs: 400,
});
