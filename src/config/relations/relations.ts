import { BlockList, isIPv4 } from 'node:net';
import { canonical } from '../canonical.ts';
import type { Config } from '../config.ts';
import type { Path } from '../document.ts';
import { printDuration } from '../schema/scalars.ts';
import { alarmClashes, alarmNotes } from './alarms.ts';
import type { Clash } from './clash.ts';
import { dnsNotes } from './dns.ts';
import { etcdClashes, etcdNotes } from './etcd.ts';
import { fencingClashes, fencingNotes } from './fencing.ts';
import { nrpeClashes, nrpeNotes } from './nrpe.ts';
import { reportingClashes } from './reporting.ts';
import { streamClashes, streamNotes } from './streams.ts';
import { switchClashes } from './switches.ts';

/** Sections that are valid by themselves; a rule is skipped where one that it needs is not. */
export type Sections = Partial<Config>;

const none: readonly Clash[] = [];

const same = (a: string, b: string): boolean => canonical(a) === canonical(b);
const hostOf = (cidr: string): string => cidr.split('/')[0] ?? cidr;
const round = (value: number): string => String(Math.round(value * 1000) / 1000);

/** How long, on a voter's clock, a lease may stand: `(D + g) · (1 + ρ) / (1 − ρ)`, in milliseconds. */
export const coverMs = (timing: Pick<Config['timing'], 'leaseMs' | 'gateLagMs' | 'clockPpm'>): number => {
  const rho = timing.clockPpm / 1_000_000;
  return ((timing.leaseMs + timing.gateLagMs) * (1 + rho)) / (1 - rho);
};

const restartRule = (timing: Config['timing']): readonly Clash[] => {
  const { promiseMs, leaseMs, restartMs } = timing;
  const cover = coverMs({ ...timing, leaseMs: leaseMs + restartMs });
  if (restartMs === 0 || cover < promiseMs + restartMs) return none;
  const message = `the lease of a restart may outlive its promise: ${round(cover)} ms, not below ${promiseMs + restartMs} ms`;
  return [{ path: ['timing', 'restart'], message, remedy: 'give a shorter time for the restart, or a shorter lease' }];
};

const leaseRules = ({ timing }: Sections): readonly Clash[] => {
  if (timing === undefined) return none;
  const clashes: Clash[] = [];
  const cover = coverMs(timing);
  const rho = timing.clockPpm / 1_000_000;
  if (cover >= timing.promiseMs) {
    const sum = `(${timing.leaseMs} + ${timing.gateLagMs}) · (1 + ${rho}) / (1 − ${rho}) = ${round(cover)} ms`;
    const most = Math.floor((timing.promiseMs * (1 - rho)) / (1 + rho) - timing.gateLagMs - 0.001);
    clashes.push({
      path: ['timing', 'lease'],
      message: `the lease may outlive the promise: ${sum}, not below the promise of ${timing.promiseMs} ms`,
      remedy: most > 0 ? `a lease of at most ${most}ms, or a longer promise` : 'give a longer promise',
    });
  }
  if (cover < timing.promiseMs) clashes.push(...restartRule(timing));
  const beats = timing.leaseMs / timing.heartbeatMs;
  if (timing.slots <= beats) {
    clashes.push({
      path: ['timing', 'slots'],
      message: `${timing.slots} slots are not more than lease / heartbeat = ${round(beats)}`,
      remedy: `give at least ${Math.floor(beats) + 1} slots`,
    });
  }
  if (beats < 2) {
    clashes.push({
      path: ['timing', 'heartbeat'],
      message: `one lost datagram would end the lease: ${printDuration(timing.heartbeatMs)} is over half of ${printDuration(timing.leaseMs)}`,
      remedy: `give a heartbeat of at most ${printDuration(Math.floor(timing.leaseMs / 2))}`,
    });
  }
  if (timing.askMs >= timing.leaseMs) {
    clashes.push({
      path: ['timing', 'ask'],
      message: `a request may win after its lease is out: ask ${printDuration(timing.askMs)}, lease ${printDuration(timing.leaseMs)}`,
      remedy: 'give a few round trips, such as 80ms',
    });
  }
  return clashes;
};

