/** The network's faults: cut, lossy, slow. */
import { anyName, cut, cutFromPhones, type Fault, later, node, reboot, span } from './deeds.ts';

export const cutPair =
  (both: boolean): Fault =>
  (w) => {
    const from = anyName(w);
    const to = w.random.pick(w.network.names.filter((name) => name !== from));
    const forMs = span(w);
    cut(w, from, to, forMs);
    if (both) cut(w, to, from, forMs);
  };

export const isolate =
  (directions: 'in' | 'out' | 'both', phonesToo: boolean): Fault =>
  (w) => {
    const { role } = node(w).machine;
    const forMs = span(w);
    for (const other of w.network.names) {
      if (directions !== 'in') cut(w, role, other, forMs);
      if (directions !== 'out') cut(w, other, role, forMs);
    }
    if (phonesToo) cutFromPhones(w, role, forMs);
  };

export const loss: Fault = (w) => {
  const weather = w.network.link(anyName(w), anyName(w));
  weather.loss = w.random.between(0.05, 0.7);
  weather.lossUntil = w.timeline.now + span(w) * 2;
};

export const burst =
  (wholeNode: boolean): Fault =>
  (w) => {
    const name = anyName(w);
    for (const other of wholeNode ? w.network.names : [anyName(w)]) {
      cut(w, name, other, 300);
      cut(w, other, name, 300);
    }
  };

export const slow: Fault = (w) => {
  const name = anyName(w);
  for (const other of w.network.names) {
    for (const weather of [w.network.link(name, other), w.network.link(other, name)]) {
      weather.slowMs = w.random.pick([20, 150, 600, 1500]);
      weather.slowUntil = w.timeline.now + span(w);
    }
  }
};

/** Somebody is cut from somebody for long; then a voter, node or checkpoint, reboots quickly, another link failing with it. */
export const quickRebootInPartition: Fault = (w) => {
  const names = w.network.names;
  const cutBoth = (forMs: number): void => {
    const from = w.random.pick(names);
    const to = w.random.pick(names.filter((name) => name !== from));
    cut(w, from, to, forMs);
    cut(w, to, from, forMs);
  };
  cutBoth(3000);
  const voter = w.random.pick(names);
  later(w, w.random.between(500, 1500), () => {
    if (w.random.chance(0.6)) cutBoth(1000);
    const backMs = w.random.between(5, 120);
    if (voter === 'main' || voter === 'standby') return reboot(w, w.agents[voter], backMs);
    const lost = w.checkpoints.find((c) => c.name === voter);
    lost?.lose();
    w.timeline.after(backMs, () => lost?.start());
  });
};
