/** Devices that turn nodes off, and do not do their work; drawn only where a pair has them. */
import { rivalOf } from '../../src/core/words.ts';
import type { FenceDevice } from '../fence-devices.ts';
import { bootMachine, type World } from '../world.ts';
import { cut, cutFromPhones, type Fault, later, restartAgent, span, stallNft } from './deeds.ts';

const spoil =
  (change: (w: World) => Partial<FenceDevice>): Fault =>
  (w) => {
    if (w.fences.length === 0) return;
    const device = w.random.pick(w.fences);
    Object.assign(device, change(w));
    w.timeline.after(span(w), () => Object.assign(device, { mood: 'well', slowMs: 0 }));
  };

const cutNodes = (w: World, forMs: number): void => {
  cut(w, 'main', 'standby', forMs);
  cut(w, 'standby', 'main', forMs);
};

/** Neither serves and neither hears the other: both want the other off at once. */
const bothAtOnce: Fault = (w) => {
  cutNodes(w, w.random.between(1500, 4000));
  for (const role of ['main', 'standby'] as const) restartAgent(w, w.agents[role], w.random.between(700, 1300));
};

/** It acts just as the other node is heard again. */
const late: Fault = (w) => {
  const forMs = w.random.between(650, 2000);
  for (const device of w.fences) device.slowMs = w.random.between(100, 1200);
  cutNodes(w, forMs);
  w.timeline.after(forMs + w.random.between(0, 1500), () => {
    for (const device of w.fences) device.slowMs = 0;
  });
};

/** Its answer is long on its way; meanwhile the node is put on again, heard, serves, and is heard no more, and the device hangs. */
const answersOfBefore: Fault = (w) => {
  const holder = (['main', 'standby'] as const).find((role) => w.agents[role].machine.isOpen());
  if (holder === undefined || w.fences.some(({ lateMs }) => lateMs > 0)) return;
  for (const device of w.fences) device.lateMs = w.random.between(2600, 3600);
  const { promiseMs } = w.agents[holder].machine.settings.timing;
  const forMs = promiseMs + w.random.between(100, 200);
  cutNodes(w, forMs);
  later(w, forMs, () => {
    for (const device of w.fences) device.mood = 'hangs';
    const agent = w.agents[holder];
    if (!agent.machine.up) bootMachine(agent);
    later(w, w.random.between(1300, 1800), () => cutNodes(w, 5000));
  });
  w.timeline.after(5000, () => {
    for (const device of w.fences) Object.assign(device, { lateMs: 0, mood: 'well' });
  });
};

/** The kernel holds up the node that has the proof, until the other, put on again, is heard, serves, and is heard no more. */
const proofOfBefore: Fault = (w) => {
  const holder = (['main', 'standby'] as const).find((role) => w.agents[role].machine.isOpen());
  if (holder === undefined || w.network.link('main', 'standby').cutUntil > w.timeline.now) return;
  const [first, second] = [w.agents[holder], w.agents[rivalOf(holder)]];
  const { promiseMs } = first.machine.settings.timing;
  const forMs = promiseMs + w.random.between(200, 300);
  cutNodes(w, forMs);
  later(w, promiseMs - 100, () => stallNft(w, second, w.random.between(1900, 2300)));
  later(w, forMs, () => {
    if (!first.machine.up) bootMachine(first);
    later(w, w.random.between(1300, 1600), () => cutNodes(w, 5000));
  });
};

/** Turned off, put on again by a person, and cut off before it is heard: it may not serve, nor turn anybody off. */
const onAgainUnheard: Fault = (w) => {
  const holder = (['main', 'standby'] as const).find((role) => w.agents[role].machine.isOpen());
  if (holder === undefined) return;
  cutNodes(w, 4500);
  later(w, w.random.between(700, 1600), () => {
    const agent = w.agents[holder];
    if (!agent.machine.up) bootMachine(agent);
  });
};

/**
 * A node that took over by a proof is cut off itself, and stops; the other, put on again, is vouched for and started by a person. Then the
 * cut mends but for the nodes' own: the proof of before is worth nothing.
 */
const vouchedFor: Fault = (w) => {
  const holder = (['main', 'standby'] as const).find((role) => w.agents[role].machine.isOpen());
  if (holder === undefined || w.network.link('main', 'standby').cutUntil > w.timeline.now) return;
  const [first, second] = [w.agents[holder], w.agents[rivalOf(holder)]];
  const { promiseMs } = first.machine.settings.timing;
  cutNodes(w, 8000);
  later(w, promiseMs + w.random.between(150, 250), () => {
    if (!first.machine.up) bootMachine(first);
    later(w, w.random.between(10, 60), () => cutFromPhones(w, rivalOf(holder), w.random.between(800, 1000)));
    later(w, w.random.between(650, 700), () => {
      if (!second.machine.isOpen()) first.command({ name: 'takeover', confirmed: true });
    });
  });
};

/** By name, as in `faults`. */
export const fenceFaults: Readonly<Record<string, Fault>> = {
  'fence-hangs': spoil(() => ({ mood: 'hangs' })),
  'fence-refuses': spoil(() => ({ mood: 'refuses' })),
  'fence-lies': spoil(() => ({ mood: 'lies' })),
  'fence-slow': spoil((w) => ({ slowMs: w.random.between(50, 2500) })),
  'fence-both-at-once': bothAtOnce,
  'fence-late': late,
  'fence-answers-of-before': answersOfBefore,
  'fence-proof-of-before': proofOfBefore,
  'fence-on-again-unheard': onAgainUnheard,
  'fence-vouched-for': vouchedFor,
};
