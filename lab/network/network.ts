import { fail, ok, type Result } from '../../src/core/result.ts';
import { runChecked } from '../process.ts';
import { type Address, addressOf, linkAddressOf, netnsName, octetByRole, type Subnet } from './addressing.ts';
import { plugRouted, type RoutedHost, type RoutedPlan, routerLines, routerRules, routerSettings } from './routed.ts';
import {
  baseRules,
  bridgeEnds,
  cutRule,
  type Direction,
  type Ends,
  isolateRule,
  lossRule,
  mendRule,
  portOf,
  routedEnds,
  spareRule,
} from './rules.ts';

/** The bridge or the router between the hosts of one lab, in a namespace of its own, and what can be done to it. */
export interface Network {
  /** Gives a host's namespace an `eth0` with its addresses, and plugs it in. */
  readonly plug: (host: PluggedHost) => Promise<Result<void>>;
  /** Pulls the cable out for good, at once: the interface is gone on both sides. */
  readonly unplug: (host: string) => Promise<Result<void>>;
  /** Frames between each of `from` and each of `to` are lost; with `oneWay` only in that direction. */
  readonly cut: (from: Names, to: Names, options?: CutOptions) => Promise<Result<void>>;
  readonly mendCut: (from: Names, to: Names, options?: CutOptions) => Promise<Result<void>>;
  /** Cuts a host off from all, the gateway included; its link stays up. */
  readonly isolate: (host: string, direction?: Direction) => Promise<Result<void>>;
  readonly rejoin: (host: string, direction?: Direction) => Promise<Result<void>>;
  /** Random loss in percent between two hosts, both ways unless `oneWay`; 0 ends it. */
  readonly lose: (from: Names, to: Names, percent: number, options?: CutOptions) => Promise<Result<void>>;
  /** Frames between the two pass whatever cuts, isolations and losses there are; not undone by `mend`. For witnesses. */
  readonly spare: (a: string, b: string) => Promise<Result<void>>;
  /** The host sees its carrier go, or come back. */
  readonly setLink: (host: string, up: boolean) => Promise<Result<void>>;
  /** Limits what a host receives to a rate, with a queue that holds at most `queueMs`; `undefined` lifts it. */
  readonly setRate: (
    host: string,
    limit: { readonly kbitPerSecond: number; readonly queueMs: number } | undefined,
  ) => Promise<Result<void>>;
  /** Takes the gateway's address away, or gives it back. */
  readonly setGateway: (answers: boolean) => Promise<Result<void>>;
  /** Ends every cut, isolation and loss; links, rates and the gateway are set back one by one. */
  readonly mend: () => Promise<Result<void>>;
}

export type Names = string | readonly string[];

export interface CutOptions {
  readonly oneWay?: boolean;
}

export interface PluggedHost {
  readonly name: string;
  readonly netns: string;
  readonly octet: number;
}

/** The namespace of the bridge. */
const bridgeNetns = (runId: string): string => netnsName(runId, 'net');

const bridge = 'br0';

/** What a lab's network is made of. */
export interface Wiring {
  readonly runId: string;
  readonly subnet: Subnet;
  readonly hosts: readonly RoutedHost[];
  /** Absent: one bridge. */
  readonly routed?: RoutedPlan;
}

/** One `ip -batch` in a namespace. */
const batch = async (netns: string, lines: readonly string[]): Promise<Result<void>> => {
  const result = await runChecked(['ip', '-n', netns, '-batch', '-'], { input: `${lines.join('\n')}\n` });
  return result.ok ? ok(undefined) : result;
};

const inNetns = (netns: string, argv: readonly string[]): readonly string[] => [
  'nsenter',
  `--net=/run/netns/${netns}`,
  '--',
  ...argv,
];

const transact = async (netns: string, rules: string): Promise<Result<void>> => {
  const result = await runChecked(inNetns(netns, ['nft', '-f', '-']), { input: `${rules}\n` });
  return result.ok ? ok(undefined) : result;
};

