import type { Settings } from '../core/settings.ts';
import type { State } from '../core/state.ts';
import type { WallTime } from '../core/words.ts';
import type { Clock } from '../ports.ts';
import { servingOf } from './project.ts';

export interface ServiceClock {
  see(state: State): void;
  since(): WallTime | null;
}

/** Remembers since when who serves. */
export const createServiceClock = (clock: Clock, settings: Settings): ServiceClock => {
  let seen = '';
  let since: WallTime | null = null;
  return {
    see: (state: State): void => {
      const { server, epoch } = servingOf(settings, state, clock.now());
      const now = `${server} ${server === 'this' ? '' : epoch}`;
      if (now === seen) return;
      // What was there when the agent started began before; of its own service the node has a note.
      const first = seen === '';
      seen = now;
      since = first ? (server === 'this' ? (state.disk.switches.at(-1) ?? null) : null) : clock.wall();
    },
    since: () => since,
  };
};
