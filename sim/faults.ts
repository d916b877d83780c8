/** Everything that can go wrong, each by name. A fault acts at once and mends itself after a while; `heal` mends all. */
import { type Role, rivalOf } from '../src/core/words.ts';
import type { AgentProcess } from './agent-process.ts';
import type { CheckpointProcess } from './checkpoint-process.ts';
import { bootMachine, powerOff, type World } from './world.ts';

/** Begins now; undoes itself on the world's own timeline. */
export type Fault = (w: World) => void;

const node = (w: World): AgentProcess => w.agents[w.random.pick(['main', 'standby'] as const)];
const checkpoint = (w: World): CheckpointProcess | null =>
  w.checkpoints.length === 0 ? null : w.random.pick(w.checkpoints);
const anyName = (w: World): string => w.random.pick(w.network.names);
const span = (w: World): number =>
  w.random.pick([w.random.between(5, 80), w.random.between(80, 700), w.random.between(700, 3000)]);

const cut = (w: World, from: string, to: string, forMs: number): void => {
  if (from === to) return;
  const weather = w.network.link(from, to);
  weather.cutUntil = Math.max(weather.cutUntil, w.timeline.now + forMs);
};

const cutPair =
  (both: boolean): Fault =>
  (w) => {
    const from = anyName(w);
    const to = w.random.pick(w.network.names.filter((name) => name !== from));
    const forMs = span(w);
    cut(w, from, to, forMs);
    if (both) cut(w, to, from, forMs);
  };

const isolate =
  (directions: 'in' | 'out' | 'both', phonesToo: boolean): Fault =>
  (w) => {
    const { role } = node(w).machine;
    const forMs = span(w);
    for (const other of w.network.names) {
      if (directions !== 'in') cut(w, role, other, forMs);
      if (directions !== 'out') cut(w, other, role, forMs);
    }
    if (!phonesToo) return;
    w.cutFromPhones[role] = true;
    w.agents[role].machine.networkUp = false;
    w.watched.cutOffSince[role] = w.timeline.now;
    w.checkers.phonesChanged();
    w.timeline.after(forMs, () => mendPhones(w, role));
  };

const mendPhones = (w: World, role: Role): void => {
  w.cutFromPhones[role] = false;
  w.agents[role].machine.networkUp = true;
  w.watched.cutOffSince[role] = Number.POSITIVE_INFINITY;
  w.checkers.phonesChanged();
};

const loss: Fault = (w) => {
  const weather = w.network.link(anyName(w), anyName(w));
  weather.loss = w.random.between(0.05, 0.7);
  weather.lossUntil = w.timeline.now + span(w) * 2;
};

const burst =
  (wholeNode: boolean): Fault =>
  (w) => {
    const name = anyName(w);
    for (const other of wholeNode ? w.network.names : [anyName(w)]) {
      cut(w, name, other, 300);
      cut(w, other, name, 300);
    }
  };

const slow: Fault = (w) => {
  const name = anyName(w);
  for (const other of w.network.names) {
    for (const weather of [w.network.link(name, other), w.network.link(other, name)]) {
      weather.slowMs = w.random.pick([20, 150, 600, 1500]);
      weather.slowUntil = w.timeline.now + span(w);
    }
  }
};

const freezeAgent = (w: World, agent: AgentProcess, forMs: number): void => {
  agent.freeze();
  w.timeline.after(forMs, () => agent.thaw());
};

const stallNft = (w: World, agent: AgentProcess, forMs: number): void => {
  agent.machine.stallNft(true);
  w.timeline.after(forMs, () => agent.machine.stallNft(false));
};

const freezeBoth: Fault = (w) => {
  const agent = node(w);
  const forMs = span(w);
  stallNft(w, agent, forMs);
  freezeAgent(w, agent, w.random.between(0.3, 1.5) * forMs);
};

const restartAgent = (w: World, agent: AgentProcess, afterMs: number): void => {
  agent.kill();
  w.timeline.after(afterMs, () => agent.start());
};

