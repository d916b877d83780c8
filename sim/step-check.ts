/** Two runs of one step at once would undo each other: none begins while it is under way, as seen from outside the core. */
import type { Decision } from '../src/core/decide.ts';
import type { Event } from '../src/core/event.ts';
import type { Instant, Role } from '../src/core/words.ts';

/** A runner tells each step's end within this time of its deadline. */
const RUNNER_GRACE_MS = 250;

interface UnderWay {
  readonly op: number;
  /** By the node's own clock. */
  readonly until: Instant;
}

/** `fail` hears of each step that was begun twice. */
export const createStepCheck = (fail: (text: string) => void) => {
  const byStep: Record<Role, Map<string, UnderWay>> = { main: new Map(), standby: new Map() };
  return (role: Role, { state, effects }: Decision, event: Event): void => {
    const underWay = byStep[role];
    // What a former agent began ends with it.
    if (event.kind === 'started') underWay.clear();
    if (event.kind === 'step') for (const [id, { op }] of underWay) if (op === event.op) underWay.delete(id);
    for (const effect of effects) {
      if (effect.kind !== 'step') continue;
      if ((underWay.get(effect.stepId)?.until ?? 0) > state.now)
        fail(`${role} begins ${effect.stepId} (${effect.direction}) while it is under way`);
      // The plan does not wait for a restart, whose end may never be told.
      if (effect.direction === 'restart') continue;
      underWay.set(effect.stepId, { op: effect.op, until: effect.expiresAt + RUNNER_GRACE_MS });
    }
  };
};
