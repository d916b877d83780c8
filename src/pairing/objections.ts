/** What speaks against a pairing: both sides ask it before anything changes. */

import { canonical } from '../config/canonical.ts';
import { contains } from '../config/relations/relations.ts';
import { type Fault, fail } from '../core/result.ts';
import { type Role, rivalOf } from '../core/words.ts';
import type { At, Facts, Kind } from './words.ts';

/** What one side knows of the other and of the pair to be. */
export interface Match {
  readonly inviter: Facts;
  readonly joiner: Facts;
  /** What the token is for. */
  readonly kind: Kind;
  /** The role, or the checkpoint’s name, that is offered. */
  readonly as: string;
  /** Addresses with their prefix; empty where none follows the active node. */
  readonly virtualIps: readonly string[];
  /** Where the joining machine was said to be; null: it says so itself. */
  readonly expected: string | null;
  /** A former machine of this role is replaced. */
  readonly replaces: boolean;
  /** Pins: the joining machine’s own, and the one with which the inviting one is paired already. */
  readonly joinerPin: string;
  readonly inviterPin: string;
  readonly nodes: Readonly<Record<Role, At | null>>;
}

type Objection = (match: Match) => Fault | null;

const no = (...parts: Parameters<typeof fail>): Fault => fail(...parts).error;
const same = (one: string, other: string): boolean => canonical(one) === canonical(other);

const otherKind: Objection = ({ kind, joiner }) =>
  kind === joiner.kind
    ? null
    : no(
        'pairing-other-kind',
        `The token is for a ${kind}, and this machine asks as a ${joiner.kind}.`,
        kind === 'node'
          ? 'Leave --checkpoint out, or use the token of the checkpoint.'
          : 'Add --checkpoint, or use the token of the node.',
      );

const otherVersion: Objection = ({ inviter, joiner }) =>
  inviter.program === joiner.program
    ? null
    : no(
        'pairing-other-version',
        `Here runs ${joiner.program}, there ${inviter.program}.`,
        'Install the same version on both machines.',
      );

const sameMachine: Objection = ({ inviter, joiner, inviterPin, joinerPin }) =>
  inviterPin === joinerPin || (inviter.machine !== '' && inviter.machine === joiner.machine)
    ? no(
        'pairing-same-machine',
        'Both are the same machine, or one is a copy of the other.',
        'Join on the other server; on a copy make a new /etc/machine-id first, and remove /etc/dualtone.',
      )
    : null;

const sameRole: Objection = ({ kind, as, joiner }) =>
  kind === 'node' && joiner.role !== null && joiner.role !== as
    ? no(
        'pairing-same-role',
        `Both would be the ${joiner.role}.`,
        `Leave --role out, or give --role ${as}: the other machine is the ${rivalOf(as as Role)} already.`,
      )
    : null;

const otherName: Objection = ({ kind, as, joiner }) =>
  kind === 'checkpoint' && joiner.name !== as
    ? no(
        'pairing-other-name',
        `The token is for the checkpoint ${as}, not for ${joiner.name}.`,
        `Give --name ${as}, or leave it out.`,
      )
    : null;

const sameName: Objection = ({ inviter, joiner }) =>
  inviter.name === joiner.name
    ? no('pairing-same-name', `Both are called ${joiner.name}.`, 'Give one of them another name with --name.')
    : null;

const foreignAddress: Objection = ({ joiner }) =>
  joiner.networks.some((each) => same(each.split('/')[0] ?? '', joiner.address))
    ? null
    : no(
        'pairing-address-not-here',
        `The joining machine does not have the address ${joiner.address}.`,
        `Give one of its own with --address: ${joiner.networks.join(', ')}.`,
      );

const takenAddress: Objection = ({ inviter, joiner, virtualIps, nodes, kind }) => {
  const others = kind === 'checkpoint' ? [nodes.main, nodes.standby] : [];
  const taken = [
    inviter.address,
    ...others.flatMap((node) => (node === null ? [] : [node.address])),
    ...virtualIps.map((each) => each.split('/')[0] ?? ''),
  ];
  return taken.some((each) => same(each, joiner.address))
    ? no(
        'pairing-address-taken',
        `The address ${joiner.address} is the other machine’s, or the virtual IP.`,
        'Give the joining machine an address of its own with --address.',
      )
    : null;
};

const otherAddress: Objection = ({ expected, joiner }) =>
  expected === null || same(expected, joiner.address)
    ? null
    : no(
        'pairing-other-address',
        `The other machine was said to be ${expected}, and this one is ${joiner.address}.`,
        `Give --address ${expected} here, or begin again there with the right address of the peer.`,
      );

const otherFamily: Objection = ({ inviter, joiner }) =>
  inviter.address.includes(':') === joiner.address.includes(':')
    ? null
    : no(
        'pairing-other-family',
        `${inviter.address} and ${joiner.address} are of different families.`,
        'Give both as IPv4 or both as IPv6.',
      );

const otherSubnet: Objection = ({ kind, joiner, virtualIps }) => {
  const related = virtualIps.filter((each) => each.includes(':') === joiner.address.includes(':'));
  if (kind !== 'node' || related.length === 0) return null;
  // A virtual IP with a full-length prefix says nothing of the network it lives in: the machine's own does.
  const own = joiner.networks.filter((each) => contains(each, joiner.address));
  const shares = related.some(
    (each) => contains(each, joiner.address) || own.some((net) => contains(net, each.split('/')[0] ?? '')),
  );
  return shares
    ? null
    : no(
        'pairing-other-subnet',
        `The virtual IP ${related.join(', ')} is of another network than ${joiner.address}.`,
        'Both nodes must be in the network of the virtual IP: give other addresses, or pair without a virtual IP.',
      );
};

const isPaired: Objection = ({ joiner, inviterPin }) =>
  joiner.pairedWith === null || joiner.pairedWith === inviterPin
    ? null
    : no(
        'pairing-paired-already',
        `${joiner.name} is paired with another machine already.`,
        'If that pair is no more: `dualtone disable` there first.',
      );

const replacesOther: Objection = ({ kind, inviter, joinerPin, replaces }) =>
  kind !== 'node' || replaces || inviter.pairedWith === null || inviter.pairedWith === joinerPin
    ? null
    : no(
        'pairing-other-machine',
        `${inviter.name} is paired with another machine than this one.`,
        `If that one is lost: \`dualtone rejoin\` on ${inviter.name}, and join with its token.`,
      );

const serves: Objection = ({ kind, joiner }) =>
  kind === 'node' && joiner.serving
    ? no('pairing-serving', `${joiner.name} serves now, in another pair.`, 'Stop its service there first.')
    : null;

const OBJECTIONS: readonly Objection[] = [
  otherKind,
  otherVersion,
  sameMachine,
  sameRole,
  otherName,
  sameName,
  foreignAddress,
  takenAddress,
  otherAddress,
  otherFamily,
  otherSubnet,
  isPaired,
  replacesOther,
  serves,
];

/** The first thing that speaks against it, null where nothing does. */
export const objectionTo = (match: Match): Fault | null => {
  for (const objection of OBJECTIONS) {
    const found = objection(match);
    if (found !== null) return found;
  }
  return null;
};

const CLOCKS_MS = 5000;

/** Allowed, and worth a word to the person. `now` is this machine’s wall time when it heard of the other’s. */
export const notesOn = (other: Facts, now: number): readonly string[] => {
  const apart = Math.round(Math.abs(other.wall - now) / 1000);
  return apart * 1000 <= CLOCKS_MS
    ? []
    : [`The clocks of the two machines are ${apart} s apart: see to their time service.`];
};