const restartTwice: Fault = (w) => {
  const agent = node(w);
  restartAgent(w, agent, w.random.between(1, 150));
  w.timeline.after(w.random.between(150, 400), () => restartAgent(w, agent, w.random.between(1, 150)));
};

const reboot = (w: World, agent: AgentProcess, afterMs: number): void => {
  powerOff(agent);
  w.timeline.after(afterMs, () => {
    if (!agent.machine.up) bootMachine(agent);
  });
};

/** The corner of lease.md: two restarts of the agent within one promise of a boot. */
const rebootThenRestarts: Fault = (w) => {
  const agent = node(w);
  const bootMs = w.random.between(30, 400);
  reboot(w, agent, bootMs);
  for (let i = 0; i < 2; i += 1) {
    w.timeline.after(bootMs + w.random.between(10, 700), () => restartAgent(w, agent, w.random.between(1, 120)));
  }
};

const rebootAll: Fault = (w) => {
  for (const agent of [w.agents.main, w.agents.standby]) reboot(w, agent, w.random.between(20, 1200));
  for (const voter of w.checkpoints) {
    voter.lose();
    w.timeline.after(w.random.between(20, 1200), () => voter.start());
  }
};

const restartCheckpoint =
  (withPower: boolean): Fault =>
  (w) => {
    const voter = checkpoint(w);
    if (voter === null) return;
    if (withPower) voter.lose();
    else voter.kill();
    w.timeline.after(span(w), () => voter.start());
  };

const freezeCheckpoint: Fault = (w) => {
  const voter = checkpoint(w);
  voter?.freeze();
  w.timeline.after(span(w), () => voter?.thaw());
};

const switchover: Fault = (w) => {
  for (const agent of [w.agents.main, w.agents.standby]) {
    if (agent.state.lease.name === 'held') agent.command({ name: 'switchover', whenIdle: false, maxWaitMs: 0 });
  }
};

/** One of the two dies while service changes hands. */
const switchoverDeath: Fault = (w) => {
  switchover(w);
  const agent = node(w);
  const soonMs = w.random.between(0, 40);
  const withPower = w.random.chance(0.5);
  w.timeline.after(soonMs, () => (withPower ? reboot(w, agent, span(w)) : restartAgent(w, agent, span(w))));
};

const unfit: Fault = (w) => {
  const { machine } = node(w);
  machine.telephony = w.random.pick(['crashed', 'hung'] as const);
  w.checkers.phonesChanged();
  w.timeline.after(span(w), () => {
    machine.telephony = 'well';
    w.checkers.phonesChanged();
  });
};

const slowDisk: Fault = (w) => {
  const { machine } = node(w);
  machine.diskSlowMs = w.random.between(5, 400);
  w.timeline.after(span(w), () => {
    machine.diskSlowMs = 0;
  });
};

const fullDisk: Fault = (w) => {
  const { machine } = node(w);
  machine.diskFull = true;
  // What a machine could not write it does not know after a boot; its promises, not its epochs, keep two from serving.
  w.watched.epochsKept = false;
  w.timeline.after(span(w), () => {
    machine.diskFull = false;
  });
};

const troubledSteps: Fault = (w) => {
  const { machine } = node(w);
  machine.stepsSlowMs = w.random.between(50, 3000);
  machine.stepsLost = w.random.chance(0.5);
  w.timeline.after(span(w), () => {
    machine.stepsSlowMs = 0;
    machine.stepsLost = false;
  });
};

const clockStep: Fault = (w) => node(w).clockJump(w.random.between(-7_200_000, 7_200_000), false);

/** A paused virtual machine: kernel time stands still with it. Counted apart, since no rule mends what it does on waking. */
const pauseMachine: Fault = (w) => {
  const agent = node(w);
  const forMs = span(w);
  agent.machine.pause();
  w.timeline.after(forMs, () => {
    agent.machine.resume();
    agent.clockJump(forMs, true);
    agent.drain();
  });
};

