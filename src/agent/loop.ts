/** The loop of the agent: one event at a time through the pure core; what it must remember is kept before anything leaves. */

import { type Decision, decide } from '../core/decide.ts';
import type { Effect } from '../core/effect.ts';
import type { Event } from '../core/event.ts';
import { checkInvariants } from '../core/invariants.ts';
import type { Settings } from '../core/settings.ts';
import { initialState, type State } from '../core/state.ts';
import type { Instant } from '../core/words.ts';
import type { Clock, Gate, PeerLink, StateStore } from '../ports.ts';
import type { StepRunner } from './step-runner.ts';

export interface LoopParts {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly store: StateStore;
  readonly gate: Pick<Gate, 'apply'>;
  readonly link: Pick<PeerLink, 'send'>;
  readonly steps: Pick<StepRunner, 'run' | 'keep'>;
  /** The core's own alarm rings: a good moment for what is due about now. */
  readonly onAwake: () => void;
  /** Told of each decision after its effects have left; writes the journal and shows the state. */
  readonly onDecided: (before: State, decision: Decision, event: Event) => void;
  readonly onNotice: (notice: Extract<Effect, { kind: 'notify' }>) => void;
  readonly onReply: (reply: Extract<Effect, { kind: 'reply' }>) => void;
  /** A law of `invariants.ts` was broken: the node has halted. */
  readonly onHalted: (law: string, event: Event) => void;
}

export interface Loop {
  /** Loads the memory and begins. `seed` is the core's chance. Returns what the store had to say. */
  start(seed: number): readonly string[];
  /** The event is made when it is its turn, so that it carries the time at which it is read. */
  post(makeEvent: (at: Instant) => Event): void;
  state(): State;
  /** Why the memory could not be kept; null while it can. */
  storeTrouble(): string | null;
  /** Nothing happens any more; the kernel's state stays as it is. */
  stop(): void;
}

/** With the memory on tmpfs not kept, only what makes this node do less may leave. */
const isHarmless = (effect: Effect): boolean => {
  switch (effect.kind) {
    case 'gate':
      return effect.action.type === 'close';
    case 'step':
      return effect.direction === 'passivate';
    case 'notify':
    case 'reply':
      return true;
    case 'send':
    case 'keep':
      return false;
  }
};

const halted = (before: State, law: string): State => ({
  ...before,
  phase: { name: 'halted', because: law },
  lease: { name: 'none', since: before.now, retryAt: before.now },
  gateOpen: false,
  boot: { ...before.boot, holding: 0, heldOpen: false },
});

/** Keeps boot memory on tmpfs and disk memory on disk, again and again until it succeeds. */
const createKeeper = (store: StateStore, onNotice: LoopParts['onNotice']) => {
  let bootTrouble: string | null = null;
  let diskTrouble: string | null = null;
  const note = (former: string | null, now: string | null, where: string): void => {
    if ((former === null) === (now === null)) return;
    if (now === null)
      onNotice({ kind: 'notify', level: 'info', code: 'memory-kept', text: `${where} is written again.` });
    else
      onNotice({ kind: 'notify', level: 'alarm', code: 'memory-not-kept', text: `${where} cannot be written: ${now}` });
  };
  const keepBoot = (before: State | null, after: State): void => {
    if (before?.boot === after.boot && bootTrouble === null) return;
    const kept = store.saveBoot(after.boot);
    const trouble = kept.ok ? null : kept.error.message;
    note(bootTrouble, trouble, 'The memory in run-dir');
    bootTrouble = trouble;
  };
  const keepDisk = (before: State | null, after: State, now: Instant): void => {
    if (before?.disk === after.disk && (diskTrouble === null || now < retryAt)) return;
    const kept = store.saveDisk(after.disk);
    const trouble = kept.ok ? null : kept.error.message;
    // A full disk is an alarm, and telephony goes on: the voters know the epochs too.
    note(diskTrouble, trouble, 'The memory in state-dir');
    diskTrouble = trouble;
    retryAt = now + 1000;
  };
  let retryAt = 0;
  return {
    keep: (before: State | null, after: State): void => {
      keepBoot(before, after);
      keepDisk(before, after, after.now);
    },
    bootTrouble: () => bootTrouble,
    trouble: () => bootTrouble ?? diskTrouble,
  };
};

