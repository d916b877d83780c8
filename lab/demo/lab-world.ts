import type { NodeSnapshot } from '../../src/api/snapshot.ts';
import { fail, ok, type Result } from '../../src/core/result.ts';
import type { Role } from '../../src/core/words.ts';
import { couldServe } from '../pair/readiness.ts';
import { monotonicMs } from '../phones/clock.ts';
import { askerName } from '../scenarios/observers.ts';
import type { Stage } from '../scenarios/stage.ts';
import { roles } from '../topology.ts';
import type { Callers } from './callers.ts';
import { cellsOf } from './cells.ts';
import { type Cell, cellCount, cellMs, type DemoWorld, type NodeView } from './world.ts';

/** An ask may still be answered for so long. */
const undecidedMs = 220;

const nodeView = (role: Role, isOn: boolean, snapshot: NodeSnapshot | undefined): NodeView => ({
  role,
  power: isOn,
  doing: snapshot?.phaseText ?? 'its agent is silent',
  serves: snapshot?.server === 'this',
  epoch: snapshot?.epoch ?? 0,
  health: snapshot?.health.verdict ?? '-',
  calls: snapshot?.health.calls ?? 0,
});

const checkpointText = (snapshots: readonly (NodeSnapshot | undefined)[]): string => {
  const asker = snapshots.find((each) => each?.server === 'this') ?? snapshots.find((each) => each !== undefined);
  const [voter] = asker?.voters ?? [];
  if (asker === undefined || voter === undefined) return 'no word of it';
  return `last answered the ${asker.node.role} ${voter.answeredMsAgo ?? '?'} ms ago: ${voter.said}`;
};

const trunkText = async ({ observers }: Stage): Promise<string> => {
  const evidence = await observers.provider.ask('evidence', { sinceMs: Number.MAX_SAFE_INTEGER });
  const by = evidence.ok ? evidence.value.current?.by : undefined;
  return by === undefined ? 'is not registered' : `registered by the ${by.split(' ').at(-1)}`;
};

const lastCells = async ({ observers }: Stage): Promise<readonly Cell[]> => {
  const untilMs = monotonicMs() - undecidedMs;
  const report = await observers.phones.ask('probeReport', {
    name: askerName,
    sinceMs: untilMs - cellCount * cellMs,
    untilMs: untilMs + undecidedMs,
  });
  return report.ok ? cellsOf(report.value, untilMs) : [];
};

/** The demo on a real pair. */
export const labWorld = (stage: Stage, callers: Callers): DemoWorld => {
  const { lab, pair, observers } = stage;
  const main = lab.host('main');
  const serving = async (): Promise<Role | undefined> => {
    const now = await observers.serving();
    return now.ok && (now.value === 'main' || now.value === 'standby') ? now.value : undefined;
  };
  return {
    title: `Dualtone, lab ${lab.runId}: two Asterisk servers, telephony at ${lab.virtual.v4}`,
    look: async () => {
      const [power, snapshots, cells, trunk] = await Promise.all([
        Promise.all(roles.map(async (role) => await lab.host(role).isOn())),
        Promise.all(roles.map(async (role) => await pair.snapshot(role, 200))),
        lastCells(stage),
        trunkText(stage),
      ]);
      return {
        nodes: roles.map((role, index) => nodeView(role, power[index] === true, snapshots[index])),
        checkpoint: checkpointText(snapshots),
        trunk,
        phones: pair.pbx.endpoints,
        calls: callers.counts(),
        cells,
      };
    },
    cutPower: main.powerOff,
    givePower: async () => {
      const booted = await main.boot();
      return booted.ok ? ok(undefined) : booted;
    },
    failback: async (): Promise<Result<void>> => {
      const ordered = await pair.order('main', ['failback']);
      if (!ordered.ok) return ordered;
      const { code, stderr } = ordered.value;
      return code === 0
        ? ok(undefined)
        : fail('demo-failback', `failback was refused: ${stderr.trim()}`, 'see its journal');
    },
    isReady: async (role) => couldServe(await pair.snapshot(role)),
    serving,
    outageSince: async (sinceMs) => {
      const report = await observers.phones.ask('probeReport', { name: askerName, sinceMs });
      return report.ok ? report.value.outageMs : Number.NaN;
    },
    nowMs: monotonicMs,
    close: async () => {
      await callers.stop();
      return await stage.close();
    },
  };
};
