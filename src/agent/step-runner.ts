/** Hands steps to their adapters, and is the last to refuse what is old: an older epoch than it has seen, or past its expiry. */
import type { Effect } from '../core/effect.ts';
import { messageOf } from '../core/result.ts';
import type { Epoch, Instant } from '../core/words.ts';
import type { Clock, StepAdapter, StepOutcome } from '../ports.ts';

export type StepOrder = Extract<Effect, { kind: 'step' }>;
export type StepResult = (op: number, outcome: StepOutcome['outcome'], detail: string) => void;

export interface StepRunner {
  /** Runs in the background; the result comes through `onResult`, exactly once. */
  run(order: StepOrder): void;
  /** Refreshes what the kernel holds for a limited time. */
  keep(until: Instant): void;
  /** Calls off what is under way; its results are not told any more. */
  stop(): Promise<void>;
}

const RESULT_GRACE_MS = 250;

const refusal = (order: StepOrder, seen: Epoch, now: Instant, known: boolean): string | null => {
  if (!known) return `there is no step called ${order.stepId}`;
  if (order.epoch < seen) return `refused: epoch ${order.epoch} is older than ${seen}`;
  if (now > order.expiresAt) return `refused: ${Math.round(now - order.expiresAt)} ms past its expiry`;
  return null;
};

/** Never gives up waiting on an adapter that ignores its signal: the outcome is then unknown. */
const bounded = (adapter: StepAdapter, order: StepOrder, clock: Clock, stopped: AbortSignal): Promise<StepOutcome> => {
  const deadline = new AbortController();
  const unknown: StepOutcome = { outcome: 'unknown', detail: 'it did not end in time', changed: false };
  const { promise: late, resolve } = Promise.withResolvers<StepOutcome>();
  const cancelAbort = clock.at(order.expiresAt, () => deadline.abort());
  const cancelLate = clock.at(order.expiresAt + RESULT_GRACE_MS, () => resolve(unknown));
  const ran = adapter.run(order.direction, AbortSignal.any([deadline.signal, stopped])).catch(
    (error: unknown): StepOutcome => ({
      outcome: 'failed',
      detail: `the step broke: ${messageOf(error)}`,
      changed: false,
    }),
  );
  return Promise.race([ran, late]).finally(() => {
    cancelAbort();
    cancelLate();
  });
};

/** `adapterById`: by the id of the step in the plan. */
export const createStepRunner = (
  adapterById: ReadonlyMap<string, StepAdapter>,
  clock: Clock,
  onResult: StepResult,
): StepRunner => {
  const stopped = new AbortController();
  const underWay = new Set<Promise<void>>();
  let seen: Epoch = 0;
  const begin = (order: StepOrder): void => {
    const adapter = adapterById.get(order.stepId);
    const refused = refusal(order, seen, clock.now(), adapter !== undefined);
    if (refused !== null || adapter === undefined) {
      queueMicrotask(() => {
        if (!stopped.signal.aborted) onResult(order.op, 'failed', refused ?? 'unknown step');
      });
      return;
    }
    // Only an activation makes what is older void: to passivate late is safe, to refuse it is not.
    if (order.direction === 'activate') seen = order.epoch;
    const finish = async (): Promise<void> => {
      const { outcome, detail } = await bounded(adapter, order, clock, stopped.signal);
      underWay.delete(running);
      if (!stopped.signal.aborted) onResult(order.op, outcome, detail);
    };
    const running = finish();
    underWay.add(running);
  };
  return {
    run: begin,
    keep: (until) => {
      for (const adapter of adapterById.values()) adapter.keep?.(until);
    },
    stop: async () => {
      stopped.abort();
      await Promise.all(underWay);
    },
  };
};
