/** Telephony, disks and steps that do not do their work. */
import { type Fault, freezeAgent, later, node, span } from './deeds.ts';

export const unfit: Fault = (w) => {
  const { machine } = node(w);
  machine.telephony = w.random.pick(['crashed', 'hung'] as const);
  w.checkers.phonesChanged();
  w.timeline.after(span(w), () => {
    machine.telephony = 'well';
    w.checkers.phonesChanged();
  });
};

export const slowDisk: Fault = (w) => {
  const { machine } = node(w);
  machine.diskSlowMs = w.random.between(5, 400);
  w.timeline.after(span(w), () => {
    machine.diskSlowMs = 0;
  });
};

export const fullDisk: Fault = (w) => {
  const { machine } = node(w);
  machine.diskFull = true;
  // What a machine could not write it does not know after a boot; its promises, not its epochs, keep two from serving.
  w.watched.epochsKept = false;
  w.timeline.after(span(w), () => {
    machine.diskFull = false;
  });
};

export const troubledSteps: Fault = (w) => {
  const { machine } = node(w);
  machine.stepsSlowMs = w.random.between(50, 3000);
  machine.stepsLost = w.random.chance(0.5);
  w.timeline.after(span(w), () => {
    machine.stepsSlowMs = 0;
    machine.stepsLost = false;
  });
};

/** Telephony of the main is down for a while; as the hold of its return runs out, the agent of the standby stands still, and a caller leaves mail there. */
export const mailLeftWhileFrozen: Fault = (w) => {
  const { main, standby } = w.agents;
  const { promiseMs } = standby.machine.settings.timing;
  main.machine.telephony = 'crashed';
  w.checkers.phonesChanged();
  later(w, 400, () => {
    main.machine.telephony = 'well';
    w.checkers.phonesChanged();
    later(w, w.random.between(100, 900), () => {
      freezeAgent(w, standby, promiseMs * w.random.between(0.55, 0.85));
      later(w, 1, () => mailLeft(w));
    });
  });
};

/** The standby has mail that is not at home yet. */
export const mailLeft: Fault = (w) => {
  w.agents.standby.mayReturn(false);
  w.timeline.after(span(w), () => w.agents.standby.mayReturn(true));
};
