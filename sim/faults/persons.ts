/** Persons at work, at the worst moments. */
import { rivalOf } from '../../src/core/words.ts';
import { type Fault, node, restartAgent, span } from './deeds.ts';

/** Persons at work: the pair is put in manual mode, started and stopped by hand; the quiet puts it back. */
export const manualMode: Fault = (w) => {
  w.watched.covered = false;
  node(w).command({ name: 'mode', mode: 'manual' });
  for (const name of ['start', 'stop', 'start'] as const) {
    w.timeline.after(w.random.between(20, 1500), () =>
      node(w).command(name === 'stop' ? { name } : { name, confirmed: false }),
    );
  }
};

/** Two persons order at both nodes within moments, the second in ignorance of the first when the nodes do not hear each other. */
export const ordersAtBoth: Fault = (w) => {
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
  w.timeline.after(w.random.between(100, 400), () => restartAgent(w, w.agents[role], w.random.between(50, 400)));
};
