/** A machine that stood still, or whose clock was set: what it does when it finds out. */
import type { Decision } from '../src/core/decide.ts';
import type { State } from '../src/core/state.ts';
import type { Role } from '../src/core/words.ts';
import type { Gap } from './service-record.ts';
import type { Watched } from './watched.ts';

/** The kernel has closed the gate by then. */
const CLOSED_MS = 40;
/** A question that asks for the term again, and its answer. */
const ASKED_MS = 20;

export type Findings = (kind: 'two-serving' | 'stale-term' | 'moved-by-clock', text: string) => void;

export interface AwakeningCheck {
  /** `holder` is whose gate opened last. */
  decided(role: Role, decision: Decision, holder: Role | null): void;
  /** At the end, where nothing but clocks was set. */
  finish(gaps: readonly Gap[]): void;
}

const isOpenByVotes = (w: Watched, role: Role): boolean => {
  const { machine, state } = w.agents[role];
  return machine.isOpen() && !(state.lease.name === 'held' && state.lease.heldOpen);
};

export const createAwakeningCheck = (w: Watched, fail: Findings): AwakeningCheck => {
  const { timeline } = w;
  const wokeAt: Record<Role, number> = { main: Number.NEGATIVE_INFINITY, standby: Number.NEGATIVE_INFINITY };
  const doubtAt: Record<Role, number> = { main: 0, standby: 0 };
  /** A moment after it found out, what it held before counts no more: two do not serve, pause or not. */
  const checkTwo = (): void => {
    const settled = (role: Role): boolean => timeline.now - wokeAt[role] >= CLOSED_MS && isOpenByVotes(w, role);
    if (w.guarded && settled('main') && settled('standby'))
      fail('two-serving', `both gates are open ${CLOSED_MS} ms after a machine found out that it had stood still`);
  };
  /** Who goes on with its term was told so by somebody since, and nobody served meanwhile. */
  const checkTerm = (role: Role, { lease }: State, holder: Role | null): void => {
    if (holder !== role) fail('stale-term', `${role} goes on with a term, and its rival has served since`);
    const granted = lease.name === 'held' ? lease.rounds.filter((round) => round.granted) : [];
    for (const { armedAt, yes } of granted) {
      if (yes.length === 0) fail('stale-term', `${role} goes on with a term that nobody confirmed`);
      if (armedAt < doubtAt[role]) fail('stale-term', `${role} goes on by an answer from before it stood still`);
    }
  };
  return {
    decided(role, { state, reasons }, holder) {
      for (const { rule, facts } of reasons) {
        if (rule === 'clock-jump' && facts['paused'] === true) {
          wokeAt[role] = timeline.now;
          timeline.after(CLOSED_MS, checkTwo);
        }
        if (rule === 'doubt') doubtAt[role] = state.now;
        if (rule === 'doubt-over') checkTerm(role, state, holder);
        if (w.onlyClocks && rule === 'close')
          fail('moved-by-clock', `${role} gave up its term: ${String(facts['why'])}`);
      }
    },
    finish(gaps) {
      if (!w.onlyClocks) return;
      // The first is the boot.
      for (const { from, to } of gaps.slice(1))
        if (to - from > ASKED_MS) fail('moved-by-clock', `nobody served for ${Math.round(to - from)} ms`);
    },
  };
};
