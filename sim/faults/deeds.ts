/** What faults are made of: cuts, freezes, restarts, each for a while. */
import type { Role } from '../../src/core/words.ts';
import type { AgentProcess } from '../agent-process.ts';
import type { CheckpointProcess } from '../checkpoint-process.ts';
import { bootMachine, powerOff, type World } from '../world.ts';

/** Begins now; undoes itself on the world's own timeline. */
export type Fault = (w: World) => void;

export const node = (w: World): AgentProcess => w.agents[w.random.pick(['main', 'standby'] as const)];
export const checkpoint = (w: World): CheckpointProcess | null =>
  w.checkpoints.length === 0 ? null : w.random.pick(w.checkpoints);
export const anyName = (w: World): string => w.random.pick(w.network.names);
export const span = (w: World): number =>
  w.random.pick([w.random.between(5, 80), w.random.between(80, 700), w.random.between(700, 3000)]);

/** What a fault does later; in the quiet it does no more. */
export const later = (w: World, ms: number, act: () => void): void =>
  w.timeline.after(ms, () => {
    if (!w.healed) act();
  });

export const cut = (w: World, from: string, to: string, forMs: number): void => {
  if (from === to) return;
  const weather = w.network.link(from, to);
  weather.cutUntil = Math.max(weather.cutUntil, w.timeline.now + forMs);
};

export const freezeAgent = (w: World, agent: AgentProcess, forMs: number): void => {
  agent.freeze();
  w.timeline.after(forMs, () => agent.thaw());
};

/** The machine goes on after a pause, and its agent finds the clocks apart. */
export const wake = (agent: AgentProcess): void => {
  const { machine } = agent;
  if (!machine.paused) return;
  const before = machine.stoodMs;
  machine.resume();
  agent.clockJump(machine.stoodMs - before, true);
  agent.drain();
};

export const stallNft = (w: World, agent: AgentProcess, forMs: number): void => {
  agent.machine.stallNft(true);
  w.timeline.after(forMs, () => agent.machine.stallNft(false));
};

export const restartAgent = (w: World, agent: AgentProcess, afterMs: number): void => {
  agent.kill();
  w.timeline.after(afterMs, () => agent.start());
};

export const reboot = (w: World, agent: AgentProcess, afterMs: number): void => {
  powerOff(agent);
  w.timeline.after(afterMs, () => {
    if (!agent.machine.up) bootMachine(agent);
  });
};

export const mendPhones = (w: World, role: Role): void => {
  w.cutFromPhones[role] = false;
  w.agents[role].machine.networkUp = true;
  w.watched.cutOffSince[role] = Number.POSITIVE_INFINITY;
  w.checkers.phonesChanged();
};

/** Its phones, its gateway: all that is not a node or a checkpoint. */
export const cutFromPhones = (w: World, role: Role, forMs: number): void => {
  w.cutFromPhones[role] = true;
  w.agents[role].machine.networkUp = false;
  w.watched.cutOffSince[role] = w.timeline.now;
  w.checkers.phonesChanged();
  w.timeline.after(forMs, () => mendPhones(w, role));
};
