/** What of the agent's life is written into the journal: decisions that have reasons, commands, notices; not each heartbeat. */

import type { Decision } from '../core/decide.ts';
import type { Event } from '../core/event.ts';
import { inForce } from '../core/in-force.ts';
import type { State } from '../core/state.ts';
import type { Instant, Reason } from '../core/words.ts';
import type { Clock, Journal } from '../ports.ts';

export interface Records {
  decided(before: State, decision: Decision, event: Event): void;
  /** Anything else worth an entry; `kind` is kebab-case. */
  note(kind: string, data: unknown, reasons?: readonly Reason[]): void;
}

/** Rules of what a node without votes tries again and again; told thrice, then once a minute with a count. */
const REPEATING: ReadonlySet<string> = new Set(['may-serve', 'ask', 'withdraw', 'raise-epoch']);
const TOLD_AT_FIRST = 3;
const TELL_EVERY_MS = 60_000;

interface Repetition {
  count: number;
  toldAt: Instant;
  untold: number;
}

/** Bounded: there are only so many sets of the repeating rules. Anything else that happens begins the count anew. */
const createRepetitions = () => {
  const seenByKey = new Map<string, Repetition>();
  return {
    /** How many were left out since the last; null: leave this one out too. */
    pass: (reasons: readonly Reason[], now: Instant): number | null => {
      const rules = reasons.map(({ rule }) => rule);
      if (!rules.every((rule) => REPEATING.has(rule))) {
        seenByKey.clear();
        return 0;
      }
      const key = [...new Set(rules)].toSorted().join(' ');
      const seen = seenByKey.get(key) ?? { count: 0, toldAt: now, untold: 0 };
      seenByKey.set(key, seen);
      seen.count += 1;
      if (seen.count > TOLD_AT_FIRST && now - seen.toldAt < TELL_EVERY_MS) {
        seen.untold += 1;
        return null;
      }
      const untold = seen.untold;
      seen.toldAt = now;
      seen.untold = 0;
      return untold;
    },
  };
};

const leaseOf = ({ lease }: State): string => {
  switch (lease.name) {
    case 'none':
      return 'none';
    case 'sounding':
      return `sounding: ${lease.yes.join(' ') || 'no'} yes`;
    case 'asking':
      return `asking under ${lease.epoch}: ${lease.round.own ? 'own ' : ''}${lease.round.yes.join(' ')}`;
    case 'held':
      return `held under ${lease.epoch}${lease.heldOpen ? ', without end' : ''}`;
  }
};

const eventOf = (event: Event): unknown => {
  switch (event.kind) {
    case 'message':
      return { kind: event.kind, from: event.from, type: event.message.type };
    case 'look':
      return { kind: event.kind, bad: event.look.samples.filter((sample) => sample.outcome !== 'ok') };
    case 'command':
      return { kind: event.kind, by: event.by, command: event.command };
    case 'started':
      return { kind: event.kind };
    case 'wake':
    case 'ending':
    case 'gate':
    case 'step':
    case 'return':
    case 'fence':
    case 'clock-jump':
      return event;
  }
};

/** How the node stood after a decision, in few words, for `explain --seq`. */
export const standOf = (state: State): Readonly<Record<string, unknown>> => ({
  phase: state.phase.name,
  lease: leaseOf(state),
  gateOpen: state.gateOpen,
  highest: state.boot.highest,
  promise: state.boot.promise,
  health: state.health.verdict,
  network: state.health.network,
  mode: inForce(state.disk.orders).mode,
  rival: state.rival.status,
  rivalHeardMsAgo: state.rival.heardAt > 0 ? Math.round(state.now - state.rival.heardAt) : null,
  voters: state.voters.map(({ name, answeredAt, lastWhy }) => ({
    name,
    said: lastWhy,
    msAgo: answeredAt > 0 ? Math.round(state.now - answeredAt) : null,
  })),
  plan: { target: state.plan.target, statuses: state.plan.statuses },
});

const epochOf = (state: State): number =>
  state.lease.name === 'held' || state.lease.name === 'asking' ? state.lease.epoch : state.boot.highest;

/** What a decision ordered, without the datagrams. */
const ordersOf = ({ effects }: Decision): readonly unknown[] =>
  effects.flatMap((effect): readonly Readonly<Record<string, string>>[] => {
    if (effect.kind === 'gate') return [{ gate: effect.action.type }];
    if (effect.kind === 'fence') return [{ fence: effect.action }];
    if (effect.kind === 'step') return [{ step: effect.stepId, direction: effect.direction }];
    return [];
  });

export const createRecords = (journal: Journal, clock: Clock, state: () => State): Records => {
  const repetitions = createRepetitions();
  const append = (kind: string, reasons: readonly Reason[], data: unknown): void => {
    journal.append({ wall: clock.wall(), at: clock.now(), epoch: epochOf(state()), kind, reasons, data });
  };
  return {
    decided: (_before, decision, event) => {
      if (decision.reasons.length === 0) return;
      const leftOut = repetitions.pass(decision.reasons, decision.state.now);
      if (leftOut === null) return;
      append('decision', decision.reasons, {
        event: eventOf(event),
        orders: ordersOf(decision),
        stand: standOf(decision.state),
        ...(leftOut === 0 ? {} : { leftOut }),
      });
    },
    note: (kind, data, reasons = []) => append(kind, reasons, data),
  };
};
