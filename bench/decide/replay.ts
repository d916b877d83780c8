import { isDeepStrictEqual } from 'node:util';
import { decide } from '../../src/core/decide.ts';
import { initialState, type State } from '../../src/core/state.ts';
import type { Recording } from './recording.ts';

/** Runs all events of a recording through the core, from its beginning; the state at the end. */
export const replay = ({ settings, events }: Recording): State => {
  let state = initialState(settings);
  for (const { event, wall } of events) ({ state } = decide(settings, state, event, wall));
  return state;
};

/** Whether the core comes to the same end as when it was recorded. */
export const replaysTrue = (recording: Recording): boolean => isDeepStrictEqual(replay(recording), recording.last);
