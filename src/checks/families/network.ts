/** Checks of the network of this node: addresses, the virtual IP, ways that must be open. */
import { BlockList, isIPv4 } from 'node:net';
import { ok, type Result } from '../../core/result.ts';
import type { Run } from '../../process/run.ts';
import { type Around, type RunningInterface, readSystemFile } from '../around.ts';
import { type Definition, failed, notApplicable, PACE, passed, type Said, unknown } from '../check.ts';
import { ownHardwareAddresses } from '../facts.ts';

export const hostOf = (cidr: string): string => cidr.slice(0, cidr.indexOf('/'));

/** Does the network of `cidr` contain `address`? False for another family. */
const contains = (cidr: string, address: string): boolean => {
  const host = hostOf(cidr);
  if (isIPv4(host) !== isIPv4(address)) return false;
  const family = isIPv4(host) ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(host, Number(cidr.split('/')[1]), family);
  return list.check(address, family);
};

interface Interface extends RunningInterface {
  /** Its link is there. */
  readonly up: boolean;
}

const interfacesIn = (json: string): readonly Interface[] => {
  const read = JSON.parse(json) as readonly {
    readonly ifname?: string;
    readonly flags?: readonly string[];
    readonly addr_info?: readonly { readonly local?: string; readonly prefixlen?: number }[];
  }[];
  return read.map(({ ifname = '', flags = [], addr_info: addresses = [] }) => ({
    name: ifname,
    up: flags.includes('LOWER_UP'),
    cidrs: addresses.map(({ local, prefixlen }) => `${local}/${prefixlen}`),
  }));
};

/** Where those that run have all that is looked for, they are enough; else also those without a link, by `ip`. Faults: those of `run`. */
const interfacesOf = async (
  { run, runningInterfaces }: Pick<Around, 'run' | 'runningInterfaces'>,
  isEnough: (running: RunningInterface) => boolean,
  signal: AbortSignal,
): Promise<Result<readonly Interface[]>> => {
  const running = runningInterfaces();
  if (running.some(isEnough)) return ok(running.map((each) => ({ ...each, up: true })));
  const asked = await run(['ip', '-json', 'address'], { timeoutMs: 3000, signal, maxOutputBytes: 1024 ** 2 });
  return asked.ok ? ok(interfacesIn(asked.value.stdout)) : asked;
};

/** It has this address. */
const having =
  (address: string) =>
  ({ cidrs }: RunningInterface): boolean =>
    cidrs.some((cidr) => hostOf(cidr) === address);

const addressHere: Definition = {
  id: 'address-here',
  about: "This node has the address of `node.address`, and that interface's link is up.",
  severity: 'critical',
  scope: 'node',
  // A link that goes is seen at once by the agent's own probe.
  everyMs: 30_000,
  timeoutMs: 5000,
  remedy: 'Give the interface its address (`ip address`), or correct `node.address`.',
  try: async (around, signal) => {
    const { address } = around.config.node;
    const all = await interfacesOf(around, having(address), signal);
    if (!all.ok) return unknown(all.error.message);
    const here = all.value.find(having(address));
    const there = all.value.flatMap(({ cidrs }) => cidrs.map(hostOf));
    if (here === undefined) return failed(`no interface has ${address}; there are ${there.join(', ')}`);
    if (here.up) return passed(`${address} on ${here.name}`);
    return failed(
      `${here.name}, which has ${address}, has no link`,
      'Look at the cable, the switch port, or the bond.',
    );
  },
};

const virtualInterface: Definition = {
  id: 'virtual-ip-interface',
  about: 'The interface of the virtual IP is there and its link is up.',
  severity: 'critical',
  scope: 'node',
  // A link that goes is seen at once by the agent's own probe.
  everyMs: 30_000,
  timeoutMs: 5000,
  remedy: 'See `ip link`; correct `virtual-ip.interface`, or bring the interface up.',
  try: async (around, signal) => {
    const { virtualIp } = around.config;
    if (virtualIp === null) return notApplicable('no virtual IP is configured');
    const all = await interfacesOf(around, ({ name }) => name === virtualIp.interface, signal);
    if (!all.ok) return unknown(all.error.message);
    const found = all.value.find(({ name }) => name === virtualIp.interface);
    if (found === undefined) return failed(`there is no interface ${virtualIp.interface}`);
    if (!found.up) return failed(`${virtualIp.interface} has no link`);
    return passed(`${virtualIp.interface} is up`);
  },
};

const PROBE_SECONDS = 2;

