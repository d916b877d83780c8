/**
 * The text of the bridge's nftables, pure. Everything a fault does to the network is done between the hosts, in the bridge's own
 * namespace: the hosts' tables belong to the agent. Every change is one transaction and may be repeated.
 */

/** Which way a host is cut off: what it sends, what it should receive, or both. */
export type Direction = 'in' | 'out' | 'both';

/** The bridge port of a host. */
export const portOf = (host: string): string => `p-${host}`;

const table = 'bridge lab';

/** The empty table: no fault. */
export const baseRules = `
table ${table} {
  set cut { type ifname . ifname; }
  set deaf { type ifname; }
  set mute { type ifname; }
  set spared { type ifname . ifname; }
  map loss { type ifname . ifname : verdict; }
  chain forward {
    type filter hook forward priority 0; policy accept;
    iifname . oifname @spared accept
    iifname . oifname @cut drop
    iifname @mute drop
    oifname @deaf drop
    iifname . oifname vmap @loss
  }
  chain input {
    type filter hook input priority 0; policy accept;
    iifname @mute drop
  }
  chain output {
    type filter hook output priority 0; policy accept;
    oifname @deaf drop
  }
}
`;

/** Adds, or (after an add that makes it surely exist) deletes, elements. */
const change = (set: string, element: string, present: boolean): string => {
  const add = `add element ${table} ${set} { ${element} }`;
  return present ? add : `${add}\ndelete element ${table} ${set} { ${element} }`;
};

const pair = (from: string, to: string): string => `"${portOf(from)}" . "${portOf(to)}"`;

/** Frames from one host to the other no longer arrive; the way back is another rule. */
export const cutRule = (from: string, to: string, isCut: boolean): string => change('cut', pair(from, to), isCut);

/** No fault of the network touches what goes between these two: a witness must see a node that is cut off from all others. */
export const spareRule = (a: string, b: string): string =>
  [change('spared', pair(a, b), true), change('spared', pair(b, a), true)].join('\n');

/** A host that hears nothing (`in`), is heard by nobody (`out`), or both. */
export const isolateRule = (host: string, direction: Direction, isCut: boolean): string => {
  const lines: string[] = [];
  if (direction !== 'out') lines.push(change('deaf', `"${portOf(host)}"`, isCut));
  if (direction !== 'in') lines.push(change('mute', `"${portOf(host)}"`, isCut));
  return lines.join('\n');
};

/** Drops frames from one host to the other at random, in thousandths; 0 ends it. */
export const lossRule = (from: string, to: string, perMille: number): string => {
  const chain = `loss_${from}_${to}`.replaceAll('-', '_');
  const lines = [`add chain ${table} ${chain}`, `flush chain ${table} ${chain}`];
  if (perMille > 0)
    lines.push(`add rule ${table} ${chain} numgen random mod 1000 < ${Math.min(1000, Math.round(perMille))} drop`);
  // A chain of its own for each pair: the map's element never changes, and may be added again.
  return [...lines, `add element ${table} loss { ${pair(from, to)} : jump ${chain} }`].join('\n');
};

/** Everything mended. */
export const mendRule = ['cut', 'deaf', 'mute']
  .map((set) => `flush set ${table} ${set}`)
  .join('\n')
  .concat(`\nflush map ${table} loss`);
