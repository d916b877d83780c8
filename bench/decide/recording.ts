/** Events as the simulated agents of a pair get them, so that the pure core can be timed on what it really has to do. */
import { type AgentProcess, createAgentProcess, WALL_START } from '../../sim/agent-process.ts';
import { createCheckpointProcess } from '../../sim/checkpoint-process.ts';
import { createMachine } from '../../sim/machine.ts';
import { createNetwork } from '../../sim/network.ts';
import { settingsFor, timings } from '../../sim/presets.ts';
import { createRandom } from '../../sim/random.ts';
import { createTimeline } from '../../sim/timeline.ts';
import { bootMachine, powerOff } from '../../sim/world.ts';
import type { Event } from '../../src/core/event.ts';
import type { Settings } from '../../src/core/settings.ts';
import type { State } from '../../src/core/state.ts';
import { type Role, rivalOf, type VoterName } from '../../src/core/words.ts';

export interface RecordedEvent {
  readonly event: Event;
  readonly wall: number;
}

/** All that one node's core was told from its start on, and where it ended. */
export interface Recording {
  readonly role: Role;
  readonly settings: Settings;
  readonly events: readonly RecordedEvent[];
  readonly last: State;
}

export interface RecordingPlan {
  readonly seed: number;
  readonly preset: 'fast' | 'quick';
  /** How long the pair is healthy before the main loses its power; then as long again with the standby alone. */
  readonly healthyMs: number;
}

const roles: readonly Role[] = ['main', 'standby'];
const checkpoint: VoterName = 'checkpoint-1';

/** Plays a healthy pair with one checkpoint, then a takeover. The same plan gives the same recordings. */
export const recordPair = ({ seed, preset, healthyMs }: RecordingPlan): readonly Recording[] => {
  const random = createRandom(seed);
  const timeline = createTimeline();
  const timing = timings[preset];
  const failback = { policy: 'manual', holdMs: 60_000, maxWaitMs: 0 } as const;
  const settingsOf = settingsFor({ timing, checkpoints: 1, failback });
  const eventsByRole: Record<Role, RecordedEvent[]> = { main: [], standby: [] };
  const agentByRole = new Map<Role, AgentProcess>();
  const network = createNetwork([...roles, checkpoint], timeline, random, (to, from, message) => {
    if (to === 'main' || to === 'standby') agentByRole.get(to)?.receive(from, message);
    else if (from === 'main' || from === 'standby') voter.receive(from, message);
  });
  const voter = createCheckpointProcess(
    checkpoint,
    timing,
    timeline,
    random,
    (to, message) => network.send(checkpoint, to, message),
    () => undefined,
  );
  const agentOf = (role: Role): AgentProcess => {
    const machine = createMachine(role, settingsOf(role), timeline, random, () => undefined);
    return createAgentProcess(machine, timeline, random, {
      send: (to, message) => network.send(role, to, message),
      kept: () => undefined,
      replied: () => undefined,
      fence: () => undefined,
      fenceEnd: () => undefined,
      decided: (_before, _decision, event) => eventsByRole[role].push({ event, wall: WALL_START + timeline.now }),
    });
  };
  const agents = roles.map(agentOf);
  for (const agent of agents) agentByRole.set(agent.machine.role, agent);
  const look = (agent: AgentProcess): void => {
    agent.look();
    timeline.after(timing.heartbeatMs, () => look(agent));
  };
  voter.start();
  for (const agent of agents) {
    bootMachine(agent);
    timeline.after(agent.machine.role === 'main' ? 7 : 31, () => look(agent));
  }
  timeline.runUntil(healthyMs);
  const [main] = agents;
  if (main !== undefined) powerOff(main);
  timeline.runUntil(2 * healthyMs);
  return agents.map(({ machine, state }) => ({
    role: machine.role,
    settings: machine.settings,
    events: eventsByRole[machine.role],
    last: state,
  }));
};

/** Whether the recording holds what it is for: the main served, and the standby took over. */
export const holdsTakeover = (recordings: readonly Recording[]): boolean => {
  const [main, standby] = recordings;
  return (
    main?.last.phase.name === 'serving' &&
    standby?.last.phase.name === 'serving' &&
    standby.settings.role === rivalOf(main.settings.role)
  );
};
