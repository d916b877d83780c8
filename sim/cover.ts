/** Which promises are in force at this instant, and whether they cover an open gate. */
import { type Role, rivalOf, type VoterName } from '../src/core/words.ts';
import type { Watched } from './watched.ts';

export interface Cover {
  /** The voter's memory on tmpfs was written. */
  promised(voter: VoterName): void;
  /** The rival's promise, or own vote and a majority. */
  isCovered(role: Role): boolean;
}

/** What a voter has promised, as far as it binds. */
interface Bound {
  readonly holder: Role | null;
  /** True time. */
  readonly until: number;
}

export const createCover = (w: Watched): Cover => {
  const bounds = new Map<VoterName, Bound>();
  const isBound = (voter: VoterName, holder: Role): boolean => {
    const bound = bounds.get(voter);
    return bound !== undefined && bound.holder === holder && bound.until >= w.timeline.now;
  };
  return {
    promised(voter) {
      const agent = voter === 'main' || voter === 'standby' ? w.agents[voter] : null;
      const clock = agent === null ? w.checkpoints.find((c) => c.name === voter) : agent.machine;
      const boot = clock?.tmpfs;
      if (clock === undefined || boot === null || boot === undefined) return;
      // A voter that has just booted knows nothing: its former promise is kept by its silence.
      if (boot.promise === null && clock.local() < boot.silentUntil) return;
      const { promise } = boot;
      const bound =
        promise === null
          ? { holder: null, until: 0 }
          : { holder: promise.holder, until: clock.trueTime(promise.until) };
      bounds.set(voter, bound);
    },
    isCovered(role) {
      if (isBound(rivalOf(role), role)) return true;
      const votes = w.checkpoints.filter((c) => isBound(c.name, role)).length;
      return isBound(role, role) && votes + 1 >= Math.floor((w.checkpoints.length + 2) / 2) + 1;
    },
  };
};
