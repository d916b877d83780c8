import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '../src/core/result.ts';
import { labCgroup } from './hosts/cgroup.ts';
import type { HostContext, HostPlan } from './hosts/context.ts';
import { createHost, type Host } from './hosts/host.ts';
import { prepareDisk } from './hosts/power.ts';
import {
  type Address,
  addressOf,
  isRunId,
  netnsName,
  newRunId,
  octetByRole,
  pickSubnet,
  type Subnet,
} from './network/addressing.ts';
import { buildNetwork, type Network, openNetwork, type Wiring } from './network/network.ts';
import type { RoutedPlan } from './network/routed.ts';
import { runChecked } from './process.ts';
import { buildProgram, ownRepository } from './program.ts';
import { ensureRequirements } from './requirements.ts';
import {
  allRuns,
  claimRun,
  disksFolder,
  machineBootId,
  ownProcess,
  type RunState,
  readRun,
  standingOf,
  writeRun,
} from './run-state.ts';
import { tearDown } from './teardown.ts';
import { checkTopology, standardTopology, type Topology } from './topology.ts';
import type { TreeKind } from './tree/recipe.ts';
import { ensureTree, type Tree } from './tree/tree.ts';

/** A running lab: hosts on one bridge, or each in a network of its own with a router between. */
export interface Lab {
  readonly runId: string;
  readonly subnet: Subnet;
  readonly gateway: Address;
  /** The address under which telephony is reached. */
  readonly virtual: Address;
  /** What is between the hosts where they share no network; no address moves then. */
  readonly routed: RoutedPlan | undefined;
  readonly hostByName: ReadonlyMap<string, Host>;
  /** The host of that name; a name that the topology lacks is a programmer's error. */
  readonly host: (name: string) => Host;
  readonly network: Network;
  /** Boots the named hosts (default: all that are off) at the same time. */
  readonly boot: (names?: readonly string[]) => Promise<Result<void>>;
  /** Takes everything away. */
  readonly down: () => Promise<Result<void>>;
}

export interface LabOptions {
  /** Default: a new one. */
  readonly runId?: string;
  readonly topology?: Topology;
  /** Outlives this process; otherwise the lab is a leftover when this process is gone. */
  readonly keep?: boolean;
  /** Mounted into the hosts at /opt/dualtone; default: the repository that this file is in. */
  readonly repository?: string;
  readonly suite?: string;
  /** What the hosts' shared tree has installed; default: the usual. */
  readonly tree?: TreeKind;
  readonly log?: (line: string) => void;
}

/** One line of `lab status`. */
export interface LabStatus {
  readonly runId: string;
  readonly standing: 'owned' | 'kept' | 'leftover';
  readonly createdAt?: string;
  readonly hosts: readonly { readonly name: string; readonly address: string; readonly isOn: boolean }[];
}

const routesOf = async (): Promise<Result<readonly string[]>> => {
  const shown = await runChecked(['ip', '-4', 'route', 'show', 'table', 'all']);
  if (!shown.ok) return shown;
  // A line may begin with the route's type (local, broadcast): the destination is the first word that has a digit.
  return ok(shown.value.stdout.split('\n').map((line) => line.split(' ').find((word) => /^\d/.test(word)) ?? ''));
};

const chooseSubnet = async (runId: string): Promise<Result<Subnet>> => {
  const routes = await routesOf();
  if (!routes.ok) return routes;
  const others = await Promise.all((await allRuns()).map(async (other) => await readRun(other)));
  const taken = others.flatMap((other) => (other.ok ? [other.value.subnet] : []));
  const subnet = pickSubnet(runId, routes.value, taken);
  return subnet === undefined
    ? fail('subnet-none', 'no free network in 10.64.0.0/9 was found', 'take unused labs down')
    : ok(subnet);
};

const contextOf = (state: RunState, network: Network, plan: HostPlan): HostContext => ({
  plan,
  netns: netnsName(state.runId, plan.name),
  address: addressOf(state.subnet, plan.octet),
  folder: join(state.disksFolder, plan.name),
  cgroup: join(state.cgroup, plan.name),
  treeRoot: state.treeRoot,
  repository: state.repository,
  network,
});

const wiringOf = ({ runId, subnet, topology: { hosts, routed } }: RunState): Wiring => ({
  runId,
  subnet,
  hosts,
  ...(routed === undefined ? {} : { routed }),
});

