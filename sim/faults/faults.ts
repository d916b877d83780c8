/** Everything that can go wrong, each by name. A fault acts at once and mends itself after a while; `healAll` mends all. */
import { bootMachine, type World } from '../world.ts';
import { type Fault, freezeAgent, mendPhones, node, reboot, restartAgent, span, stallNft, wake } from './deeds.ts';
import { cutFromOutside, deadLookout, lyingLookout, standbyMayServe } from './lookouts.ts';
import {
  clockStep,
  freezeBoth,
  freezeCheckpoint,
  frozenAsCheckpointsReturn,
  frozenAtStart,
  heldUpRequest,
  lateRelease,
  lateReleaseUnheard,
  pauseAsItAsks,
  pauseMachine,
  plannedRestart,
  plannedRestartAsItHandsOver,
  plannedRestartForgotten,
  plannedRestartThenCut,
  rebootAll,
  rebootOfOnlyVoter,
  rebootThenRestarts,
  restartAtLeaseEnd,
  restartCheckpoint,
  restartedAsCheckpointsReturn,
  restartTwice,
  switchover,
  switchoverDeath,
} from './machines.ts';
import { burst, cutPair, isolate, loss, quickRebootInPartition, slow } from './network.ts';
import {
  askedByHandAsManualModeEnds,
  lateReleaseAsManualModeEnds,
  lateRequest,
  maintenance,
  manualMode,
  manualModeAsLeaseEnds,
  manualModeEndsUnheard,
  manualModeMissed,
  ordersAtBoth,
  switchoverWhenBusy,
  takeover,
} from './persons.ts';
import { fullDisk, mailLeft, mailLeftWhileFrozen, slowDisk, troubledSteps, unfit } from './work.ts';

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
  'agent-restart-planned': plannedRestart,
  'agent-restart-planned-as-it-hands-over': plannedRestartAsItHandsOver,
  'agent-restart-planned-and-forgotten': plannedRestartForgotten,
  'agent-restart-planned-then-cut': plannedRestartThenCut,
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
  'late-release': lateRelease,
  'late-release-unheard': lateReleaseUnheard,
  'held-up-request': heldUpRequest,
  'agent-frozen-at-its-start': frozenAtStart,
  'agent-frozen-as-checkpoints-return': frozenAsCheckpointsReturn,
  'agent-restart-as-checkpoints-return': restartedAsCheckpointsReturn,
  'manual-mode': manualMode,
  'orders-at-both': ordersAtBoth,
  'manual-mode-missed': manualModeMissed,
  'manual-mode-ends-unheard': manualModeEndsUnheard,
  'manual-mode-as-the-lease-ends': manualModeAsLeaseEnds,
  'asked-by-hand-as-manual-mode-ends': askedByHandAsManualModeEnds,
  'late-release-as-manual-mode-ends': lateReleaseAsManualModeEnds,
  maintenance,
  takeover,
  'switchover-when-busy': switchoverWhenBusy,
  'late-request': lateRequest,
  'checkpoint-lies': lyingLookout,
  'checkpoint-dead': deadLookout,
  'cut-from-outside': cutFromOutside,
  'standby-may-serve': standbyMayServe,
  'mail-left': mailLeft,
  'mail-left-while-frozen': mailLeftWhileFrozen,
  unfit,
  'slow-disk': slowDisk,
  'full-disk': fullDisk,
  'late-or-lost-steps': troubledSteps,
  'clock-step': clockStep,
};

/** Programs and machines come and go, and nobody is cut off: drawn by themselves, there are never two serving, even without votes. */
export const cuttingNobodyOff: ReadonlySet<string> = new Set([
  'agent-restart',
  'agent-restart-planned',
  'reboot',
  'checkpoint-restart',
  'checkpoint-reboot',
  'switchover',
  'unfit',
]);

/** What checkpoints that cannot promise tell from a dead main: drawn by themselves there are never two, where service goes back by hand. */
export const toldApart: ReadonlySet<string> = new Set([
  'isolation',
  'isolation-in',
  'isolation-out',
  'cut-two-ways',
  'cut-from-outside',
  'checkpoint-lies',
  'checkpoint-dead',
  'standby-may-serve',
]);

/** Faults after which two may serve for a moment whatever we do; never drawn together with the others. */
export const pausingFaults: Readonly<Record<string, Fault>> = {
  'machine-paused': pauseMachine,
  'machine-paused-as-it-asks': pauseAsItAsks,
};

const leaveToItself = (w: World): void => {
  w.agents.main.command({ name: 'mode', mode: 'automatic' });
  w.agents.main.command({ name: 'maintenance-off' });
};

/** From now on everything is well: links, machines, processes, disks, telephony. */
export const healAll = (w: World): void => {
  w.healed = true;
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
    wake(agent);
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
  for (const device of w.fences) Object.assign(device, { mood: 'well', slowMs: 0, lateMs: 0 });
  // A device may turn a node off as the faults end; a person puts it on again.
  w.timeline.after(900, () => {
    for (const { role } of w.fences) if (!w.agents[role].machine.up) bootMachine(w.agents[role]);
  });
  for (const lookout of w.lookouts) Object.assign(lookout, { lie: null, dead: false });
  for (const voter of w.checkpoints) {
    if (voter.status === 'dead') voter.start();
    else voter.thaw();
  }
  w.etcd?.heal();
  w.checkers.phonesChanged();
};
