/**
 * Networks with a router between them, instead of one bridge: each host is alone in its own, so that no address can move and nothing is
 * heard that is not sent to it. What two hosts send each other goes by a detour, a host that delays; one host may stand behind NAT. Pure.
 */
import { addressOf, linkAddressOf, octetByRole, type Subnet } from './addressing.ts';
import { portOf } from './rules.ts';

/** What is between the hosts of a routed lab. */
export interface RoutedPlan {
  /** What the two send each other is sent on by this host, in both directions. */
  readonly detour: { readonly via: string; readonly between: readonly [string, string] };
  /** Known to all others by this last octet, one to one, as a server is behind a provider's NAT. */
  readonly nat: { readonly host: string; readonly octet: number };
}

/** A host's name and its own last octet. */
export interface RoutedHost {
  readonly name: string;
  readonly octet: number;
}

const detourTable = 100;

const v4Of = (subnet: Subnet, hosts: readonly RoutedHost[], name: string): string => {
  const host = hosts.find((each) => each.name === name);
  if (host === undefined) throw new Error(`the routed network has no host ${name}`);
  return addressOf(subnet, host.octet).v4;
};

const gatewayOf = (subnet: Subnet): string => addressOf(subnet, octetByRole.gateway).v4;

/** For `ip -batch` in the router, once. */
export const routerLines = (subnet: Subnet, hosts: readonly RoutedHost[], plan: RoutedPlan): readonly string[] => {
  const [a, b] = plan.detour.between;
  const rule = (from: string, to: string): string =>
    `rule add iif ${portOf(from)} to ${v4Of(subnet, hosts, to)} lookup ${detourTable}`;
  return ['link set lo up', `addr add ${gatewayOf(subnet)}/32 dev lo`, rule(a, b), rule(b, a)];
};

/** The kernel's settings of the router: it forwards, and takes what comes back from the detour. */
export const routerSettings: readonly string[] = [
  'net.ipv4.ip_forward=1',
  'net.ipv4.conf.all.rp_filter=0',
  'net.ipv4.conf.default.rp_filter=0',
];

/** NAT, one to one. What comes back from the detour is translated already. */
export const routerRules = (subnet: Subnet, hosts: readonly RoutedHost[], { detour, nat }: RoutedPlan): string => {
  const [inside, outside] = [v4Of(subnet, hosts, nat.host), addressOf(subnet, nat.octet).v4];
  return `
table ip lab_nat {
  chain raw { type filter hook prerouting priority -300; policy accept; iifname "${portOf(detour.via)}" notrack; }
  chain arriving { type nat hook prerouting priority -100; policy accept; ip daddr ${outside} dnat to ${inside}; }
  chain leaving { type nat hook postrouting priority 100; policy accept; ip saddr ${inside} snat to ${outside}; }
}
`;
};

/** For `ip -batch`, in the router and in the host, when a host is plugged in. */
export const plugRouted = (
  subnet: Subnet,
  { name, octet }: RoutedHost,
  netns: string,
  { detour }: RoutedPlan,
): { readonly router: readonly string[]; readonly host: readonly string[] } => {
  const port = portOf(name);
  const own = addressOf(subnet, octet).v4;
  return {
    router: [
      `link add ${port} type veth peer name eth0 address ${linkAddressOf(subnet, octet)} netns ${netns}`,
      `link set ${port} up`,
      `route replace ${own}/32 dev ${port}`,
      ...(name === detour.via ? [`route replace default via ${own} dev ${port} onlink table ${detourTable}`] : []),
    ],
    host: [
      'link set lo up',
      'link set eth0 up',
      `addr add ${own}/32 dev eth0`,
      `route add default via ${gatewayOf(subnet)} dev eth0 onlink`,
    ],
  };
};