/** Somebody is cut from somebody for long; then a voter, node or checkpoint, reboots quickly, another link failing with it. */
const quickRebootInPartition: Fault = (w) => {
  const names = w.network.names;
  const cutBoth = (forMs: number): void => {
    const from = w.random.pick(names);
    const to = w.random.pick(names.filter((name) => name !== from));
    cut(w, from, to, forMs);
    cut(w, to, from, forMs);
  };
  cutBoth(3000);
  const voter = w.random.pick(names);
  w.timeline.after(w.random.between(500, 1500), () => {
    if (w.random.chance(0.6)) cutBoth(1000);
    const backMs = w.random.between(5, 120);
    if (voter === 'main' || voter === 'standby') return reboot(w, w.agents[voter], backMs);
    const lost = w.checkpoints.find((c) => c.name === voter);
    lost?.lose();
    w.timeline.after(backMs, () => lost?.start());
  });
};

/** The holder stands on its rival's word alone; the rival reboots in moments, cut from it, and must not vote before it has been silent. */
const rebootOfOnlyVoter: Fault = (w) => {
  const holder = (['main', 'standby'] as const).find((role) => w.agents[role].machine.isOpen());
  if (holder === undefined) return;
  const rival = rivalOf(holder);
  const cutFrom = (name: string, forMs: number): void => {
    cut(w, holder, name, forMs);
    cut(w, name, holder, forMs);
  };
  for (const { name } of w.checkpoints) cutFrom(name, 3000);
  w.timeline.after(w.random.between(650, 800), () => {
    cutFrom(rival, 1500);
    reboot(w, w.agents[rival], w.random.between(1, 60));
  });
};

/**
 * The agent of a holder comes back just as its lease runs out, the kernel does not take its orders, and the rival, cut off
 * till then, asks in that moment: its former gate may still be open.
 */
const restartAtLeaseEnd: Fault = (w) => {
  const agent = node(w);
  const { machine } = agent;
  cut(w, 'main', 'standby', 3000);
  cut(w, 'standby', 'main', 3000);
  w.timeline.after(w.random.between(650, 900), () => {
    const { lastRequestAt } = agent.state.boot;
    if (lastRequestAt < 0 || agent.status !== 'running') return;
    const endMs = machine.trueTime(lastRequestAt + machine.settings.timing.leaseMs) - w.timeline.now;
    if (endMs < 0) return;
    stallNft(w, agent, endMs + 60);
    restartAgent(w, agent, endMs + w.random.between(0, 4));
    cut(w, 'main', 'standby', endMs);
    cut(w, 'standby', 'main', endMs);
  });
};

/** Persons at work: the pair is put in manual mode, started and stopped by hand; the quiet puts it back. */
const manualMode: Fault = (w) => {
  w.watched.covered = false;
  node(w).command({ name: 'mode', mode: 'manual' });
  for (const name of ['start', 'stop', 'start'] as const) {
    w.timeline.after(w.random.between(20, 1500), () =>
      node(w).command(name === 'stop' ? { name } : { name, confirmed: false }),
    );
  }
};

/** Two persons order at both nodes within moments, the second in ignorance of the first when the nodes do not hear each other. */
const ordersAtBoth: Fault = (w) => {
  manualMode(w);
  const times = w.random.integer(1, 3);
  for (let n = 0; n < times; n += 1) {
    w.timeline.after(w.random.between(0, 2500), () => {
      const agent = node(w);
      if (w.random.chance(0.5)) agent.command({ name: 'mode', mode: 'automatic' });
      else agent.command({ name: 'maintenance-off' });
    });
  }
};

const maintenance: Fault = (w) =>
  node(w).command({ name: 'maintenance-on', forMs: w.random.between(100, 4000), reason: 'simulated' });

const takeover: Fault = (w) => node(w).command({ name: 'takeover', confirmed: false });

const switchoverWhenBusy: Fault = (w) => {
  const agent = node(w);
  agent.machine.calls = w.random.integer(0, 3);
  agent.command({ name: 'switchover', whenIdle: true, maxWaitMs: w.random.between(50, 1500) });
  w.timeline.after(span(w), () => {
    agent.machine.calls = 0;
  });
};