/** One timer for the instant at which the core wants to be woken. */
const createAlarm = (clock: Clock, ring: () => void) => {
  let due = Number.POSITIVE_INFINITY;
  let cancel = (): void => undefined;
  const clear = (): void => {
    cancel();
    cancel = () => undefined;
    due = Number.POSITIVE_INFINITY;
  };
  return {
    set: (at: Instant): void => {
      if (at === due) return;
      clear();
      due = at;
      cancel = clock.at(at, () => {
        due = Number.POSITIVE_INFINITY;
        ring();
      });
    },
    clear,
  };
};

/** Mailbox, core, memory, effects. */
export const createLoop = (parts: LoopParts): Loop => {
  const { settings, clock, store } = parts;
  const keeper = createKeeper(store, parts.onNotice);
  const mailbox: ((at: Instant) => Event)[] = [];
  let state = initialState(settings);
  let busy = false;
  let stopped = false;
  const alarm = createAlarm(clock, () => {
    parts.onAwake();
    post((at) => ({ kind: 'wake', at }));
  });

  const leave = (effect: Effect): void => {
    switch (effect.kind) {
      case 'send':
        return parts.link.send(effect.to, effect.message);
      case 'gate':
        return orderGate(effect);
      case 'step':
        return parts.steps.run(effect);
      case 'keep':
        return parts.steps.keep(effect.until);
      case 'notify':
        return parts.onNotice(effect);
      case 'reply':
        return parts.onReply(effect);
    }
  };

  const orderGate = ({ op, action }: Extract<Effect, { kind: 'gate' }>): void => {
    void parts.gate.apply(action).then((result) => {
      if (!result.ok) {
        const text = `The gate did not obey "${action.type}": ${result.error.message}`;
        parts.onNotice({ kind: 'notify', level: 'warning', code: result.error.code, text });
      }
      post((at) => ({ kind: 'gate', at, op, ok: result.ok }));
    });
  };

  const halt = (law: string, event: Event): void => {
    state = halted(state, law);
    keeper.keep(null, state);
    alarm.clear();
    void parts.gate.apply({ type: 'close' });
    parts.onHalted(law, event);
  };

  const handle = (event: Event): void => {
    const before = state;
    const decision = decide(settings, before, event, clock.wall());
    // The first decision begins with restored memory, which no law compares with.
    const law = event.kind === 'started' ? null : checkInvariants(settings, before, decision.state, decision.effects);
    if (law !== null) return halt(law, event);
    state = decision.state;
    keeper.keep(before, state);
    const kept = keeper.bootTrouble() === null;
    for (const effect of decision.effects) if (kept || isHarmless(effect)) leave(effect);
    parts.onDecided(before, decision, event);
    if (state.phase.name !== 'halted') alarm.set(decision.wakeAt);
  };

  const post = (makeEvent: (at: Instant) => Event): void => {
    if (stopped) return;
    mailbox.push(makeEvent);
    if (busy) return;
    busy = true;
    try {
      for (let next = mailbox.shift(); next !== undefined && !stopped; next = mailbox.shift()) {
        if (state.phase.name !== 'halted') handle(next(clock.now()));
      }
    } finally {
      busy = false;
    }
  };

  return {
    start: (seed) => {
      const { boot, disk, notes } = store.load();
      post((at) => ({ kind: 'started', at, wall: clock.wall(), boot, disk, seed }));
      return notes;
    },
    post,
    state: () => state,
    storeTrouble: () => keeper.trouble(),
    stop: () => {
      stopped = true;
      alarm.clear();
    },
  };
};
