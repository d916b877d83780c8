/** Persons at work, at the worst moments. */
import { rivalOf } from '../../src/core/words.ts';
import { cut, type Fault, freezeAgent, later, node, restartAgent, span, stallNft } from './deeds.ts';

/** Persons at work: the pair is put in manual mode, started and stopped by hand; the quiet puts it back. */
export const manualMode: Fault = (w) => {
  w.watched.covered = false;
  node(w).command({ name: 'mode', mode: 'manual' });
  for (const name of ['start', 'stop', 'start'] as const) {
    later(w, w.random.between(20, 1500), () =>
      node(w).command(name === 'stop' ? { name } : { name, confirmed: false }),
    );
  }
};

/** Two persons order at both nodes within moments, the second in ignorance of the first when the nodes do not hear each other. */
export const ordersAtBoth: Fault = (w) => {
  manualMode(w);
  const times = w.random.integer(1, 3);
  for (let n = 0; n < times; n += 1) {
    later(w, w.random.between(0, 2500), () => {
      const agent = node(w);
      if (w.random.chance(0.5)) agent.command({ name: 'mode', mode: 'automatic' });
      else agent.command({ name: 'maintenance-off' });
    });
  }
};

export const maintenance: Fault = (w) =>
  node(w).command({ name: 'maintenance-on', forMs: w.random.between(100, 4000), reason: 'simulated' });

export const takeover: Fault = (w) => node(w).command({ name: 'takeover', confirmed: false });

export const switchoverWhenBusy: Fault = (w) => {
  const agent = node(w);
  agent.machine.calls = w.random.integer(0, 3);
  agent.command({ name: 'switchover', whenIdle: true, maxWaitMs: w.random.between(50, 1500) });
  w.timeline.after(span(w), () => {
    agent.machine.calls = 0;
  });
};

/** A person's request is under way for seconds, and who sent it has died meanwhile. */
export const lateRequest: Fault = (w) => {
  const role = (['main', 'standby'] as const).find((each) => !w.agents[each].machine.isOpen());
  if (role === undefined) return;
  const weather = w.network.link(role, rivalOf(role));
  weather.slowMs = 12_000;
  weather.slowUntil = w.timeline.now + 400;
  w.agents[role].command({ name: 'takeover', confirmed: false });
  later(w, w.random.between(100, 400), () => restartAgent(w, w.agents[role], w.random.between(50, 400)));
};

/** The checkpoints hear that manual mode begins and nothing more of its holder, whose kernel takes no orders as it ends; the other node, cut off till then, tells them that it is over. */
export const manualModeEndsUnheard: Fault = (w) => {
  const holder = (['main', 'standby'] as const).find((role) => w.agents[role].machine.isOpen());
  if (holder === undefined) return;
  w.watched.covered = false;
  const agent = w.agents[holder];
  const rival = rivalOf(holder);
  const endMs = w.random.between(800, 1200);
  cut(w, holder, rival, endMs);
  cut(w, rival, holder, endMs);
  freezeAgent(w, w.agents[rival], endMs + w.random.between(-10, 10));
  later(w, w.random.between(5, 100), () => {
    agent.command({ name: 'mode', mode: 'manual' });
    const heardMs = w.random.between(1, 110);
    later(w, heardMs, () => {
      for (const { name } of w.checkpoints) cut(w, holder, name, endMs + 500);
    });
  });
  later(w, endMs - w.random.between(20, 300), () => {
    agent.command({ name: 'mode', mode: 'automatic' });
    stallNft(w, agent, w.random.between(300, 3000));
  });
};

/** A holder is ordered into manual mode as nobody hears it any more, and its agent is restarted: its lease runs out, and the other has won before it hears of manual mode. */
export const manualModeAsLeaseEnds: Fault = (w) => {
  const holder = (['main', 'standby'] as const).find((role) => w.agents[role].machine.isOpen());
  if (holder === undefined) return;
  w.watched.covered = false;
  const agent = w.agents[holder];
  const { promiseMs } = agent.machine.settings.timing;
  const forMs = promiseMs + w.random.between(0, 60);
  for (const name of w.network.names) cut(w, holder, name, forMs);
  const orderMs = w.random.between(10, 150);
  later(w, orderMs, () => {
    agent.command({ name: 'mode', mode: 'manual' });
    later(w, w.random.between(1, 100), () => restartAgent(w, agent, forMs - orderMs - w.random.between(0, 100)));
  });
};

/**
 * A release is long on its way, and its giver serves again, by its rival's word alone and then by hand; manual mode ends, the kernel takes no
 * order, and the release arrives at last: it must not be taken for the present.
 */
export const lateReleaseAsManualModeEnds: Fault = (w) => {
  const holder = (['main', 'standby'] as const).find((role) => w.agents[role].machine.isOpen());
  if (holder === undefined) return;
  w.watched.covered = false;
  const agent = w.agents[holder];
  for (const { name } of w.checkpoints) {
    cut(w, holder, name, 5000);
    cut(w, name, holder, 5000);
  }
  const weather = w.network.link(holder, rivalOf(holder));
  weather.slowMs = w.random.between(1200, 2000);
  weather.slowUntil = w.timeline.now + 90;
  agent.command({ name: 'switchover', whenIdle: false, maxWaitMs: 0 });
  later(w, w.random.between(750, 850), () => agent.command({ name: 'mode', mode: 'manual' }));
  later(w, w.random.between(1000, 1200), () => {
    agent.command({ name: 'mode', mode: 'automatic' });
    later(w, w.random.between(0, 3), () => stallNft(w, agent, w.random.between(500, 2000)));
  });
};

/** One serves by hand, unheard by the checkpoints and soon by the other node; there a person asks for service by hand, and ends manual mode in the moment. */
export const askedByHandAsManualModeEnds: Fault = (w) => {
  const holder = (['main', 'standby'] as const).find((role) => w.agents[role].machine.isOpen());
  if (holder === undefined) return;
  w.watched.covered = false;
  const rival = rivalOf(holder);
  const cutFrom = (name: string, forMs: number): void => {
    cut(w, holder, name, forMs);
    cut(w, name, holder, forMs);
  };
  for (const { name } of w.checkpoints) cutFrom(name, 4000);
  w.agents[holder].command({ name: 'mode', mode: 'manual' });
  later(w, w.random.between(150, 400), () => {
    cutFrom(rival, 3000);
    later(w, w.random.between(0, 900), () => w.agents[rival].command({ name: 'start', confirmed: false }));
    later(w, w.random.between(600, 1000), () => w.agents[rival].command({ name: 'mode', mode: 'automatic' }));
  });
};

/** A manual mode begins and ends while the other node stands still and is cut off; as it ends, the kernel of the holder takes no orders. */
export const manualModeMissed: Fault = (w) => {
  const holder = (['main', 'standby'] as const).find((role) => w.agents[role].machine.isOpen());
  if (holder === undefined) return;
  w.watched.covered = false;
  const agent = w.agents[holder];
  const rival = rivalOf(holder);
  const endMs = w.random.between(800, 2000);
  cut(w, holder, rival, endMs + 2000);
  cut(w, rival, holder, endMs + 2000);
  freezeAgent(w, w.agents[rival], endMs + w.random.between(0, 60));
  later(w, w.random.between(5, 200), () => agent.command({ name: 'mode', mode: 'manual' }));
  later(w, endMs - w.random.between(100, 400), () => {
    agent.command({ name: 'mode', mode: 'automatic' });
    later(w, w.random.between(0, 3), () => stallNft(w, agent, w.random.between(300, 3000)));
  });
};
