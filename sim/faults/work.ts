/** Telephony, disks and steps that do not do their work. */
import { type Fault, node, span } from './deeds.ts';

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

/** The standby has mail that is not at home yet. */
export const mailLeft: Fault = (w) => {
  w.agents.standby.mayReturn(false);
  w.timeline.after(span(w), () => w.agents.standby.mayReturn(true));
};
