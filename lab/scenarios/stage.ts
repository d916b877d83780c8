import { setTimeout as sleep } from 'node:timers/promises';
import { fail, ok, type Result } from '../../src/core/result.ts';
import type { Role } from '../../src/core/words.ts';
import type { PbxPlan } from '../asterisk/plan.ts';
import { prepareDatabases, prepareStreams } from '../data/prepare.ts';
import { type EtcdSite, installEtcd } from '../etcd/site.ts';
import { fencingSite, startDevices } from '../fencing/site.ts';
import type { Wires } from '../fencing/wires.ts';
import { createLab, type Lab } from '../lab.ts';
import type { LabNeeds, Load } from '../needs.ts';
import { ensurePackages } from '../package/packages.ts';
import { createPair, type Pair } from '../pair/pair.ts';
import { lacks, type Views } from '../pair/readiness.ts';
import { type PairSetup, sameSetup } from '../pair/setup.ts';
import { monotonicMs } from '../phones/clock.ts';
import { ownRepository } from '../program.ts';
import { prepareMysql } from '../remsys/mysql.ts';
import { usualRemsys } from '../remsys/setup.ts';
import { installTwoSites } from '../remsys/site.ts';
import type { Site } from '../site.ts';
import { remainsOf } from '../teardown.ts';
import { etcdHosts, fencingHosts, remsysHosts, roles, standardTopology, xivoHosts } from '../topology.ts';
import type { TreeKind } from '../tree/recipe.ts';
import { agentUnit, checkpointUnit, pbxUnit } from '../units.ts';
import { mediaServersOf } from '../xivo/media-server.ts';
import { prepareReporting } from '../xivo/reporting.ts';
import { installSite } from '../xivo/site.ts';
import { paceOf } from './load.ts';
import { type Observers, startObservers } from './observers.ts';

/** A lab with a pair in it and everybody who watches it, for as many runs as wanted. */
export interface Stage {
  readonly lab: Lab;
  readonly pair: Pair;
  readonly observers: Observers;
  readonly needs: LabNeeds;
  /**
   * Brings the pair to where every run begins: this setup, nothing broken, the main serving, the standby ready, all telephones
   * registered. Reboots it where asking does not help. Fault: `stage-unready` with what is missing.
   */
  readonly toStart: (setup: PairSetup) => Promise<Result<void>>;
  readonly views: () => Promise<Views>;
  /** Ends all programs and takes the lab away. Fault: `lab-remains` with what is left on the machine. */
  readonly close: () => Promise<Result<void>>;
}

export interface StageOptions {
  readonly endpoints: number;
  readonly needs: LabNeeds;
  readonly first: PairSetup;
  readonly signal: AbortSignal;
  readonly log?: (line: string) => void;
  /** Outlives this process. */
  readonly keep?: boolean;
}

const smallDiskMib = 24;
/** Telephones refresh after some 270 s; so that none does within a run, all do before it when it has been so long. */
const registeredForMs = 120_000;
/** Until the pair is ready after a boot, or after the orders that set it right. */
const readyWithinMs = 20_000;
/** A XiVO's plan has a dozen services more, each looked at and moved in turn. */
const xivoReadyWithinMs = 60_000;

const viewsOf = async (pair: Pair): Promise<Views> => {
  const [main, standby] = await Promise.all(roles.map(async (role) => await pair.snapshot(role)));
  return { main, standby };
};

/** Looks until nothing is missing any more; what is missing at the end. */
const whenReady = async (
  pair: Pair,
  setup: PairSetup,
  withinMs: number,
  isLinked = true,
): Promise<readonly string[]> => {
  const deadlineMs = monotonicMs() + withinMs;
  for (;;) {
    const missing = lacks(await viewsOf(pair), setup, isLinked);
    if (missing.length === 0 || monotonicMs() > deadlineMs) return missing;
    await sleep(40);
  }
};

interface Order {
  readonly on: Role;
  readonly argv: readonly string[];
}

/** The order that a person would give next to have the usual state back. */
const orderBack = ({ main, standby }: Views): Order | undefined => {
  if (main === undefined || standby === undefined) return undefined;
  if (main.maintenance !== null || standby.maintenance !== null) return { on: 'main', argv: ['maintenance', 'off'] };
  if (main.mode === 'manual' || standby.mode === 'manual') return { on: 'main', argv: ['mode', 'automatic'] };
  // Each node counts its own moves.
  const waiting = [main, standby].find(({ needsAcknowledgement }) => needsAcknowledgement);
  if (waiting !== undefined) return { on: waiting.node.role, argv: ['acknowledge'] };
  if (main.server === 'other' && main.health.verdict === 'up')
    return { on: 'main', argv: ['failback', '--accept-loss'] };
  return undefined;
};

/** Asterisk as the setup wants it: a scenario may have left it stopped. */
const startTelephony = async ({ lab }: Pair, setup: PairSetup): Promise<void> => {
  if (setup.telephony === 'cold') return;
  await Promise.all(roles.map(async (role) => await lab.host(role).exec(['systemctl', 'start', pbxUnit])));
};

