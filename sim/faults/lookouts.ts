/** What can go wrong about checkpoints that cannot promise, and what they cannot see. Nothing happens where there are none. */
import type { Lookout } from '../lookouts.ts';
import type { World } from '../world.ts';
import { cut, cutFromPhones, type Fault, freezeAgent, later, node, reboot, restartAgent, span } from './deeds.ts';

/** The others stay honest: so many mistaken ones as are needed move service, and no rule of ours mends that. */
const spoil =
  (change: (w: World) => Partial<Lookout>): Fault =>
  (w) => {
    if (w.lookouts.length === 0 || w.lookouts.some(({ lie, dead }) => lie !== null || dead)) return;
    const lookout = w.random.pick(w.lookouts);
    Object.assign(lookout, change(w));
    w.timeline.after(span(w), () => Object.assign(lookout, { lie: null, dead: false }));
  };

export const lyingLookout = spoil((w) => ({ lie: w.random.pick(['ok', 'failed'] as const) }));
export const deadLookout = spoil(() => ({ dead: true }));

/** A node hears and reaches nobody but its own gateway and phones; now and then in one direction only. */
export const cutFromOutside: Fault = (w) => {
  const { role } = node(w).machine;
  const forMs = w.random.between(300, 4000);
  const directions = w.random.pick(['in', 'out', 'both', 'both'] as const);
  for (const name of w.network.names) {
    if (directions !== 'in') cut(w, role, name, forMs);
    if (directions !== 'out') cut(w, name, role, forMs);
  }
};

const cutFromStandby = (w: World, forMs: number): void => {
  cut(w, 'main', 'standby', forMs);
  cut(w, 'standby', 'main', forMs);
};

/** What happens to a main that is unheard `forMs`, by name. */
const deeds: Readonly<Record<string, (w: World, forMs: number) => void>> = {
  restarts: (w, forMs) => later(w, w.random.between(1, forMs), () => restartAgent(w, w.agents.main, brief(w))),
  'restarts quickly': (w, forMs) =>
    later(w, w.random.between(0.3, 1) * forMs, () => restartAgent(w, w.agents.main, w.random.between(1, 60))),
  'stands still': (w) => freezeAgent(w, w.agents.main, brief(w)),
  'boots once it has stopped': (w, forMs) =>
    later(w, w.random.between(0.5, 1) * forMs, () => {
      if (!w.agents.main.machine.isOpen()) reboot(w, w.agents.main, w.random.between(1, 60));
    }),
  'hears the standby for a moment': (w, forMs) => {
    w.network.link('main', 'standby').cutUntil = w.timeline.now + forMs;
    w.network.link('standby', 'main').cutUntil = w.timeline.now + forMs;
    later(w, forMs + w.random.between(1, 150), () => cutFromStandby(w, 5000));
  },
  nothing: () => undefined,
};

/** In the scale of a run a lease is half a look; in life it is nothing beside one: what is shorter is over at once, what is longer takes long. */
const brief = (w: World): number => w.random.pick([w.random.between(1, 60), w.random.between(700, 3000)]);

/** The main is unheard for as long as the standby counts, something happens to it, and then the two nodes alone do not hear each other. */
export const standbyMayServe: Fault = (w) => {
  if (w.lookouts.length === 0 || w.network.link('main', 'standby').cutUntil > w.timeline.now) return;
  if (w.random.chance(0.2)) {
    w.agents.main.command({ name: 'switchover', whenIdle: false, maxWaitMs: 0 });
    return later(w, w.random.between(0, 10), () => cutFromStandby(w, 5000));
  }
  const forMs = w.random.between(1200, 2500);
  for (const name of w.network.names) {
    cut(w, 'main', name, forMs);
    cut(w, name, 'main', forMs);
  }
  cutFromStandby(w, forMs + 5000);
  if (w.random.chance(0.5)) cutFromPhones(w, 'main', forMs);
  deeds[w.random.pick(Object.keys(deeds))]?.(w, forMs);
};

/**
 * The standby is dead, and the main was without the right: for as long as the standby counts, so that it had served, or for less. A person makes
 * sure and has the main serve, or it takes service by itself where it may. One checkpoint may be gone, so that not all see it serve.
 */
export const standbyDied: Fault = (w) => {
  if (w.lookouts.length === 0 || w.quietFrom > w.timeline.now) return;
  w.quietFrom = w.timeline.now + 9000;
  if (w.random.chance(0.7)) Object.assign(w.random.pick(w.lookouts), { dead: true });
  const { main, standby } = w.agents;
  const waits = w.random.chance(0.5);
  const backMs = waits ? 3500 : w.random.between(400, 700);
  later(w, waits ? 3400 : 0, () => reboot(w, standby, 5000));
  if (waits)
    for (const name of w.network.names) {
      cut(w, 'main', name, backMs);
      cut(w, name, 'main', backMs);
    }
  else restartAgent(w, main, backMs);
  if (w.random.chance(0.7))
    later(w, backMs + w.random.between(50, waits ? 1500 : 300), () =>
      main.command({ name: 'takeover', confirmed: true }),
    );
};

/** Drawn by name alone: a person who makes sure of one node does not look at the other’s cables. */
export const lookoutFaults: Readonly<Record<string, Fault>> = { 'standby-died': standbyDied };