const nodeRules = ({ node, peer, network }: Sections): readonly Clash[] => {
  const clashes: Clash[] = [];
  if (node !== undefined && peer !== undefined) {
    if (same(node.address, peer.address)) {
      clashes.push({
        path: ['peer', 'address'],
        message: `the peer's address ${peer.address} is this node's own`,
        remedy: 'give the address of the other server',
      });
    }
    if (node.name === peer.name) {
      clashes.push({
        path: ['peer', 'name'],
        message: `both nodes are called ${peer.name}`,
        remedy: 'give each a name of its own',
      });
    }
    if (isIPv4(node.address) !== isIPv4(peer.address)) {
      clashes.push({
        path: ['peer', 'address'],
        message: `${peer.address} and ${node.address} are of different families`,
        remedy: 'give both as IPv4 or both as IPv6',
      });
    }
  }
  const gateway = network?.gateway;
  const taken = [node?.address, peer?.address].filter((each) => each !== undefined);
  if (typeof gateway === 'string' && taken.some((each) => same(each, gateway))) {
    clashes.push({
      path: ['network', 'gateway'],
      message: `the gateway ${gateway} is one of the nodes`,
      remedy: 'give a router that stays when either node dies',
    });
  }
  return clashes;
};

const checkpointNameRules = (arbiter: Config['arbiter'], sections: Sections): readonly Clash[] => {
  if (arbiter.kind !== 'checkpoints') return none;
  const names = new Set(['main', 'standby', sections.node?.name, sections.peer?.name]);
  return arbiter.checkpoints.flatMap(({ name }, index) => {
    if (!names.has(name)) {
      names.add(name);
      return none;
    }
    const message = `the name ${name} is taken: by a node, by a role, or by another checkpoint`;
    return [
      { path: ['arbiter', 'checkpoints', index, 'name'], message, remedy: 'give each checkpoint a name of its own' },
    ];
  });
};

const checkpointAddressRules = (arbiter: Config['arbiter'], sections: Sections): readonly Clash[] => {
  if (arbiter.kind !== 'checkpoints') return none;
  const owners = new Map<string, string>();
  if (sections.node !== undefined) owners.set(canonical(sections.node.address), 'this node');
  if (sections.peer !== undefined) owners.set(canonical(sections.peer.address), 'the peer');
  for (const each of sections.virtualIp?.addresses ?? []) owners.set(canonical(hostOf(each)), 'the virtual IP');
  return arbiter.checkpoints.flatMap(({ name, address }, index) => {
    const owner = owners.get(canonical(address));
    owners.set(canonical(address), owner ?? name);
    if (owner === undefined) return none;
    return [
      {
        path: ['arbiter', 'checkpoints', index, 'address'],
        message: `${address} belongs to ${owner}: two votes would die together`,
        remedy: 'put each checkpoint on a machine of its own',
      },
    ];
  });
};

const arbiterRules = (sections: Sections): readonly Clash[] => {
  const { arbiter } = sections;
  if (arbiter === undefined) return none;
  return [...checkpointNameRules(arbiter, sections), ...checkpointAddressRules(arbiter, sections)];
};

const virtualIpRules = ({ virtualIp, node, peer }: Sections): readonly Clash[] => {
  if (virtualIp === undefined || virtualIp === null) return none;
  const seen = new Set([node?.address, peer?.address].flatMap((each) => (each === undefined ? [] : [canonical(each)])));
  const clashes = virtualIp.addresses.flatMap((cidr, index): readonly Clash[] => {
    const host = canonical(hostOf(cidr));
    if (!seen.has(host)) {
      seen.add(host);
      return none;
    }
    return [
      {
        path: ['virtual-ip', 'addresses', index],
        message: `${cidr} is a node's own address, or given twice`,
        remedy: 'give an address that neither node has by itself',
      },
    ];
  });
  if (node === undefined) return clashes;
  const related = virtualIp.addresses.filter((cidr) => isIPv4(hostOf(cidr)) === isIPv4(node.address));
  if (related.length === 0) {
    const message = `no virtual IP is of the family of ${node.address}`;
    return [...clashes, { path: ['virtual-ip', 'addresses'], message, remedy: "give one of the nodes' own family" }];
  }
  return clashes;
};