/** Whose answers arping tells of; the older one of Debian 11 tells after them whom they were for. */
export const answersIn = (stdout: string): readonly string[] => {
  const found = [...stdout.matchAll(/reply from \S+ +\[([0-9A-Fa-f:]{17})\]/g)].map(([, mac]) =>
    (mac ?? '').toLowerCase(),
  );
  return [...new Set(found)];
};

/** Ethernet addresses that answer for an IPv4 address, asked as one who has no address yet. Faults: those of `run`. */
const whoAnswers = async (run: Run, device: string, host: string, signal: AbortSignal) => {
  // -D asks from 0.0.0.0, which touches nobody's neighbour table, and ends at the first answer.
  const argv = ['arping', '-D', '-c', '2', '-w', String(PROBE_SECONDS), '-I', device, host];
  const asked = await run(argv, { timeoutMs: (PROBE_SECONDS + 2) * 1000, signal });
  if (!asked.ok) return asked;
  const { exitCode, stdout, stderr } = asked.value;
  return { ok: true as const, value: { answers: answersIn(stdout), exitCode, stderr } };
};

/** Who may answer for the virtual IP: the node that serves. */
const rightOwners = async ({ agent, peer }: Around): Promise<readonly string[] | null> => {
  const asked = await agent();
  if (!asked.ok || asked.value.server === 'nobody') return asked.ok ? [] : null;
  if (asked.value.server === 'this') return ownHardwareAddresses();
  const facts = await peer.facts();
  return facts.ok ? facts.value.hardwareAddresses : null;
};

const judgeAnswers = (host: string, answers: readonly string[], right: readonly string[] | null): Said => {
  if (answers.length === 0) return passed(`nobody else answers for ${host}`);
  if (right === null) return unknown(`${answers.join(', ')} answers for ${host}, and whose that is is not known`);
  const third = answers.filter((mac) => !right.includes(mac));
  if (third.length > 0) return failed(`${third.join(', ')} answers for ${host}, and is not the node that serves`);
  return passed(`only the node that serves answers for ${host}`);
};

const virtualFree: Definition = {
  id: 'virtual-ip-free',
  about: 'Nobody but the node that serves answers for the virtual IP.',
  severity: 'critical',
  scope: 'pair',
  everyMs: PACE.slow.everyMs,
  timeoutMs: 30_000,
  remedy:
    'Find that machine by its Ethernet address, and take the address from it; see also the range of the DHCP server.',
  try: async (around, signal) => {
    const { virtualIp } = around.config;
    if (virtualIp === null) return notApplicable('no virtual IP is configured');
    const hosts = virtualIp.addresses.map(hostOf).filter((host) => isIPv4(host));
    if (hosts.length === 0) return notApplicable('the kernel itself looks for doubles of IPv6 addresses');
    const said: Said[] = [];
    for (const host of hosts) {
      const asked = await whoAnswers(around.run, virtualIp.interface, host, signal);
      if (!asked.ok) return unknown(asked.error.message);
      const { answers, exitCode, stderr } = asked.value;
      if (answers.length === 0 && exitCode !== 0) return unknown(`arping: ${stderr.trim() || `exit code ${exitCode}`}`);
      said.push(judgeAnswers(host, answers, answers.length === 0 ? [] : await rightOwners(around)));
    }
    return (
      said.find(({ outcome }) => outcome === 'fail') ??
      said.find(({ outcome }) => outcome === 'unknown') ??
      said[0] ??
      passed('')
    );
  },
};

const sameNetwork: Definition = {
  id: 'same-network',
  about: 'Both nodes are in one network, as the virtual IP (or the DHCP of XiVO) needs.',
  severity: 'warning',
  scope: 'pair',
  ...PACE.slow,
  remedy: 'Put both nodes into one subnet, or do without a virtual IP.',
  try: async (around, signal) => {
    const { virtualIp, node, peer, profile } = around.config;
    if (virtualIp === null && profile === 'asterisk') return notApplicable('nothing here needs it');
    const all = await interfacesOf(around, having(node.address), signal);
    if (!all.ok) return unknown(all.error.message);
    const own = all.value.flatMap(({ cidrs }) => cidrs).find((cidr) => hostOf(cidr) === node.address);
    if (own === undefined) return unknown(`this node does not have ${node.address}`);
    if (!contains(own, peer.address)) return failed(`${peer.address} lies outside ${own}`);
    const outside = (virtualIp?.addresses ?? []).filter(
      (cidr) => isIPv4(hostOf(cidr)) === isIPv4(node.address) && !contains(own, hostOf(cidr)),
    );
    if (outside.length > 0) return failed(`the virtual IP ${outside.join(', ')} lies outside ${own}`);
    return passed(`${peer.address} lies within ${own}`);
  },
};

