/** Machines and programs that die, stand still, or come back too soon. */
import { type Role, rivalOf } from '../../src/core/words.ts';
import type { World } from '../world.ts';
import {
  checkpoint,
  cut,
  cutFromPhones,
  type Fault,
  freezeAgent,
  later,
  node,
  reboot,
  restartAgent,
  span,
  stallNft,
  wake,
} from './deeds.ts';

export const freezeBoth: Fault = (w) => {
  const agent = node(w);
  const forMs = span(w);
  stallNft(w, agent, forMs);
  freezeAgent(w, agent, w.random.between(0.3, 1.5) * forMs);
};

export const restartTwice: Fault = (w) => {
  const agent = node(w);
  restartAgent(w, agent, w.random.between(1, 150));
  later(w, w.random.between(150, 400), () => restartAgent(w, agent, w.random.between(1, 150)));
};

/** As a person or a package does it: the agent is told, renews for longer, ends, and is back after a while, or not for long. */
export const plannedRestart: Fault = (w) => {
  const agent = node(w);
  agent.ending();
  later(w, w.random.between(0.5, 150), () =>
    restartAgent(w, agent, w.random.pick([w.random.between(100, 1100), span(w)])),
  );
};

/**
 * The holder's agent ends as planned and those that promised lose their memory of it at once; the node that is left must not be given
 * the right before the longer ticket has run out.
 */
export const plannedRestartForgotten: Fault = (w) => {
  const holder = (['main', 'standby'] as const).find((role) => w.agents[role].machine.isOpen());
  if (holder === undefined) return;
  const agent = w.agents[holder];
  agent.ending();
  later(w, w.random.between(3, 20), () => {
    restartAgent(w, agent, w.random.between(900, 3000));
    if (w.random.chance(0.5)) reboot(w, w.agents[rivalOf(holder)], w.random.between(1, 40));
    for (const voter of w.checkpoints) {
      voter.lose();
      w.timeline.after(w.random.between(1, 40), () => voter.start());
    }
  });
};

/** The agent ends as planned, is back, and the kernel refuses to hear it or it is cut off: its longer ticket runs on. */
export const plannedRestartThenCut: Fault = (w) => {
  const agent = node(w);
  const { role } = agent.machine;
  agent.ending();
  later(w, w.random.between(3, 60), () => {
    restartAgent(w, agent, w.random.between(20, 500));
    later(w, w.random.between(20, 700), () => {
      const forMs = span(w);
      if (w.random.chance(0.5)) stallNft(w, agent, w.random.between(100, 1500));
      if (w.random.chance(0.3)) cut(w, role, rivalOf(role), forMs);
      else
        for (const name of w.network.names) {
          cut(w, role, name, forMs);
          cut(w, name, role, forMs);
        }
      if (w.random.chance(0.5)) agent.command({ name: 'switchover', whenIdle: false, maxWaitMs: 0 });
      if (w.random.chance(0.4))
        later(w, w.random.between(1, 300), () => restartAgent(w, agent, w.random.between(1, 200)));
    });
  });
};