/** Does the network of `cidr` contain `address`? False for another family. */
export const contains = (cidr: string, address: string): boolean => {
  const host = hostOf(cidr);
  if (isIPv4(host) !== isIPv4(address)) return false;
  const family = isIPv4(host) ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(host, Number(cidr.split('/')[1]), family);
  return list.check(address, family);
};

const muteRules = ({ telephony, virtualIp, gate, listen, peer, arbiter }: Sections): readonly Clash[] => {
  const clashes: Clash[] = [];
  if (telephony === 'warm' && virtualIp === null && gate !== undefined && !gate.enforce) {
    clashes.push({
      path: ['gate', 'enforce'],
      message: 'a warm Asterisk without a virtual IP and without the gate answers phones on both nodes',
      remedy: 'set gate.enforce to true, give a virtual-ip, or use telephony: cold',
    });
  }
  const ours = [listen?.port, peer?.port].filter((each) => each !== undefined);
  if (gate?.refuse === true && [...ours, ...gate.sipPorts, gate.iaxPort].includes(gate.refusePort)) {
    clashes.push({
      path: ['gate', 'refuse-port'],
      message: `port ${gate.refusePort} is used already`,
      remedy: 'give a UDP port that nothing else uses',
    });
  }
  const [low = 0, high = -1] = (gate?.mediaPorts ?? '').split('-').map(Number);
  const signals = (port: number): boolean => port === gate?.iaxPort || gate?.sipPorts.includes(port) === true;
  // Media is gated by this node's own ports, signalling by those of the far end too.
  const voters = arbiter?.kind === 'checkpoints' ? arbiter.checkpoints.map(({ port }) => port) : [];
  const shut = ours.find((port) => (port >= low && port <= high) || signals(port)) ?? voters.find(signals);
  if (shut !== undefined) {
    clashes.push({
      path: ['gate'],
      message: `port ${shut}, on which the nodes and checkpoints speak, lies behind the gate`,
      remedy: 'give another listen port, or leave it out of the gate',
    });
  }
  return clashes;
};

const watchRules = ({ watch }: Sections): readonly Clash[] => {
  if (watch?.kind !== 'looks') return none;
  const span = (watch.pings - 1) * watch.pingGapMs;
  if (span < watch.everyMs) return none;
  const sum = `${watch.pings} pings ${printDuration(watch.pingGapMs)} apart take ${printDuration(span)}`;
  return [
    {
      path: ['watch', 'every'],
      message: `${sum}, a look is due each ${printDuration(watch.everyMs)}`,
      remedy: 'look less often, or ping closer',
    },
  ];
};

const twice = (names: readonly string[], path: (index: number) => Path, what: string): readonly Clash[] =>
  names.flatMap((name, index) =>
    names.indexOf(name) === index
      ? none
      : [{ path: path(index), message: `two ${what} are called ${name}`, remedy: 'give each a name of its own' }],
  );

const nameRules = ({ hooks, probes, services }: Sections): readonly Clash[] => {
  const found = [
    ...twice(
      (hooks ?? []).map(({ name }) => name),
      (index) => ['hooks', index, 'name'],
      'hooks',
    ),
  ];
  const serviceNames = (services ?? []).map((each) => JSON.stringify(Object.values(each)[0]));
  found.push(...twice(serviceNames, (index) => ['services', index], 'services'));
  for (const kind of ['tcp', 'icmp', 'command'] as const) {
    const names = (probes?.[kind] ?? []).map(({ name }) => name);
    found.push(...twice(names, (index) => ['probes', kind, index, 'name'], `${kind} probes`));
  }
  return found;
};

