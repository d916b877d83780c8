/**
 * The text of the network's nftables, pure. Everything a fault does to the network is done between the hosts, in the network's own
 * namespace: the hosts' tables belong to the agent. Every change is one transaction and may be repeated.
 */

/** Which way a host is cut off: what it sends, what it should receive, or both. */
export type Direction = 'in' | 'out' | 'both';

/** The bridge port of a host. */
export const portOf = (host: string): string => `p-${host}`;

/** How the rules know a host: on a bridge by its port, between routed networks by its address. */
export interface Ends {
  readonly table: string;
  /** The type of a set's element, and what of a packet is looked up in it. */
  readonly type: string;
  readonly from: string;
  readonly to: string;
  /** A host as an element. */
  readonly element: (host: string) => string;
  /** A port by which packets come a second time: nothing is lost twice. */
  readonly again?: string;
}

export const bridgeEnds: Ends = {
  table: 'bridge lab',
  type: 'ifname',
  from: 'iifname',
  to: 'oifname',
  element: (host) => `"${portOf(host)}"`,
};

export const routedEnds = (addressOf: (host: string) => string, again: string): Ends => ({
  table: 'inet lab',
  type: 'ipv4_addr',
  from: 'ip saddr',
  to: 'ip daddr',
  element: addressOf,
  again: portOf(again),
});

/** The empty table: no fault. */
export const baseRules = ({ table, type, from, to, again }: Ends): string => `
table ${table} {
  set cut { type ${type} . ${type}; }
  set deaf { type ${type}; }
  set mute { type ${type}; }
  set spared { type ${type} . ${type}; }
  map loss { type ${type} . ${type} : verdict; }
  chain forward {
    type filter hook forward priority 0; policy accept;
    ${from} . ${to} @spared accept
    ${from} . ${to} @cut drop
    ${from} @mute drop
    ${to} @deaf drop
    ${again === undefined ? '' : `iifname "${again}" accept`}
    ${from} . ${to} vmap @loss
  }
  chain input {
    type filter hook input priority 0; policy accept;
    ${from} @mute drop
  }
  chain output {
    type filter hook output priority 0; policy accept;
    ${to} @deaf drop
  }
}
`;

/** Adds, or (after an add that makes it surely exist) deletes, elements. */
const change = ({ table }: Ends, set: string, element: string, present: boolean): string => {
  const add = `add element ${table} ${set} { ${element} }`;
  return present ? add : `${add}\ndelete element ${table} ${set} { ${element} }`;
};

const pair = ({ element }: Ends, from: string, to: string): string => `${element(from)} . ${element(to)}`;

/** Frames from one host to the other no longer arrive; the way back is another rule. */
export const cutRule = (ends: Ends, from: string, to: string, isCut: boolean): string =>
  change(ends, 'cut', pair(ends, from, to), isCut);

/** No fault of the network touches what goes between these two: a witness must see a node that is cut off from all others. */
export const spareRule = (ends: Ends, a: string, b: string): string =>
  [change(ends, 'spared', pair(ends, a, b), true), change(ends, 'spared', pair(ends, b, a), true)].join('\n');

/** A host that hears nothing (`in`), is heard by nobody (`out`), or both. */
export const isolateRule = (ends: Ends, host: string, direction: Direction, isCut: boolean): string => {
  const lines: string[] = [];
  if (direction !== 'out') lines.push(change(ends, 'deaf', ends.element(host), isCut));
  if (direction !== 'in') lines.push(change(ends, 'mute', ends.element(host), isCut));
  return lines.join('\n');
};

/** Drops frames from one host to the other at random, in thousandths; 0 ends it. */
export const lossRule = (ends: Ends, from: string, to: string, perMille: number): string => {
  const { table } = ends;
  const chain = `loss_${from}_${to}`.replaceAll('-', '_');
  const lines = [`add chain ${table} ${chain}`, `flush chain ${table} ${chain}`];
  if (perMille > 0)
    lines.push(`add rule ${table} ${chain} numgen random mod 1000 < ${Math.min(1000, Math.round(perMille))} drop`);
  // A chain of its own for each pair: the map's element never changes, and may be added again.
  return [...lines, `add element ${table} loss { ${pair(ends, from, to)} : jump ${chain} }`].join('\n');
};

/** Everything mended. */
export const mendRule = ({ table }: Ends): string =>
  ['cut', 'deaf', 'mute']
    .map((set) => `flush set ${table} ${set}`)
    .join('\n')
    .concat(`\nflush map ${table} loss`);
