/** A main that goes by looks, and what settled its term: it does not give that up for what was before. */
import type { Decision } from '../src/core/decide.ts';
import { FOR_EVER, type State } from '../src/core/state.ts';
import type { Watched } from './watched.ts';

/** By the facts when it won: the standby was heard, a person wanted it, or the standby had had the time to serve and was waited for. */
const settledBy = (w: Watched, before: State, after: State): string | null => {
  const { promiseMs } = w.agents.main.machine.settings.timing;
  if (after.now - after.rival.heardAt <= promiseMs) return 'the standby was heard';
  if (before.errand?.wants === 'serve') return 'a person wanted it';
  return before.standbyMayServeAt !== FOR_EVER && before.now >= before.standbyMayServeAt ? 'it had waited' : null;
};

/** The network that this machine itself has. */
const isConnected = (w: Watched): boolean =>
  w.agents.main.machine.networkUp && w.cutOffSince.main === Number.POSITIVE_INFINITY;

/** It serves, or stood still and will say so once more before it sees that its lease is out: its word counts as a look does. */
const mayBeHeardToServe = ({ agents: { standby } }: Watched): boolean =>
  standby.machine.isOpen() || (standby.status !== 'dead' && standby.state.lease.name === 'held');

export const createSettledCheck = (w: Watched, fail: (text: string) => void) => {
  let settled: string | null = null;
  /** When it was last seen cut off: what it decides by is a look, which may be from before that was mended. */
  let cutAt = Number.NEGATIVE_INFINITY;
  return (before: State, { state, reasons }: Decision): void => {
    if (mayBeHeardToServe(w)) settled = null;
    if (!isConnected(w)) cutAt = w.timeline.now;
    for (const { rule } of reasons) {
      if (rule === 'won') settled = settledBy(w, before, state);
      if (rule !== 'cut-off') continue;
      const { promiseMs } = w.agents.main.machine.settings.timing;
      const connected = w.timeline.now - cutAt > promiseMs;
      if (settled !== null && before.health.rivalBad + state.health.rivalBad === 0 && connected)
        fail(`the main gives up a term that was settled (${settled}), though no look speaks against it`);
      settled = null;
    }
  };
};