/** The corner of lease.md: two restarts of the agent within one promise of a boot. */
export const rebootThenRestarts: Fault = (w) => {
  const agent = node(w);
  const bootMs = w.random.between(30, 400);
  reboot(w, agent, bootMs);
  for (let i = 0; i < 2; i += 1) {
    later(w, bootMs + w.random.between(10, 700), () => restartAgent(w, agent, w.random.between(1, 120)));
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
  later(w, soonMs, () => (withPower ? reboot(w, agent, span(w)) : restartAgent(w, agent, span(w))));
};

/** The agent is told to end while it hands service over: its gate may not open again. */
export const plannedRestartAsItHandsOver: Fault = (w) => {
  const agent = (['main', 'standby'] as const).map((role) => w.agents[role]).find(({ machine }) => machine.isOpen());
  if (agent === undefined) return;
  if (w.random.chance(0.5)) stallNft(w, agent, w.random.between(1, 100));
  agent.command({ name: 'switchover', whenIdle: false, maxWaitMs: 0 });
  later(w, w.random.between(0, 12), () => {
    agent.ending();
    later(w, w.random.between(0.5, 60), () => restartAgent(w, agent, w.random.between(100, 1100)));
  });
};

/** Ahead looks like a pause. */
export const clockStep: Fault = (w) => {
  const agent = node(w);
  const ms = w.random.between(-7_200_000, 7_200_000);
  agent.clockJump(ms, ms > 0);
};

/** A paused virtual machine: kernel time stands still with it. Counted apart, since no rule mends what it does on waking. */
export const pauseMachine: Fault = (w) => {
  const agent = node(w);
  agent.machine.pause();
  w.timeline.after(span(w), () => wake(agent));
};

/** It was handed the right, asks for it, and stands still before it hears the answers, for so long that its rival serves again; when it wakes they wait for it. */
export const pauseAsItAsks: Fault = (w) => {
  const holder = (['main', 'standby'] as const).find((role) => w.agents[role].machine.isOpen());
  if (holder === undefined) return;
  const other = rivalOf(holder);
  w.agents[holder].command({ name: 'switchover', whenIdle: false, maxWaitMs: 0 });
  const begin = w.timeline.now;
  const watch = (): void => {
    const { state, machine } = w.agents[other];
    if (w.healed || machine.paused || w.timeline.now - begin > 30) return;
    const asked = state.lease.name === 'asking' && state.lease.round.sentAt > 0;
    if (!asked) return w.timeline.after(0.05, watch);
    machine.pause();
    w.timeline.after(w.random.between(900, 2500), () => {
      // Its rival is not heard, so that votes alone tell.
      for (const [from, to] of [
        [holder, other],
        [other, holder],
      ] as const)
        cut(w, from, to, 700);
      wake(w.agents[other]);
    });
  };
  watch();
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
  later(w, w.random.between(650, 800), () => {
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
  later(w, w.random.between(650, 900), () => {
    const { openUntil } = agent.state.boot;
    if (openUntil < 0 || agent.status !== 'running') return;
    const { promiseMs, leaseMs } = machine.settings.timing;
    const endMs = machine.trueTime(openUntil - promiseMs + leaseMs) - w.timeline.now;
    if (endMs < 0) return;
    stallNft(w, agent, endMs + 60);
    restartAgent(w, agent, endMs + w.random.between(0, 4));
    cut(w, 'main', 'standby', endMs);
    cut(w, 'standby', 'main', endMs);
  });
};

/** A release that is long on its way: the holder, cut from the checkpoints, is given the right again by its rival's word alone. Tells when the release arrives. */
const beginLateRelease = (w: World): { readonly holder: Role; readonly afterMs: number } | null => {
  const holder = (['main', 'standby'] as const).find((role) => w.agents[role].machine.isOpen());
  if (holder === undefined) return null;
  for (const { name } of w.checkpoints) {
    cut(w, holder, name, 5000);
    cut(w, name, holder, 5000);
  }
  const weather = w.network.link(holder, rivalOf(holder));
  weather.slowMs = w.random.between(1000, 3500);
  weather.slowUntil = w.timeline.now + 90;
  w.agents[holder].command({ name: 'switchover', whenIdle: false, maxWaitMs: 0 });
  return { holder, afterMs: weather.slowMs };
};

/** The rival reboots just before the release arrives, and must not take it for the present. */
export const lateRelease: Fault = (w) => {
  const begun = beginLateRelease(w);
  if (begun === null) return;
  const rival = w.agents[rivalOf(begun.holder)];
  later(w, w.random.between(700, 2500), () => reboot(w, rival, w.random.between(1, 60)));
};

/** The same, and it hears no claim that would give the release away. */
export const lateReleaseUnheard: Fault = (w) => {
  const begun = beginLateRelease(w);
  if (begun === null) return;
  const { holder, afterMs } = begun;
  later(w, afterMs - w.random.between(20, 400), () => {
    cut(w, holder, rivalOf(holder), 600);
    reboot(w, w.agents[rivalOf(holder)], w.random.between(1, 60));
  });
};

/** Both boot, and the kernel of the one that is to go first holds its requests up until the other has won, and has given service back at once. */
export const heldUpRequest: Fault = (w) => {
  for (const role of ['main', 'standby'] as const) reboot(w, w.agents[role], w.random.between(1, 40));
  // The checkpoints hear of neither the other's term nor its release.
  for (const { name } of w.checkpoints) {
    cut(w, 'standby', name, 2500);
    cut(w, name, 'standby', 2500);
  }
  later(w, w.random.between(100, 400), () => stallNft(w, w.agents.main, w.random.between(300, 1300)));
};

/** A node is cut off as its agent starts, and the agent stands still before it has looked. */
export const frozenAtStart: Fault = (w) => {
  const agent = node(w);
  const { role } = agent.machine;
  const forMs = w.random.between(300, 3000);
  if (w.random.chance(0.5)) reboot(w, agent, 1);
  else restartAgent(w, agent, 1);
  later(w, w.random.between(1, 60), () => {
    for (const other of w.network.names) {
      cut(w, role, other, forMs);
      cut(w, other, role, forMs);
    }
    cutFromPhones(w, role, forMs);
    freezeAgent(w, agent, w.random.between(200, forMs));
  });
};

/** All checkpoints stay lost for long, and an agent stands still about when they return: what it reads then is old. */
export const frozenAsCheckpointsReturn: Fault = (w) => {
  const lostMs = w.random.between(1800, 2800);
  for (const { name } of w.checkpoints) {
    for (const role of ['main', 'standby'] as const) {
      cut(w, role, name, lostMs);
      cut(w, name, role, lostMs);
    }
  }
  const agent = node(w);
  later(w, lostMs + w.random.between(-900, 200), () => freezeAgent(w, agent, w.random.between(150, 2500)));
};

/** Looks each two milliseconds until it is time, for as long as it is told. */
const onceTrue = (w: World, isTime: () => boolean, forMs: number, act: () => void): void => {
  if (isTime()) act();
  else if (forMs > 0) later(w, 2, () => onceTrue(w, isTime, forMs - 2, act));
};

/**
 * The passive node has left the lost checkpoints out, and the active one stands still before it does. The passive one is restarted as the
 * checkpoints return, and hears a late word of the other: it must not count them again before a word of its own has made that silent.
 */
export const restartedAsCheckpointsReturn: Fault = (w) => {
  const cutFor = (name: string, role: Role, forMs: number): void => {
    cut(w, role, name, forMs);
    cut(w, name, role, forMs);
  };
  const active = (['main', 'standby'] as const).find((role) => w.agents[role].machine.isOpen());
  if (active === undefined) return;
  const [holder, other] = [w.agents[active], w.agents[rivalOf(active)]];
  const late = w.network.link(active, rivalOf(active));
  late.slowMs = w.random.between(100, 250);
  late.slowUntil = w.timeline.now + 3000;
  for (const { name } of w.checkpoints) for (const role of ['main', 'standby'] as const) cutFor(name, role, 2500);
  const isTime = (): boolean => other.state.disk.loose && !holder.state.disk.loose;
  onceTrue(w, isTime, 3000, () => {
    freezeAgent(w, holder, w.random.between(150, 400));
    later(w, w.random.between(60, 170), () => {
      for (const { name } of w.checkpoints) w.network.link(rivalOf(active), name).cutUntil = 0;
      for (const { name } of w.checkpoints) w.network.link(name, rivalOf(active)).cutUntil = 0;
      restartAgent(w, other, w.random.between(1, 5));
    });
  });
};