const assemble = (state: RunState): Lab => {
  const { hosts } = state.topology;
  const network = openNetwork(wiringOf(state));
  const hostByName = new Map(hosts.map((plan) => [plan.name, createHost(contextOf(state, network, plan))]));
  const host = (name: string): Host => {
    const found = hostByName.get(name);
    if (found === undefined) throw new Error(`the topology has no host ${name}`);
    return found;
  };
  const boot = async (names?: readonly string[]): Promise<Result<void>> => {
    const off: Host[] = [];
    for (const each of hostByName.values()) if (!(await each.isOn())) off.push(each);
    const wanted = names === undefined ? off : names.map(host);
    const reports = await Promise.all(wanted.map(async (each) => await each.boot()));
    const failed = reports.find((report) => !report.ok);
    return failed === undefined || failed.ok ? ok(undefined) : failed;
  };
  return {
    runId: state.runId,
    subnet: state.subnet,
    gateway: addressOf(state.subnet, octetByRole.gateway),
    virtual: addressOf(state.subnet, octetByRole.virtual),
    routed: state.topology.routed,
    hostByName,
    host,
    network,
    boot,
    down: async () => await tearDown(state.runId),
  };
};

/** Network and disks; the hosts stay off. */
const buildParts = async (state: RunState): Promise<Result<void>> => {
  const network = openNetwork(wiringOf(state));
  for (const plan of state.topology.hosts) {
    const context = contextOf(state, network, plan);
    await mkdir(context.folder, { recursive: true, mode: 0o700 });
    const prepared = await prepareDisk(context);
    if (!prepared.ok) return prepared;
  }
  return await buildNetwork(wiringOf(state));
};

const noteRun = async (runId: string, tree: Tree, options: LabOptions): Promise<Result<RunState>> => {
  const subnet = await chooseSubnet(runId);
  if (!subnet.ok) return subnet;
  const cgroup = await labCgroup();
  if (!cgroup.ok) return cgroup;
  const state: RunState = {
    version: 1,
    runId,
    createdAt: new Date().toISOString(),
    ...(options.keep === true ? {} : { owner: await ownProcess() }),
    machineBootId: await machineBootId(),
    subnet: subnet.value,
    topology: options.topology ?? standardTopology(),
    treeRoot: tree.root,
    repository: options.repository ?? ownRepository,
    disksFolder: join(disksFolder(), runId),
    cgroup: join(cgroup.value, runId),
  };
  await writeRun(state);
  return ok(state);
};

/**
 * Builds a lab: requirements, tree, bridge; its hosts are off, so that files can be put on their disks before `boot`. What fails is
 * taken away again. Faults: those of the parts, `lab-exists`, `run-id-bad`, `topology-bad`, `subnet-none`.
 */
export const createLab = async (options: LabOptions = {}): Promise<Result<Lab>> => {
  const runId = options.runId ?? newRunId();
  if (!isRunId(runId)) return fail('run-id-bad', `"${runId}" is no run id`, 'use up to 8 small letters and digits');
  const topology = checkTopology(options.topology ?? standardTopology());
  if (!topology.ok) return topology;
  const ready = await ensureRequirements(options.log);
  if (!ready.ok) return ready;
  const tree = await ensureTree({
    ...(options.suite === undefined ? {} : { suite: options.suite }),
    ...(options.tree === undefined ? {} : { kind: options.tree }),
    ...(options.log === undefined ? {} : { log: options.log }),
  });
  if (!tree.ok) return tree;
  const program = await buildProgram(options.repository ?? ownRepository);
  if (!program.ok) return program;
  const claimed = await claimRun(runId);
  if (!claimed.ok) return claimed;
  const state = await noteRun(runId, tree.value, options);
  const built = state.ok ? await buildParts(state.value) : state;
  if (state.ok && built.ok) return ok(assemble(state.value));
  await tearDown(runId);
  return built.ok ? (state as Extract<typeof state, { ok: false }>) : built;
};

/** The handle on a lab that another process built. Fault: `lab-unknown`. */
export const openLab = async (runId: string): Promise<Result<Lab>> => {
  const state = await readRun(runId);
  return state.ok ? ok(assemble(state.value)) : state;
};

/** All labs of this machine. */
export const labStatus = async (): Promise<readonly LabStatus[]> =>
  await Promise.all(
    (await allRuns()).map(async (runId): Promise<LabStatus> => {
      const [state, standing] = await Promise.all([readRun(runId), standingOf(runId)]);
      if (!state.ok) return { runId, standing, hosts: [] };
      const hosts = [...assemble(state.value).hostByName.values()].map(async (host) => ({
        name: host.name,
        address: host.address.v4,
        isOn: await host.isOn(),
      }));
      return { runId, standing, createdAt: state.value.createdAt, hosts: await Promise.all(hosts) };
    }),
  );