const setRight = async (pair: Pair, setup: PairSetup, isLinked = true): Promise<readonly string[]> => {
  const deadlineMs = monotonicMs() + (setup.xivo === null ? readyWithinMs : xivoReadyWithinMs);
  let missing = await whenReady(pair, setup, 0, isLinked);
  let round = 0;
  let answer = '';
  while (missing.length > 0 && monotonicMs() < deadlineMs) {
    if (round % 20 === 0) await startTelephony(pair, setup);
    const order = orderBack(await viewsOf(pair));
    if (order !== undefined) {
      const done = await pair.order(order.on, order.argv);
      const said = done.ok ? `${done.value.stdout}${done.value.stderr}`.trim() : done.error.message;
      answer = `\`${order.argv.join(' ')}\` was answered: ${said}`;
    }
    missing = await whenReady(pair, setup, 250, isLinked);
    round += 1;
  }
  // The journals go with the lab; what a person was told last says most.
  return missing.length > 0 && answer !== '' ? [...missing, answer] : missing;
};

const unready = (missing: readonly string[]): Result<never> =>
  fail('stage-unready', `the pair did not come to its start: ${missing.join('; ')}`, 'see the journals of both nodes');

const createToStart = (pair: Pair, observers: () => Observers, load: Load | undefined): Stage['toStart'] => {
  let installed: PairSetup | undefined;
  const reinstall = async (setup: PairSetup): Promise<Result<readonly string[]>> => {
    installed = undefined;
    const done = await pair.install(setup);
    if (!done.ok) return done;
    installed = setup;
    // Service may have moved while all booted: what was collected then comes home when there are databases and a way.
    const mysql = setup.remsys?.mysql ?? null;
    const missing = await setRight(pair, setup, setup.data === 'none' && mysql === null);
    if (missing.length > 0) return ok(missing);
    if (mysql !== null) {
      const prepared = await prepareMysql(pair.lab, mysql);
      return prepared.ok ? ok(await setRight(pair, setup)) : prepared;
    }
    if (setup.data === 'none') return ok([]);
    const databases = await prepareDatabases(pair.lab);
    if (!databases.ok) return databases;
    const reporting = setup.xivo?.reporting === true ? await prepareReporting(pair.lab) : ok(undefined);
    if (!reporting.ok) return reporting;
    // The streams begin at the main that serves: on a busy machine service may have moved meanwhile.
    const moved = await setRight(pair, setup, false);
    if (moved.length > 0) return ok(moved);
    const streams = await prepareStreams(pair.lab, setup.data);
    return streams.ok ? ok(await setRight(pair, setup)) : streams;
  };
  return async (setup) => {
    const isSame = installed !== undefined && sameSetup(installed, setup);
    const asked = isSame ? await setRight(pair, setup) : undefined;
    const missing = asked?.length === 0 ? ok(asked) : await reinstall(setup);
    if (!missing.ok) return missing;
    if (missing.value.length > 0) return unready(missing.value);
    return await settleOutside(pair, observers(), setup, load !== undefined);
  };
};

/** All telephones are known to the main, and the trunk is registered by it. */
const settleOutside = async (
  pair: Pair,
  observers: Observers,
  setup: PairSetup,
  isRefreshed: boolean,
): Promise<Result<void>> => {
  const known = await pair.contactCount('main');
  if (!known.ok) return known;
  const isStale = !isRefreshed && monotonicMs() > observers.registeredAtMs() + registeredForMs;
  const begun = known.value < pair.pbx.endpoints || isStale ? await observers.begin() : ok(undefined);
  if (!begun.ok) return begun;
  const missing = await whenReady(pair, setup, 5000);
  if (missing.length > 0) return unready(missing);
  const deadlineMs = monotonicMs() + 8000;
  for (;;) {
    const evidence = await observers.provider.ask('evidence', { sinceMs: monotonicMs() });
    if (!evidence.ok) return evidence;
    const by = evidence.value.current?.by;
    if (by?.endsWith(' main') === true) return ok(undefined);
    if (monotonicMs() > deadlineMs) return unready([`the trunk is registered by ${by ?? 'nobody'}`]);
    await sleep(50);
  }
};

const closeStage = async (lab: Lab, observers: Observers | undefined, wires?: Wires): Promise<Result<void>> => {
  await observers?.stop();
  await wires?.stop();
  const down = await lab.down();
  if (!down.ok) return down;
  const remains = await remainsOf(lab.runId);
  return remains.length === 0
    ? ok(undefined)
    : fail('lab-remains', `the lab left behind: ${remains.join(', ')}`, `dualtone lab down ${lab.runId}`);
};

const treeOf = (needs: LabNeeds): { readonly tree?: TreeKind } => {
  const { xivo, asterisk, remsys, mysql, fencing, etcd, debian } = needs;
  if (debian !== undefined) return { tree: `debian-${debian}` };
  if (fencing === true) return { tree: 'fencing' };
  if (etcd === true) return { tree: 'etcd' };
  if (xivo === true) return { tree: asterisk === 16 ? 'xivo-16' : 'xivo' };
  if (remsys === undefined) return {};
  return { tree: mysql === undefined ? 'remsys' : `remsys-${mysql}` };
};