/** A service whose preparation eats all of its time would never be started. */
const prepareRules = ({ services }: Sections): readonly Clash[] =>
  (services ?? []).flatMap(({ prepare, timeoutMs }, index): readonly Clash[] => {
    const sumMs = prepare.reduce((sum, each) => sum + each.timeoutMs, 0);
    if (sumMs < timeoutMs) return none;
    return [
      {
        path: ['services', index, 'timeout'],
        message: `its preparation alone may take ${printDuration(sumMs)} of ${printDuration(timeoutMs)}`,
        remedy: 'give it more time, or its preparation less',
      },
    ];
  });

const directoryRules = ({ stateDir, runDir }: Sections): readonly Clash[] =>
  stateDir === undefined || stateDir !== runDir
    ? none
    : [
        {
          path: ['run-dir'],
          message: 'run-dir and state-dir are the same',
          remedy: 'the one is on tmpfs, the other on disk',
        },
      ];

const contactRules = ({ streams, probes }: Sections): readonly Clash[] =>
  streams?.astdb.enabled === true && probes !== undefined && probes.ami === null
    ? [
        {
          path: ['streams', 'astdb', 'enabled'],
          message: 'the stream of contacts speaks to Asterisk through probes.ami, and that is off',
          remedy: 'configure probes.ami, or set streams.astdb.enabled to false',
        },
      ]
    : none;

const webRules = ({ web, listen }: Sections): readonly Clash[] => {
  if (web === undefined) return none;
  const clashes: Clash[] = [];
  if ((web.certificate === null) !== (web.key === null))
    clashes.push({
      path: ['web', web.key === null ? 'key' : 'certificate'],
      message: web.key === null ? 'a certificate without its key' : 'a key without its certificate',
      remedy: 'give both web.certificate and web.key, or neither',
    });
  const places = web.listen.map((each) => `${canonical(each.address)} port ${each.port}`);
  for (const [index, place] of places.entries()) {
    if (places.indexOf(place) !== index)
      clashes.push({ path: ['web', 'listen', index], message: `${place} is given twice`, remedy: 'give it once' });
    if (web.listen[index]?.port === listen?.port)
      clashes.push({
        path: ['web', 'listen', index, 'port'],
        message: `port ${listen?.port} is that of the pair (listen.port)`,
        remedy: 'give the web server a port of its own, such as 8443',
      });
  }
  return clashes;
};

const RULES = [
  nodeRules,
  arbiterRules,
  leaseRules,
  virtualIpRules,
  muteRules,
  watchRules,
  nrpeClashes,
  fencingClashes,
  etcdClashes,
  nameRules,
  prepareRules,
  directoryRules,
  contactRules,
  streamClashes,
  webRules,
  ({ alarms }: Sections) => (alarms === undefined ? none : alarmClashes(alarms)),
  ({ reporting }: Sections) => (reporting === undefined ? none : reportingClashes(reporting)),
  ({ switches }: Sections) => (switches === undefined ? none : switchClashes(switches)),
];

/** All contradictions between keys of a node's file. */
export const clashesOf = (sections: Sections): readonly Clash[] => RULES.flatMap((rule) => rule(sections));

/** What is allowed and deserves a word. */
export const notesOf = (config: Config): readonly string[] => {
  const notes: string[] = [];
  const outside = (config.virtualIp?.addresses ?? []).filter(
    (cidr) => isIPv4(hostOf(cidr)) === isIPv4(config.node.address) && !contains(cidr, config.node.address),
  );
  for (const cidr of outside)
    notes.push(`virtual-ip ${cidr} is of another network than this node's ${config.node.address}`);
  if (config.arbiter.kind === 'checkpoints' && config.arbiter.checkpoints.every((each) => each.kind === 'ping')) {
    notes.push(
      'ping checkpoints cannot promise: the pair is protected like one without an arbiter, and knows when it is cut off',
    );
  }
  if (config.onIsolation === 'serve') notes.push('on-isolation: serve lets two nodes be active in a partition');
  notes.push(
    ...nrpeNotes(config),
    ...etcdNotes(config),
    ...fencingNotes(config),
    ...dnsNotes(config.switches),
    ...streamNotes(config),
    ...alarmNotes(config.alarms),
  );
  return notes;
};
