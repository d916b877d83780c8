import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../lab/phones/clock.ts';
import type { Outcome } from '../../lab/process.ts';
import { roles } from '../../lab/topology.ts';
import { fail, ok, type Result } from '../../src/core/result.ts';
import type { Role } from '../../src/core/words.ts';
import {
  type ClusterPlan,
  clusterSections,
  corosyncFiles,
  movingResource,
  qnetdPlan,
  type ResourcePlan,
} from './corosync.ts';
import { type Ground, hasAddress, installNodes, revive } from './ground.ts';
import type { FaultName, System, SystemName, Watch } from './system.ts';

const units = ['corosync.service', 'corosync-qdevice.service', 'pacemaker.service'] as const;
const third = 'corosync-qnetd.service';

export interface PacemakerPlan {
  readonly name: SystemName;
  readonly cluster: ClusterPlan;
  readonly resources: ResourcePlan;
  readonly watchByFault: { readonly [Fault in FaultName]?: Watch };
}

const slow = (withinMs: number, runsMost: number): Watch => ({ withinMs, staysMs: 1000, runsMost });

/** As the documents of its parts set it: the agents' own intervals and timeouts, corosync's and the quorum device's defaults. */
export const pacemakerDefault: PacemakerPlan = {
  name: 'pacemaker',
  cluster: {},
  resources: { isWarm: false, monitor: { intervalS: 20, timeoutS: 30 }, stopS: 20, movesAtOnce: false },
  watchByFault: {
    'power-loss': slow(60_000, 5),
    'asterisk-crash': slow(60_000, 5),
    'asterisk-hang': slow(120_000, 3),
    isolation: { withinMs: 45_000, staysMs: 0, whole: true, runsMost: 3 },
    switchover: slow(45_000, 5),
    'cut-between': { withinMs: 45_000, staysMs: 0, whole: true, runsMost: 3 },
  },
};

/** As quick as its parts allow without settings that their manuals warn of as unsafe: Asterisk runs on both nodes, and is asked each second. */
export const pacemakerTuned: PacemakerPlan = {
  name: 'pacemaker-tuned',
  cluster: { tokenMs: 500, device: { timeoutMs: 1250, syncTimeoutMs: 2500 } },
  resources: { isWarm: true, monitor: { intervalS: 1, timeoutS: 2 }, stopS: 7, movesAtOnce: true },
  watchByFault: {
    'power-loss': { withinMs: 30_000, staysMs: 1000 },
    'asterisk-crash': { withinMs: 30_000, staysMs: 3000 },
    'asterisk-hang': { withinMs: 30_000, staysMs: 1000 },
    isolation: { withinMs: 15_000, staysMs: 0, whole: true },
    switchover: { withinMs: 15_000, staysMs: 1000 },
    'cut-between': { withinMs: 15_000, staysMs: 0, whole: true, runsMost: 5 },
  },
};

const hasProcess = async ({ lab }: Ground, role: Role): Promise<boolean> => {
  const found = await lab.host(role).exec(['pgrep', '-x', 'asterisk']);
  return found.ok && found.value.code === 0;
};

/** What a node's cluster lacks: all three votes, as the node itself counts them. */
const missingVotes = async ({ lab }: Ground, role: Role): Promise<readonly string[]> => {
  const shown = await lab.host(role).exec(['corosync-quorumtool', '-s']);
  const text = shown.ok ? shown.value.stdout : '';
  const isWhole = /^Total votes:\s+3$/m.test(text) && /^Quorate:\s+Yes$/m.test(text);
  return isWhole ? [] : [`${role} has not all votes`];
};

/** Waits until the cluster takes a configuration, and gives it one. Fault: `system-unready` with its last words. */
const configure = async (ground: Ground, plan: PacemakerPlan, withinMs: number): Promise<Result<void>> => {
  const main = ground.lab.host('main');
  const deadlineMs = monotonicMs() + withinMs;
  let said: Result<Outcome> | undefined;
  for (const { scope, xml, mayLack } of clusterSections(ground.lab.virtual.v4, plan.resources)) {
    for (;;) {
      const how = mayLack === true ? ['--modify', '--allow-create'] : ['--replace'];
      said = await main.execChecked(['cibadmin', ...how, '--scope', scope, '--xml-text', xml]);
      if (said.ok) break;
      if (monotonicMs() > deadlineMs)
        return fail('system-unready', `the cluster takes no ${scope}: ${said.error.message}`, 'see its log');
      await sleep(500);
    }
  }
  return ok(undefined);
};

const inside = async (ground: Ground, { resources }: PacemakerPlan): Promise<readonly string[]> => {
  const lacking: string[] = [];
  for (const role of roles) lacking.push(...(await missingVotes(ground, role)));
  if (!(await hasAddress(ground, 'main'))) lacking.push('the main has no address');
  if (await hasAddress(ground, 'standby')) lacking.push('the standby has the address');
  if (!(await hasProcess(ground, 'main'))) lacking.push('no Asterisk runs on the main');
  if ((await hasProcess(ground, 'standby')) !== resources.isWarm)
    lacking.push(resources.isWarm ? 'no Asterisk runs on the standby' : 'Asterisk runs on the standby');
  return lacking;
};

const readyWithinMs = 120_000;
/** The cluster needs a moment for what it was told. */
const orderEveryMs = 4000;

/** Pacemaker and corosync with a quorum device, as the agents of Debian's `resource-agents` run Asterisk and the address. */
export const createPacemaker = (ground: Ground, plan: PacemakerPlan): System => {
  const { lab } = ground;
  const resource = movingResource(plan.resources);
  const files = corosyncFiles(lab, plan.cluster);
  const node = { files, units, startsAsterisk: false };
  let orderedAtMs = 0;
  /** What a person would say next; a preference for a node that a move leaves behind is taken back at the start. */
  const setRight = async (isAway: boolean): Promise<void> => {
    if (monotonicMs() < orderedAtMs + orderEveryMs) return;
    orderedAtMs = monotonicMs();
    const main = lab.host('main');
    await main.exec(['crm_resource', '--cleanup']);
    if (isAway) await main.exec(['crm_resource', '--move', '--resource', resource, '--node', 'main']);
  };
  return {
    name: plan.name,
    watchByFault: plan.watchByFault,
    readyWithinMs,
    sharesRegistrations: false,
    unitsByHost: { main: units, standby: units, checkpoint1: [third] },
    install: async () => {
      const installed = await installNodes(ground, { main: node, standby: node }, qnetdPlan);
      return installed.ok ? await configure(ground, plan, readyWithinMs) : installed;
    },
    restore: async () => await revive(ground, { main: units, standby: units }),
    missing: async () => {
      const lacking = await inside(ground, plan);
      if (lacking.length > 0) await setRight(await hasAddress(ground, 'standby'));
      else await lab.host('main').exec(['crm_resource', '--clear', '--resource', resource]);
      return lacking;
    },
    switchover: async () => {
      const main = lab.host('main');
      const moved = await main.execChecked(['crm_resource', '--move', '--resource', resource, '--node', 'standby']);
      if (!moved.ok) return moved;
      const waited = await main.execChecked(['crm_resource', '--wait', '--timeout', '40s'], { timeoutMs: 45_000 });
      return waited.ok ? ok(undefined) : waited;
    },
    signalAsterisk: async (signal) => {
      const sent = await lab.host('main').execChecked(['pkill', `-${signal}`, '-x', 'asterisk']);
      return sent.ok ? ok(undefined) : sent;
    },
  };
};
