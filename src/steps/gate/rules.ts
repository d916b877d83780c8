import { createHash } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import type { GateAction } from '../../core/effect.ts';

/** What the gate lets nobody through to or from, unless the lease is granted. */
export interface GateSettings {
  /** Ticket slots; the core's `slots`. */
  readonly slots: number;
  /** UDP and TCP; own ports of Asterisk as well as those of phones and providers that it calls. */
  readonly sipPorts: readonly number[];
  /** UDP; null: no IAX2. */
  readonly iaxPort: number | null;
  /** UDP, as `10000-20000`; null: no media gated. */
  readonly mediaPorts: string | null;
  /** Addresses (without prefix length) for which nobody may speak while the gate is closed: ARP and neighbour advertisements. */
  readonly virtualAddresses: readonly string[];
  /** Addresses whose SIP ports the agent itself asks while the gate is closed: the rival. */
  readonly probedAddresses: readonly string[];
  /** Asterisk in a container with a network of its own is reached by forwarding; then that is gated too. */
  readonly forwarded: boolean;
  /** The port of this node's own refuser: it answers callers while they are known to be served elsewhere. Null: a closed gate is silent. */
  readonly refuserPort: number | null;
}

/** What the kernel is told: what the core decides, and for how long callers are served elsewhere (0: not known any more). */
export type GateOrder = GateAction | { readonly type: 'elsewhere'; readonly ms: number };

/** Name of the tables in the families `inet` and `arp`. */
export const TABLE = 'dualtone';

type Family = 'inet' | 'arp';

/** Prefix of the empty chain whose name says which rules the table holds. */
const VERSION_PREFIX = 'version_';

/*
 * A slot is a set with two elements: its ticket (with a timeout) and its grant. `numgen inc mod 1` is always 0, so with its
 * offset it is a constant that every packet looks up. A packet passes when both are in one slot, or when the gate is held open.
 */
export const TICKET = 1;
export const GRANT = 2;
/** The one element, with a timeout, of the set `elsewhere`. */
export const ELSEWHERE = 3;
const constant = (value: number): string => `numgen inc mod 1 offset ${value}`;
const SET_TYPE = 'typeof numgen inc mod 1';

/** Ports from which programs ask names and time; a resolver draws its own port from the whole range, media ports included. */
const NOT_MEDIA = '{ 53, 123 }';

export const slotNames = (slots: number): readonly string[] => Array.from({ length: slots }, (_none, i) => `slot${i}`);

/** The families that the settings need: `arp` only where an IPv4 address moves. */
export const familiesOf = (settings: GateSettings): readonly Family[] =>
  settings.virtualAddresses.some((address) => isIPv4(address)) ? ['inet', 'arp'] : ['inet'];

interface Rule {
  readonly family: Family;
  readonly chain: string;
  readonly text: string;
}

/** What a table consists of, before it is text: so that a listing can be compared with it. */
export interface Blueprint {
  readonly rules: readonly Rule[];
  /** Definition by name, of each family's chains. */
  readonly chains: readonly { readonly family: Family; readonly name: string; readonly definition: string }[];
  readonly sets: readonly { readonly family: Family; readonly name: string; readonly definition: string }[];
  readonly families: readonly Family[];
}

/** `called`: where requests to this node's own SIP ports go. */
const portRules = (settings: GateSettings, called = 'gated'): readonly string[] => {
  const sip = `{ ${settings.sipPorts.join(', ')} }`;
  const rules: string[] = [];
  for (const end of ['dport', 'sport']) {
    const chain = end === 'dport' ? called : 'gated';
    if (settings.sipPorts.length > 0) rules.push(`meta l4proto { tcp, udp } th ${end} ${sip} goto ${chain}`);
    if (settings.iaxPort !== null) rules.push(`udp ${end} ${settings.iaxPort} goto gated`);
  }
  return rules;
};

/** Media is gated by this node's own ports: the far end's are anybody's. */
const mediaRules = (settings: GateSettings, ownEnds: readonly ('dport' | 'sport')[]): readonly string[] =>
  settings.mediaPorts === null
    ? []
    : ownEnds.map((own) => {
        const far = own === 'dport' ? 'sport' : 'dport';
        return `udp ${own} ${settings.mediaPorts} udp ${far} != ${NOT_MEDIA} goto gated`;
      });

/** The agent's own questions to the rival's SIP port, from a port that is not a gated one, and their answers. */
const probeRules = (settings: GateSettings, far: 'saddr' | 'daddr'): readonly string[] => {
  if (settings.sipPorts.length === 0) return [];
  const [farPort, ownPort] = far === 'daddr' ? ['dport', 'sport'] : ['sport', 'dport'];
  const sip = `{ ${settings.sipPorts.join(', ')} }`;
  return settings.probedAddresses.map((address) => {
    const protocol = isIPv6(address) ? 'ip6' : 'ip';
    return `${protocol} ${far} ${address} meta l4proto { tcp, udp } th ${farPort} ${sip} th ${ownPort} != ${sip} accept`;
  });
};