/** Duplicate address detection would keep a host mute for a second or two of every boot. */
const quietIpv6 = ['sysctl', '-qw', 'net.ipv6.conf.all.accept_dad=0', 'net.ipv6.conf.default.accept_dad=0'];

const gatewayLines = (gateway: Address, change: 'replace' | 'del'): readonly string[] => [
  `addr ${change} ${gateway.v4}/24 dev ${bridge}`,
  `addr ${change} ${gateway.v6}/64 dev ${bridge}`,
];

/** The bridge with its gateway addresses and its empty fault table. */
const buildBridge = async (runId: string, subnet: Subnet): Promise<Result<void>> => {
  const netns = bridgeNetns(runId);
  const added = await runChecked(['ip', 'netns', 'add', netns]);
  if (!added.ok) return added;
  const quiet = await runChecked(inNetns(netns, quietIpv6));
  if (!quiet.ok) return quiet;
  const linked = await batch(netns, [
    'link set lo up',
    `link add ${bridge} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
    `link set ${bridge} up`,
    ...gatewayLines(addressOf(subnet, octetByRole.gateway), 'replace'),
  ]);
  return linked.ok ? await transact(netns, baseRules(bridgeEnds)) : linked;
};

const endsOf = ({ subnet, hosts, routed }: Wiring): Ends => {
  if (routed === undefined) return bridgeEnds;
  const octetByName = new Map(hosts.map(({ name, octet }) => [name, octet]));
  return routedEnds((name) => addressOf(subnet, octetByName.get(name) ?? 0).v4, routed.detour.via);
};

const buildRouter = async (wiring: Wiring, plan: RoutedPlan): Promise<Result<void>> => {
  const { runId, subnet, hosts } = wiring;
  const netns = bridgeNetns(runId);
  const added = await runChecked(['ip', 'netns', 'add', netns]);
  if (!added.ok) return added;
  const set = await runChecked(inNetns(netns, ['sysctl', '-qw', ...routerSettings]));
  if (!set.ok) return set;
  const linked = await batch(netns, routerLines(subnet, hosts, plan));
  return linked.ok ? await transact(netns, baseRules(endsOf(wiring)) + routerRules(subnet, hosts, plan)) : linked;
};

/** Builds what is between the hosts. Faults: `program-failed`. */
export const buildNetwork = async (wiring: Wiring): Promise<Result<void>> =>
  wiring.routed === undefined
    ? await buildBridge(wiring.runId, wiring.subnet)
    : await buildRouter(wiring, wiring.routed);

const plugIntoRouter = async (
  { runId, subnet }: Wiring,
  host: PluggedHost,
  plan: RoutedPlan,
): Promise<Result<void>> => {
  const lines = plugRouted(subnet, host, host.netns, plan);
  const plugged = await batch(bridgeNetns(runId), lines.router);
  return plugged.ok ? await batch(host.netns, lines.host) : plugged;
};

const plugHost = async (runId: string, subnet: Subnet, host: PluggedHost): Promise<Result<void>> => {
  const bridgeSide = bridgeNetns(runId);
  const port = portOf(host.name);
  const own = addressOf(subnet, host.octet);
  const gateway = addressOf(subnet, octetByRole.gateway);
  const quiet = await runChecked(inNetns(host.netns, quietIpv6));
  if (!quiet.ok) return quiet;
  const plugged = await batch(bridgeSide, [
    `link add ${port} type veth peer name eth0 address ${linkAddressOf(subnet, host.octet)} netns ${host.netns}`,
    `link set ${port} master ${bridge} up`,
  ]);
  if (!plugged.ok) return plugged;
  return await batch(host.netns, [
    'link set lo up',
    'link set eth0 up',
    `addr add ${own.v4}/24 broadcast + dev eth0`,
    `addr add ${own.v6}/64 dev eth0 nodad`,
    `route add default via ${gateway.v4}`,
    `route add default via ${gateway.v6}`,
  ]);
};

const unplugHost = async (runId: string, host: string): Promise<Result<void>> => {
  const result = await batch(bridgeNetns(runId), [`link del ${portOf(host)}`]);
  // The port goes with the host's namespace; one that is gone already is unplugged.
  if (!result.ok && !result.error.message.includes('Cannot find device')) return result;
  return ok(undefined);
};

const setHostRate = async (
  runId: string,
  host: string,
  limit: { readonly kbitPerSecond: number; readonly queueMs: number } | undefined,
): Promise<Result<void>> => {
  const device = portOf(host);
  const argv =
    limit === undefined
      ? ['tc', 'qdisc', 'del', 'dev', device, 'root']
      : [
          'tc',
          'qdisc',
          'replace',
          'dev',
          device,
          'root',
          'tbf',
          'rate',
          `${limit.kbitPerSecond}kbit`,
          'burst',
          '1600',
          'latency',
          `${limit.queueMs}ms`,
        ];
  const result = await runChecked(inNetns(bridgeNetns(runId), argv));
  return result.ok ? ok(undefined) : result;
};

const list = (names: Names): readonly string[] => (typeof names === 'string' ? [names] : names);

const pairs = (from: Names, to: Names, oneWay: boolean): readonly (readonly [string, string])[] =>
  list(from).flatMap((a) =>
    list(to).flatMap((b): (readonly [string, string])[] =>
      oneWay
        ? [[a, b]]
        : [
            [a, b],
            [b, a],
          ],
    ),
  );

/** The handle on a lab's network, built or found: all of its state is in the kernel, so any process may hold one. */
export const openNetwork = (wiring: Wiring): Network => {
  const { runId, subnet, routed } = wiring;
  const hosts = wiring.hosts.map(({ name }) => name);
  const ends = endsOf(wiring);
  const netns = bridgeNetns(runId);
  const check = (names: readonly string[]): Result<void> => {
    const stranger = names.find((name) => !hosts.includes(name));
    return stranger === undefined
      ? ok(undefined)
      : fail('host-unknown', `this lab has no host ${stranger}`, `it has ${hosts.join(', ')}`);
  };
  const apply = async (
    from: Names,
    to: Names,
    oneWay: boolean,
    rule: (a: string, b: string) => string,
  ): Promise<Result<void>> => {
    const known = check([...list(from), ...list(to)]);
    if (!known.ok) return known;
    return await transact(
      netns,
      pairs(from, to, oneWay)
        .map(([a, b]) => rule(a, b))
        .join('\n'),
    );
  };
  const isolation = async (host: string, direction: Direction, isCut: boolean): Promise<Result<void>> => {
    const known = check([host]);
    return known.ok ? await transact(netns, isolateRule(ends, host, direction, isCut)) : known;
  };
  return {
    plug: async (host) =>
      routed === undefined ? await plugHost(runId, subnet, host) : await plugIntoRouter(wiring, host, routed),
    unplug: async (host) => await unplugHost(runId, host),
    cut: async (from, to, options = {}) =>
      await apply(from, to, options.oneWay === true, (a, b) => cutRule(ends, a, b, true)),
    mendCut: async (from, to, options = {}) =>
      await apply(from, to, options.oneWay === true, (a, b) => cutRule(ends, a, b, false)),
    isolate: async (host, direction = 'both') => await isolation(host, direction, true),
    rejoin: async (host, direction = 'both') => await isolation(host, direction, false),
    lose: async (from, to, percent, options = {}) =>
      await apply(from, to, options.oneWay === true, (a, b) => lossRule(ends, a, b, percent * 10)),
    spare: async (a, b) => {
      const known = check([a, b]);
      return known.ok ? await transact(netns, spareRule(ends, a, b)) : known;
    },
    setLink: async (host, up) => await batch(netns, [`link set ${portOf(host)} ${up ? 'up' : 'down'}`]),
    setRate: async (host, limit) => await setHostRate(runId, host, limit),
    setGateway: async (answers) =>
      await batch(netns, gatewayLines(addressOf(subnet, octetByRole.gateway), answers ? 'replace' : 'del')),
    mend: async () => await transact(netns, mendRule(ends)),
  };
};
