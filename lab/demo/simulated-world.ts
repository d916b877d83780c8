import { settingsFor, timings } from '../../sim/presets.ts';
import { bootMachine, createWorld, powerOff, type World } from '../../sim/world.ts';
import { ok } from '../../src/core/result.ts';
import type { Role } from '../../src/core/words.ts';
import { roles } from '../topology.ts';
import { type Cell, cellCount, cellMs, type DemoWorld, type NodeView } from './world.ts';

/** The simulated telephone asks so often. */
const askEveryMs = 10;
/** Any number; the same gives the same run. */
const seed = 20_120_214;

/** One ask of the simulated telephone. */
interface Ask {
  readonly atMs: number;
  readonly by: Role | undefined;
}

const answerer = (world: World): Role | undefined =>
  roles.find((role) => world.agents[role].machine.isOpen() && !world.cutFromPhones[role]);

const nodeView = (world: World, role: Role): NodeView => {
  const { machine, state, status } = world.agents[role];
  const isRunning = machine.up && status === 'running';
  return {
    role,
    power: machine.up,
    doing: isRunning ? (state.phase.name === 'serving' ? 'active' : state.phase.name) : 'off',
    serves: machine.isOpen(),
    epoch: state.lease.name === 'held' ? state.lease.epoch : state.boot.highest,
    health: state.health.verdict,
    calls: machine.isOpen() ? machine.calls : 0,
  };
};

const longestGap = (asks: readonly Ask[], sinceMs: number): number => {
  let longestMs = 0;
  let lastMs: number | undefined;
  for (const { atMs, by } of asks) {
    if (atMs < sinceMs || by === undefined) continue;
    const gapMs = atMs - (lastMs ?? atMs);
    if (gapMs > askEveryMs * 1.5) longestMs = Math.max(longestMs, gapMs);
    lastMs = atMs;
  }
  return longestMs;
};

const cellsFrom = (asks: readonly Ask[], nowMs: number): readonly Cell[] =>
  Array.from({ length: cellCount }, (_, index): Cell => {
    const fromMs = nowMs - (cellCount - index) * cellMs;
    const inside = asks.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + cellMs);
    if (inside.length === 0) return 'unknown';
    const silent = inside.filter(({ by }) => by === undefined).length;
    if (silent * 2 > inside.length) return 'nobody';
    return inside.findLast(({ by }) => by !== undefined)?.by ?? 'unknown';
  });

/** The demo on the simulator: the real core and everything else invented, in real time. */
export const simulatedWorld = (): DemoWorld => {
  const failback = { policy: 'manual', holdMs: 60_000, maxWaitMs: 0 } as const;
  const world = createWorld({ seed, settingsOf: settingsFor({ timing: timings.fast, checkpoints: 1, failback }) });
  const asks: Ask[] = [];
  const ask = (): void => {
    asks.push({ atMs: world.timeline.now, by: answerer(world) });
    world.timeline.after(askEveryMs, ask);
  };
  world.bootAll();
  // Everything has found its place before the first look.
  world.timeline.runUntil(3000);
  ask();
  const beganMs = performance.now() - world.timeline.now;
  const nowMs = (): number => performance.now() - beganMs;
  const turn = (): void => world.timeline.runUntil(nowMs());
  const timer = setInterval(turn, 10);
  const isPassiveAndWell = (role: Role): boolean => {
    const { machine, state, status } = world.agents[role];
    return machine.up && status === 'running' && state.phase.name === 'passive' && state.health.verdict === 'up';
  };
  return {
    title: 'Dualtone on the SIMULATOR: the real core; nodes, network, telephones invented',
    look: async () => {
      turn();
      const serving = answerer(world);
      return {
        nodes: roles.map((role) => nodeView(world, role)),
        checkpoint: 'votes',
        trunk: serving === undefined ? 'is not registered' : `would be registered by the ${serving}`,
        phones: 20,
        calls: { up: 0, placed: 0, cut: 0 },
        cells: cellsFrom(asks.slice(-cellCount * 12), world.timeline.now),
      };
    },
    cutPower: async () => {
      powerOff(world.agents.main);
      return ok(undefined);
    },
    givePower: async () => {
      bootMachine(world.agents.main);
      return ok(undefined);
    },
    failback: async () => {
      world.agents.main.command({ name: 'failback', whenIdle: false, maxWaitMs: 0 });
      return ok(undefined);
    },
    isReady: async (role) => isPassiveAndWell(role),
    serving: async () => answerer(world),
    outageSince: async (sinceMs) => longestGap(asks, sinceMs),
    nowMs,
    close: async () => {
      clearInterval(timer);
      return ok(undefined);
    },
  };
};