const neighbourRules = (settings: GateSettings): readonly string[] => {
  const addresses = settings.virtualAddresses.filter((address) => isIPv6(address));
  return addresses.flatMap((address) => [
    // The target of an advertisement, 8 bytes into ICMPv6; `icmpv6 taddr` is too young a word.
    `icmpv6 type nd-neighbor-advert @th,64,128 ${hexOfIPv6(address)} goto gated`,
    `ip6 saddr ${address} icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } goto gated`,
  ]);
};

/** An IPv6 address as one number, for raw payload matches. */
export const hexOfIPv6 = (address: string): string => {
  const v4 = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const hex = (n: string | undefined): string => Number(n).toString(16).padStart(2, '0');
  const plain = v4 === null ? address : `${v4[1]}${hex(v4[2])}${hex(v4[3])}:${hex(v4[4])}${hex(v4[5])}`;
  const [head = '', tail] = plain.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return `0x${[...left, ...zeros, ...right].map((group) => group.padStart(4, '0')).join('')}`;
};

/** The UDP port whose callers are answered by the refuser, and its own; null where a closed gate is silent. */
const refusalOf = ({ sipPorts, refuserPort }: GateSettings) => {
  const [called] = sipPorts;
  return refuserPort === null || called === undefined ? null : { called, own: refuserPort };
};

/**
 * What the refuser sends leaves as if from the SIP port, and the kernel's own TCP resets leave. Ports are written anew at the gate's own
 * hooks: what other filters of this machine and connection tracking see is the SIP port, in both directions.
 */
const refusalOutput = (settings: GateSettings): readonly string[] => {
  const refusal = refusalOf(settings);
  if (refusal === null) return [];
  const sip = `{ ${settings.sipPorts.join(', ')} }`;
  return [
    `udp sport ${refusal.own} udp sport set ${refusal.called} accept`,
    `tcp sport ${sip} tcp flags & rst == rst ${constant(ELSEWHERE)} @elsewhere accept`,
  ];
};

/** Input is dropped at its hook, after address translation and defragmentation; output before connection tracking. */
const hooks = (settings: GateSettings): readonly { readonly name: string; readonly rules: readonly string[] }[] => [
  {
    name: 'input',
    rules: [
      'iifname "lo" accept',
      // The refuser is reached by the SIP port alone.
      ...(settings.refuserPort === null ? [] : [`udp dport ${settings.refuserPort} drop`]),
      ...probeRules(settings, 'saddr'),
      ...portRules(settings, refusalOf(settings) === null ? 'gated' : 'called'),
      ...mediaRules(settings, ['dport']),
    ],
  },
  {
    name: 'output',
    rules: [
      'oifname "lo" accept',
      ...refusalOutput(settings),
      ...probeRules(settings, 'daddr'),
      ...portRules(settings),
      ...mediaRules(settings, ['sport']),
      ...neighbourRules(settings),
    ],
  },
  ...(settings.forwarded
    ? [{ name: 'forward', rules: [...portRules(settings), ...mediaRules(settings, ['dport', 'sport'])] }]
    : []),
];

const passingRules = (settings: GateSettings): readonly string[] => [
  ...slotNames(settings.slots).map((slot) => `${constant(TICKET)} @${slot} ${constant(GRANT)} @${slot} accept`),
  `${constant(TICKET)} @held accept`,
];

const gatedRules = (settings: GateSettings): readonly string[] => [...passingRules(settings), 'counter drop'];

/**
 * `called`: who calls while the gate is closed is let in only where it is known to be served elsewhere, and over TCP refused at once.
 * `turned`, after all other filters: what would not pass the gate now goes to the refuser, whatever was known before, and never to Asterisk.
 */
const refusalRules = (settings: GateSettings): readonly Rule[] => {
  const refusal = refusalOf(settings);
  if (refusal === null) return [];
  const at = (chain: string, texts: readonly string[]): readonly Rule[] =>
    texts.map((text) => ({ family: 'inet', chain, text }));
  return [
    ...at('called', [
      ...passingRules(settings),
      `${constant(ELSEWHERE)} @elsewhere meta l4proto tcp reject with tcp reset`,
      `${constant(ELSEWHERE)} @elsewhere udp dport ${refusal.called} accept`,
      'counter drop',
    ]),
    ...at('aside', ['iifname "lo" accept', `udp dport ${refusal.called} goto turned`]),
    ...at('turned', [...passingRules(settings), `udp dport set ${refusal.own}`]),
  ];
};

const refusalChains = (settings: GateSettings): Blueprint['chains'] =>
  refusalOf(settings) === null
    ? []
    : [
        { family: 'inet', name: 'called', definition: '' },
        { family: 'inet', name: 'turned', definition: '' },
        { family: 'inet', name: 'aside', definition: '{ type filter hook input priority 200; policy accept; }' },
      ];