/** What stands around the pair, on its hosts, which are off. */
const installAround = async (
  lab: Lab,
  pbx: PbxPlan,
  { needs, first }: StageOptions,
): Promise<Result<Site & Partial<EtcdSite>> | undefined> => {
  if (needs.etcd === true) return await installEtcd(lab);
  if (needs.xivo === true) return await installSite(lab, pbx);
  if (needs.fencing === true) return ok(fencingSite(lab));
  if (needs.remsys === undefined) return undefined;
  return await installTwoSites(lab, first.remsys ?? { ...usualRemsys, primary: needs.remsys });
};

/** Those that must be there before the pair: a main that boots late on a busy machine finds the standby serving. */
const aroundOf = (needs: LabNeeds): readonly string[] => {
  const hosts = [
    ...(needs.xivo === true ? xivoHosts : []),
    ...(needs.remsys === undefined ? [] : remsysHosts),
    ...(needs.fencing === true ? fencingHosts : []),
    ...(needs.etcd === true ? etcdHosts : []),
  ];
  return hosts.map(({ name }) => name);
};

const createLabFor = async (options: StageOptions): Promise<Result<Lab>> => {
  const { needs } = options;
  const { stateDisk = false } = needs;
  return await createLab({
    topology: standardTopology({
      witnesses: true,
      ...(stateDisk === false ? {} : { stateDiskMib: stateDisk === true ? smallDiskMib : stateDisk }),
      ...(needs.xivo === true ? { xivo: true } : {}),
      ...(needs.remsys === undefined ? {} : { remsys: true, checkpoints: 3 }),
      ...(needs.fencing === true ? { fencing: true } : {}),
      ...(needs.etcd === true ? { etcd: true, checkpoints: 0 } : {}),
    }),
    ...treeOf(needs),
    ...(options.keep === true ? { keep: true } : {}),
    ...(options.log === undefined ? {} : { log: options.log }),
  });
};

/** Under both agents and the checkpoint, all off. */
const installClocks = async (lab: Lab): Promise<Result<void>> => {
  for (const [host, unit] of [
    ...roles.map((role) => [role, agentUnit] as const),
    ['checkpoint1', checkpointUnit] as const,
  ]) {
    const installed = await lab.host(host).installClock(unit);
    if (!installed.ok) return installed;
  }
  return ok(undefined);
};

const pbxFor = (lab: Lab, { endpoints, needs }: StageOptions): PbxPlan => ({
  virtualAddress: lab.virtual.v4,
  providerAddress: lab.host('provider').address.v4,
  endpoints,
  seed: lab.runId,
  ...(needs.xivo === true ? { mediaServers: mediaServersOf(lab) } : {}),
});

/** Everybody but the pair, and what can be set up only while it runs. */
const bootAround = async (lab: Lab, needs: LabNeeds, site: Partial<EtcdSite> | undefined): Promise<Result<void>> => {
  const booted = await lab.boot(['phones', 'provider', 'eye-main', 'eye-standby', ...aroundOf(needs)]);
  return booted.ok ? ((await site?.prepare?.()) ?? ok(undefined)) : booted;
};

/** Builds the lab, installs the pair and brings it to its start. What fails is taken away again. Faults: those of the parts. */
export const openStage = async (options: StageOptions): Promise<Result<Stage>> => {
  const { needs, signal } = options;
  const packed = needs.packages === true ? await ensurePackages(ownRepository) : ok(undefined);
  if (!packed.ok) return packed;
  const created = await createLabFor(options);
  if (!created.ok) return created;
  const lab = created.value;
  const pbx = pbxFor(lab, options);
  const site = await installAround(lab, pbx, options);
  if (site?.ok === false) {
    await closeStage(lab, undefined);
    return site;
  }
  const pair = createPair(lab, pbx, options.first, site?.value);
  let observers: Observers | undefined;
  let wires: Wires | undefined;
  const build = async (): Promise<Result<Stage>> => {
    if (needs.falseClock === true) {
      const clocks = await installClocks(lab);
      if (!clocks.ok) return clocks;
    }
    const around = await bootAround(lab, needs, site?.value);
    if (!around.ok) return around;
    const devices = needs.fencing === true ? await startDevices(lab) : undefined;
    if (devices?.ok === false) return devices;
    wires = devices?.value;
    const { load } = needs;
    const started = await startObservers({
      lab,
      pbx,
      signal,
      ...(load === undefined ? {} : { register: paceOf(load) }),
    });
    if (!started.ok) return started;
    observers = started.value;
    const toStart = createToStart(pair, () => started.value, load);
    const ready = await toStart(options.first);
    if (!ready.ok) return ready;
    return ok({
      lab,
      pair,
      observers: started.value,
      needs,
      toStart,
      views: async () => await viewsOf(pair),
      close: async () => await closeStage(lab, observers, wires),
    });
  };
  const stage = await build();
  if (!stage.ok) await closeStage(lab, observers, wires);
  return stage;
};