/** A person's request is under way for seconds, and who sent it has died meanwhile. */
const lateRequest: Fault = (w) => {
  const role = (['main', 'standby'] as const).find((each) => !w.agents[each].machine.isOpen());
  if (role === undefined) return;
  const weather = w.network.link(role, rivalOf(role));
  weather.slowMs = 12_000;
  weather.slowUntil = w.timeline.now + 400;
  w.agents[role].command({ name: 'takeover', confirmed: false });
  w.timeline.after(w.random.between(100, 400), () => restartAgent(w, w.agents[role], w.random.between(50, 400)));
};

/** The standby has mail that is not at home yet. */
const mailLeft: Fault = (w) => {
  w.agents.standby.mayReturn(false);
  w.timeline.after(span(w), () => w.agents.standby.mayReturn(true));
};

/** By name; `dualtone simulate --faults NAME,NAME` draws from those only. */
export const faults: Readonly<Record<string, Fault>> = {
  'cut-two-ways': cutPair(true),
  'cut-one-way': cutPair(false),
  isolation: isolate('both', true),
  'isolation-in': isolate('in', false),
  'isolation-out': isolate('out', false),
  loss,
  'burst-link': burst(false),
  'burst-node': burst(true),
  slow,
  'agent-frozen': (w) => freezeAgent(w, node(w), span(w)),
  'kernel-commands-frozen': (w) => stallNft(w, node(w), span(w)),
  'agent-and-kernel-commands-frozen': freezeBoth,
  'agent-restart': (w) => restartAgent(w, node(w), w.random.pick([w.random.between(1, 300), span(w)])),
  'agent-restart-twice': restartTwice,
  reboot: (w) => reboot(w, node(w), span(w)),
  'reboot-then-restarts': rebootThenRestarts,
  'reboot-all': rebootAll,
  'checkpoint-restart': restartCheckpoint(false),
  'checkpoint-reboot': restartCheckpoint(true),
  'checkpoint-frozen': freezeCheckpoint,
  switchover,
  'switchover-death': switchoverDeath,
  'quick-reboot-in-partition': quickRebootInPartition,
  'reboot-of-the-only-voter': rebootOfOnlyVoter,
  'agent-restart-at-lease-end': restartAtLeaseEnd,
  'manual-mode': manualMode,
  'orders-at-both': ordersAtBoth,
  maintenance,
  takeover,
  'switchover-when-busy': switchoverWhenBusy,
  'late-request': lateRequest,
  'mail-left': mailLeft,
  unfit,
  'slow-disk': slowDisk,
  'full-disk': fullDisk,
  'late-or-lost-steps': troubledSteps,
  'clock-step': clockStep,
};

/** Faults after which two may serve for a moment whatever we do; never drawn together with the others. */
export const pausingFaults: Readonly<Record<string, Fault>> = { 'machine-paused': pauseMachine };

const leaveToItself = (w: World): void => {
  w.agents.main.command({ name: 'mode', mode: 'automatic' });
  w.agents.main.command({ name: 'maintenance-off' });
};

/** From now on everything is well: links, machines, processes, disks, telephony. */
export const healAll = (w: World): void => {
  w.network.heal();
  for (const role of ['main', 'standby'] as const) {
    const agent = w.agents[role];
    const { machine } = agent;
    mendPhones(w, role);
    machine.diskSlowMs = 0;
    machine.diskFull = false;
    machine.stepsSlowMs = 0;
    machine.stepsLost = false;
    machine.telephony = 'well';
    machine.stallNft(false);
    if (machine.paused) machine.resume();
    if (!machine.up) bootMachine(agent);
    else if (agent.status === 'dead') agent.start();
    else agent.thaw();
    agent.drain();
  }
  w.agents.standby.mayReturn(true);
  // Persons leave the pair to itself again.
  leaveToItself(w);
  // Orders given at both nodes at once while they did not hear each other: one of them lost. They are given again.
  w.timeline.after(1600, () => leaveToItself(w));
  for (const voter of w.checkpoints) {
    if (voter.status === 'dead') voter.start();
    else voter.thaw();
  }
  w.checkers.phonesChanged();
};