/** Pings once; which of the addresses did not answer. Faults: those of `run`. */
const pingOnce = async (run: Run, address: string, signal: AbortSignal) => {
  const asked = await run(['fping', '-q', '-c', '3', '-p', '200', '-t', '500', address], { timeoutMs: 5000, signal });
  if (!asked.ok) return asked;
  // 0: all answered, 1: some did not, 2: name not found, 3 and 4: it could not ask.
  const { exitCode, stderr } = asked.value;
  return { ok: true as const, value: { answered: exitCode === 0 || /\/[12]\//.test(stderr), exitCode, stderr } };
};

const pinged = async (around: Around, address: string, what: string, signal: AbortSignal): Promise<Said> => {
  const asked = await pingOnce(around.run, address, signal);
  if (!asked.ok) return unknown(asked.error.message);
  const { answered, exitCode, stderr } = asked.value;
  if (answered) return passed(`${what} ${address} answers pings`);
  return exitCode === 1 ? failed(`${what} ${address} answers no ping`) : unknown(`fping: ${stderr.trim()}`);
};

const mainPings: Definition = {
  id: 'main-answers-pings',
  about: 'The standby can ping the main.',
  severity: 'warning',
  scope: 'pair',
  ...PACE.usual,
  remedy: 'Let ICMP echo pass from standby to main.',
  try: async (around, signal) => {
    const { node, peer, watch } = around.config;
    if (node.role !== 'standby') return notApplicable('the standby pings');
    if (watch.kind !== 'looks') return notApplicable('nothing here rests on pings (`watch: lease`)');
    return pinged(around, peer.address, 'the main', signal);
  },
};

const gatewayAnswers: Definition = {
  id: 'gateway-answers',
  about: 'The gateway answers, so that this node knows when it is the one cut off.',
  severity: 'warning',
  scope: 'node',
  ...PACE.usual,
  remedy: 'Give `network.gateway` a router that answers pings.',
  try: async (around, signal) => {
    const { network, arbiter, watch } = around.config;
    // The agent asks it all the time: where that is answered, nobody needs to ask a second time.
    const asked = await around.agent();
    const sample = asked.ok ? asked.value.samples.find(({ probe }) => probe === 'gateway') : undefined;
    if (network.gateway !== null && sample?.outcome === 'ok')
      return passed(`the gateway ${network.gateway} answers pings`);
    if (network.gateway !== null) return pinged(around, network.gateway, 'the gateway', signal);
    const knowsOtherwise = arbiter.kind === 'checkpoints' || network.interface !== null;
    if (knowsOtherwise || watch.kind === 'looks') return notApplicable('no gateway is configured');
    return failed(
      'nothing tells this node when it is the one cut off: a cut makes both nodes serve',
      'Set `network.gateway` and `network.interface`, or add a checkpoint.',
    );
  },
};

const nonlocalBind: Definition = {
  id: 'nonlocal-bind',
  about: 'Asterisk may bind its transport to a virtual IP that is not here yet (`net.ipv4.ip_nonlocal_bind`).',
  severity: 'warning',
  scope: 'node',
  ...PACE.slow,
  remedy: 'Write `net.ipv4.ip_nonlocal_bind = 1` into /etc/sysctl.d/dualtone.conf and run `sysctl --system`.',
  try: async (around) => {
    const { virtualIp, telephony } = around.config;
    if (virtualIp === null || telephony === 'cold') return notApplicable('no warm Asterisk waits for a virtual IP');
    const ipv6 = !virtualIp.addresses.some((cidr) => isIPv4(hostOf(cidr)));
    const key = ipv6 ? 'ipv6' : 'ipv4';
    const value = readSystemFile(around, `proc/sys/net/${key}/ip_nonlocal_bind`)?.trim();
    if (value === undefined) return unknown('the kernel does not say');
    if (value === '1') return passed(`net.${key}.ip_nonlocal_bind is 1`);
    // A transport bound to every address needs it not; which it is, only Asterisk knows.
    const survey = await around.asterisk();
    const hosts = virtualIp.addresses.map(hostOf);
    const binds = survey.ok ? survey.value.transports.map(({ bind }) => bind) : [];
    if (survey.ok && !binds.some((bind) => hosts.some((host) => bind.startsWith(`${host}:`))))
      return notApplicable('no transport of Asterisk is bound to the virtual IP');
    return failed(`net.${key}.ip_nonlocal_bind is ${value}: after a restart Asterisk could not bind to the virtual IP`);
  },
};

export const networkChecks: readonly Definition[] = [
  addressHere,
  virtualInterface,
  virtualFree,
  sameNetwork,
  mainPings,
  gatewayAnswers,
  nonlocalBind,
];
