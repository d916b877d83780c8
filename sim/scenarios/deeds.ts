/** What a scenario can do to the world, each by a line of words. */
import type { Command } from '../../src/core/event.ts';
import type { Role } from '../../src/core/words.ts';
import { bootMachine, powerOff, type World } from '../world.ts';
import { spanOf } from './pair.ts';

export type Deed = (w: World, words: readonly string[]) => void;

const roleOf = (word: string | undefined): Role => {
  if (word !== 'main' && word !== 'standby') throw new Error(`neither main nor standby: ${word}`);
  return word;
};
const agentOf = (w: World, word: string | undefined) => w.agents[roleOf(word)];
const checkpointOf = (w: World, word: string | undefined) => {
  const found = w.checkpoints.find(({ name }) => name === word);
  if (found === undefined) throw new Error(`no checkpoint is called ${word}`);
  return found;
};

const cut = (w: World, a: string, b: string): void => {
  if (a === b) return;
  w.network.link(a, b).cutUntil = Number.POSITIVE_INFINITY;
  w.network.link(b, a).cutUntil = Number.POSITIVE_INFINITY;
};

const setReach = (w: World, role: Role, reached: boolean): void => {
  w.cutFromPhones[role] = !reached;
  w.agents[role].machine.networkUp = reached;
  w.checkers.phonesChanged();
};

const isolate: Deed = (w, [word]) => {
  const role = roleOf(word);
  for (const other of w.network.names) cut(w, role, other);
  setReach(w, role, false);
};

const heal: Deed = (w) => {
  w.network.heal();
  for (const role of ['main', 'standby'] as const) setReach(w, role, true);
};

const telephony =
  (state: 'well' | 'crashed' | 'hung'): Deed =>
  (w, [word]) => {
    agentOf(w, word).machine.telephony = state;
    w.checkers.phonesChanged();
  };

const boot: Deed = (w, [word]) => {
  if (word === 'both') return w.bootAll();
  for (const checkpoint of w.checkpoints) checkpoint.start();
  bootMachine(agentOf(w, word));
};

/** `switchover`, `switchover when-idle 1h`, `start confirmed`, `mode manual`, `maintenance 1h new disk`, … */
const commandOf = ([name = '', ...rest]: readonly string[]): Command => {
  switch (name) {
    case 'start':
    case 'takeover':
      return { name, confirmed: rest[0] === 'confirmed' };
    case 'switchover':
    case 'failback':
      return { name, whenIdle: rest[0] === 'when-idle', maxWaitMs: rest[1] === undefined ? 0 : spanOf(rest[1]) };
    case 'mode':
      return { name, mode: rest[0] === 'manual' ? 'manual' : 'automatic' };
    case 'maintenance':
      if (rest[0] === 'off') return { name: 'maintenance-off' };
      return { name: 'maintenance-on', forMs: spanOf(rest[0] ?? ''), reason: rest.slice(1).join(' ') };
    case 'stop':
    case 'acknowledge':
      return { name };
    default:
      throw new Error(`no command is called ${name}`);
  }
};

/** By the first one or two words of the line; the rest is handed over. */
export const deedByName: Readonly<Record<string, Deed>> = {
  boot,
  isolate,
  heal,
  cut: (w, [a = '', b = '']) => cut(w, a, b),
  crash: telephony('crashed'),
  hang: telephony('hung'),
  mend: telephony('well'),
  calls: (w, [word, count]) => {
    agentOf(w, word).machine.calls = Number(count);
  },
  command(w, [word, ...rest]) {
    const command = commandOf(rest);
    // In manual mode a gate stands on a person's word, not on promises.
    if (command.name === 'mode') w.watched.covered = false;
    agentOf(w, word).command(command);
  },
  'power off': (w, [word]) => powerOff(agentOf(w, word)),
  'power on': (w, [word]) => bootMachine(agentOf(w, word)),
  'end agent': (w, [word]) => agentOf(w, word).ending(),
  'kill agent': (w, [word]) => agentOf(w, word).kill(),
  'start agent': (w, [word]) => agentOf(w, word).start(),
  'freeze agent': (w, [word]) => agentOf(w, word).freeze(),
  'thaw agent': (w, [word]) => agentOf(w, word).thaw(),
  pause(w, [word]) {
    agentOf(w, word).machine.pause();
    w.checkers.gateChanged(roleOf(word), false);
  },
  wake(w, [word, span = '']) {
    const agent = agentOf(w, word);
    // A machine that was turned off meanwhile does not wake.
    if (!agent.machine.up) return;
    agent.machine.resume();
    agent.clockJump(spanOf(span), true);
    agent.drain();
  },
  /** `device of main hangs`, `refuses`, `lies`, `says-off`, `well`. */
  'device of': (w, [word, mood]) => {
    const device = w.fences.find(({ role }) => role === word);
    if (device === undefined) throw new Error(`nothing turns it off: ${word}`);
    device.mood = mood as typeof device.mood;
    // A lie that no rule mends.
    if (mood === 'says-off') w.watched.neverTwo = false;
  },
  'lose checkpoint': (w, [word]) => checkpointOf(w, word).lose(),
  'start checkpoint': (w, [word]) => checkpointOf(w, word).start(),
  'lost steps': (w, [word]) => {
    agentOf(w, word).machine.stepsLost = true;
  },
  /** `ahead` looks like a pause. */
  'set clock': (w, [word, span = '', way]) =>
    agentOf(w, word).clockJump((way === 'ahead' ? 1 : -1) * spanOf(span), way === 'ahead'),
};
