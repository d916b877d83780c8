/** The loop of the agent: one event at a time through the pure core; what it must remember is kept before anything leaves. */

import { type Decision, decide } from '../core/decide.ts';
import type { Effect } from '../core/effect.ts';
import type { Event } from '../core/event.ts';
import { checkInvariants } from '../core/invariants.ts';
import type { Settings } from '../core/settings.ts';
import { initialState, type State } from '../core/state.ts';
import type { Instant } from '../core/words.ts';
import type { Clock, Gate, PeerLink, StateStore } from '../ports.ts';
import { createMemoryKeeper } from './memory-keeper.ts';
import type { StepRunner } from './step-runner.ts';

/** Who asks the devices; each order is answered by a `fence` event. */
export interface FenceOrders {
  order(order: Extract<Effect, { kind: 'fence' }>): void;
  end(op: number): void;
}

export interface LoopParts {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly store: StateStore;
  readonly gate: Pick<Gate, 'apply'>;
  readonly link: Pick<PeerLink, 'send'>;
  readonly steps: Pick<StepRunner, 'run' | 'keep'>;
  readonly fences: FenceOrders;
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
    case 'fence-end':
      return true;
    case 'send':
    case 'keep':
    case 'fence':
      return false;
  }
};

const HALTED = {
  ok: false,
  code: 'halted',
  text: 'This node has halted itself, because a law was broken that must never be.',
  remedy: 'Keep its journal for a report; then `systemctl restart dualtone`.',
} as const;

const halted = (before: State, law: string): State => ({
  ...before,
  phase: { name: 'halted', because: law },
  lease: { name: 'none', since: before.now, retryAt: before.now },
  gateOpen: false,
  boot: { ...before.boot, holding: 0, heldOpen: false },
});

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

/** Hands each effect to whoever does it. */
const createDispatch = (parts: LoopParts, post: Loop['post']) => {
  const orderGate = async ({ op, action }: Extract<Effect, { kind: 'gate' }>): Promise<void> => {
    const result = await parts.gate.apply(action);
    if (!result.ok) {
      const text = `The gate did not obey "${action.type}": ${result.error.message}`;
      parts.onNotice({ kind: 'notify', level: 'warning', code: result.error.code, text });
    }
    post((at) => ({ kind: 'gate', at, op, ok: result.ok }));
  };
  return (effect: Effect): void => {
    switch (effect.kind) {
      case 'send':
        return parts.link.send(effect.to, effect.message);
      case 'gate':
        void orderGate(effect);
        return;
      case 'step':
        return parts.steps.run(effect);
      case 'keep':
        return parts.steps.keep(effect.until);
      case 'fence':
        return parts.fences.order(effect);
      case 'fence-end':
        return parts.fences.end(effect.op);
      case 'notify':
        return parts.onNotice(effect);
      case 'reply':
        return parts.onReply(effect);
    }
  };
};

/** One event at a time, in order; what an event's handling posts comes after it. */
const createMailbox = (clock: Clock, handle: (event: Event) => void) => {
  const waiting: ((at: Instant) => Event)[] = [];
  let state: 'idle' | 'busy' | 'closed' = 'idle';
  return {
    post: (makeEvent: (at: Instant) => Event): void => {
      if (state === 'closed') return;
      waiting.push(makeEvent);
      if (state === 'busy') return;
      state = 'busy';
      try {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) handle(next(clock.now()));
      } finally {
        if (state === 'busy') state = 'idle';
      }
    },
    close: (): void => {
      state = 'closed';
      waiting.length = 0;
    },
  };
};

/** Mailbox, core, memory, effects. */
export const createLoop = (parts: LoopParts): Loop => {
  const { settings, clock, store } = parts;
  const keeper = createMemoryKeeper(store, (level, code, text) =>
    parts.onNotice({ kind: 'notify', level, code, text }),
  );
  let state = initialState(settings);

  const halt = (law: string, event: Event): void => {
    state = halted(state, law);
    keeper.keep(null, state, state.now);
    alarm.clear();
    void parts.gate.apply({ type: 'close' });
    parts.onHalted(law, event);
  };

  const handle = (event: Event): void => {
    const before = state;
    if (before.phase.name === 'halted') return refuseHalted(event);
    const decision = decide(settings, before, event, clock.wall());
    // The first decision begins with restored memory, which no law compares with.
    const law = event.kind === 'started' ? null : checkInvariants(settings, before, decision.state, decision.effects);
    if (law !== null) {
      halt(law, event);
      return refuseHalted(event);
    }
    state = decision.state;
    keeper.keep(before, state, state.now);
    const kept = keeper.bootTrouble() === null;
    for (const effect of decision.effects) if (kept || isHarmless(effect)) leave(effect);
    parts.onDecided(before, decision, event);
    alarm.set(decision.wakeAt);
  };

  const refuseHalted = (event: Event): void => {
    if (event.kind === 'command') parts.onReply({ kind: 'reply', id: event.id, ...HALTED });
  };

  const mailbox = createMailbox(clock, handle);
  const { post } = mailbox;
  const leave = createDispatch(parts, post);
  const alarm = createAlarm(clock, () => {
    parts.onAwake();
    post((at) => ({ kind: 'wake', at }));
  });

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
      mailbox.close();
      alarm.clear();
    },
  };
};