/** The rule set that the settings ask for. */
export const blueprintOf = (settings: GateSettings): Blueprint => {
  const families = familiesOf(settings);
  const base = hooks(settings);
  const arpAddresses = settings.virtualAddresses.filter((address) => isIPv4(address)).join(', ');
  const hookChain = (hook: string, priority: string) =>
    `{ type filter hook ${hook} priority ${priority}; policy accept; }`;
  const draft: Omit<Blueprint, 'families'> = {
    chains: [
      ...families.map((family) => ({ family, name: 'gated', definition: '' })),
      ...refusalChains(settings),
      ...base.map(({ name }) => ({ family: 'inet' as const, name, definition: hookChain(name, '-300') })),
      ...(families.includes('arp')
        ? [{ family: 'arp' as const, name: 'output', definition: hookChain('output', '0') }]
        : []),
    ],
    sets: [
      ...families.flatMap((family) => [
        ...slotNames(settings.slots).map((name) => ({ family, name, definition: `{ ${SET_TYPE}; flags timeout; }` })),
        { family, name: 'held', definition: `{ ${SET_TYPE}; }` },
      ]),
      ...(refusalOf(settings) === null
        ? []
        : [{ family: 'inet' as const, name: 'elsewhere', definition: `{ ${SET_TYPE}; flags timeout; }` }]),
    ],
    rules: [
      ...families.flatMap((family) => gatedRules(settings).map((text) => ({ family, chain: 'gated', text }))),
      ...refusalRules(settings),
      ...base.flatMap(({ name, rules }) => rules.map((text) => ({ family: 'inet' as const, chain: name, text }))),
      ...(families.includes('arp')
        ? [{ family: 'arp' as const, chain: 'output', text: `arp saddr ip { ${arpAddresses} } goto gated` }]
        : []),
    ],
  };
  const version = createHash('sha256').update(JSON.stringify(draft)).digest('hex').slice(0, 16);
  return {
    ...draft,
    families,
    chains: [...draft.chains, { family: 'inet', name: `${VERSION_PREFIX}${version}`, definition: '' }],
  };
};

/** Commands that make the rule set, one a line; sets that exist keep their elements, rules are made anew. */
export const createLines = (blueprint: Blueprint): readonly string[] => [
  ...blueprint.families.flatMap((family) => [`add table ${family} ${TABLE}`, `flush table ${family} ${TABLE}`]),
  ...blueprint.chains.map(({ family, name, definition }) =>
    `add chain ${family} ${TABLE} ${name} ${definition}`.trim(),
  ),
  ...blueprint.sets.map(({ family, name, definition }) => `add set ${family} ${TABLE} ${name} ${definition}`),
  ...blueprint.rules.map(({ family, chain, text }) => `add rule ${family} ${TABLE} ${chain} ${text}`),
];

/** Commands that are refused where a table or its last chain is gone, and change nothing. To be given one by one: `nft` 1.0 mixes families up. */
export const existCommands = (blueprint: Blueprint): readonly string[] =>
  blueprint.families.map((family) => `list chain ${family} ${TABLE} gated`);

/** Commands that take away whatever is there, also when nothing is. */
export const removeLines: readonly string[] = (['inet', 'arp'] as const).flatMap((family) => [
  `add table ${family} ${TABLE}`,
  `delete table ${family} ${TABLE}`,
]);

const eachFamily = (settings: GateSettings, command: (family: Family) => readonly string[]): readonly string[] =>
  familiesOf(settings).flatMap((family) => [...command(family)]);

/** One transaction of the gate, as commands. `slot` and `ms` are whole numbers. */
export const actionLines = (action: GateOrder, settings: GateSettings): readonly string[] => {
  switch (action.type) {
    case 'arm':
      return eachFamily(settings, (family) => [
        `flush set ${family} ${TABLE} slot${action.slot}`,
        `add element ${family} ${TABLE} slot${action.slot} { ${TICKET} timeout ${action.ms}ms }`,
      ]);
    case 'grant':
      // A granted lease ends an open-ended hold.
      return eachFamily(settings, (family) => [
        `add element ${family} ${TABLE} slot${action.slot} { ${GRANT} }`,
        `flush set ${family} ${TABLE} held`,
      ]);
    case 'close':
      return eachFamily(settings, (family) =>
        [...slotNames(settings.slots), 'held'].map((name) => `flush set ${family} ${TABLE} ${name}`),
      );
    case 'hold-open':
      return eachFamily(settings, (family) => [`add element ${family} ${TABLE} held { ${TICKET} }`]);
    case 'elsewhere':
      return [
        `flush set inet ${TABLE} elsewhere`,
        ...(action.ms === 0 ? [] : [`add element inet ${TABLE} elsewhere { ${ELSEWHERE} timeout ${action.ms}ms }`]),
      ];
  }
};
