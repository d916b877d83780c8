/** Machines and programs that die, stand still, or come back too soon. */
import { rivalOf } from '../../src/core/words.ts';
import { checkpoint, cut, type Fault, freezeAgent, node, reboot, restartAgent, span, stallNft } from './deeds.ts';

export const freezeBoth: Fault = (w) => {
  const agent = node(w);
  const forMs = span(w);
  stallNft(w, agent, forMs);
  freezeAgent(w, agent, w.random.between(0.3, 1.5) * forMs);
};

export const restartTwice: Fault = (w) => {
  const agent = node(w);
  restartAgent(w, agent, w.random.between(1, 150));
  w.timeline.after(w.random.between(150, 400), () => restartAgent(w, agent, w.random.between(1, 150)));
};

/** The corner of lease.md: two restarts of the agent within one promise of a boot. */
export const rebootThenRestarts: Fault = (w) => {
  const agent = node(w);
  const bootMs = w.random.between(30, 400);
  reboot(w, agent, bootMs);
  for (let i = 0; i < 2; i += 1) {
    w.timeline.after(bootMs + w.random.between(10, 700), () => restartAgent(w, agent, w.random.between(1, 120)));
  }
};

export const rebootAll: Fault = (w) => {
  for (const agent of [w.agents.main, w.agents.standby]) reboot(w, agent, w.random.between(20, 1200));
  for (const voter of w.checkpoints) {
    voter.lose();
    w.timeline.after(w.random.between(20, 1200), () => voter.start());
  }
};

export const restartCheckpoint =
  (withPower: boolean): Fault =>
  (w) => {
    const voter = checkpoint(w);
    if (voter === null) return;
    if (withPower) voter.lose();
    else voter.kill();
    w.timeline.after(span(w), () => voter.start());
  };

export const freezeCheckpoint: Fault = (w) => {
  const voter = checkpoint(w);
  voter?.freeze();
  w.timeline.after(span(w), () => voter?.thaw());
};

export const switchover: Fault = (w) => {
  for (const agent of [w.agents.main, w.agents.standby]) {
    if (agent.state.lease.name === 'held') agent.command({ name: 'switchover', whenIdle: false, maxWaitMs: 0 });
  }
};

/** One of the two dies while service changes hands. */
export const switchoverDeath: Fault = (w) => {
  switchover(w);
  const agent = node(w);
  const soonMs = w.random.between(0, 40);
  const withPower = w.random.chance(0.5);
  w.timeline.after(soonMs, () => (withPower ? reboot(w, agent, span(w)) : restartAgent(w, agent, span(w))));
};

export const clockStep: Fault = (w) => node(w).clockJump(w.random.between(-7_200_000, 7_200_000), false);

/** A paused virtual machine: kernel time stands still with it. Counted apart, since no rule mends what it does on waking. */
export const pauseMachine: Fault = (w) => {
  const agent = node(w);
  const forMs = span(w);
  agent.machine.pause();
  w.timeline.after(forMs, () => {
    agent.machine.resume();
    agent.clockJump(forMs, true);
    agent.drain();
  });
};

/** The holder stands on its rival's word alone; the rival reboots in moments, cut from it, and must not vote before it has been silent. */
export const rebootOfOnlyVoter: Fault = (w) => {
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
export const restartAtLeaseEnd: Fault = (w) => {
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
