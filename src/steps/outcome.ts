import { type Fault, messageOf } from '../core/result.ts';
import type { StepAdapter, StepOutcome } from '../ports.ts';

/** A step with something to clean up when the agent ends; what it did to the system stays. */
export interface DisposableStep extends StepAdapter {
  dispose(): Promise<void>;
}

export const done = (detail: string, changed: boolean): StepOutcome => ({ outcome: 'done', detail, changed });

export const failed = (detail: string, changed = true): StepOutcome => ({ outcome: 'failed', detail, changed });

export const unknown = (detail: string): StepOutcome => ({ outcome: 'unknown', detail, changed: true });

/** Faults after which nobody knows whether the program did what it was asked. */
const UNSEEN = new Set(['program-timeout', 'program-aborted', 'pipe-program-timeout', 'pipe-program-ended']);

/** A fault as an outcome: `unknown` where the deadline passed before the outcome was seen, else `failed`. */
export const outcomeOf = ({ code, message, remedy }: Fault): StepOutcome =>
  UNSEEN.has(code) ? unknown(message) : failed(`${message} ${remedy}`);

/** Nothing escapes from a step: a programmer's error in one must not stop the others. */
export const guarded = async (work: () => Promise<StepOutcome>): Promise<StepOutcome> => {
  try {
    return await work();
  } catch (error) {
    return failed(`internal error: ${messageOf(error)}`);
  }
};
