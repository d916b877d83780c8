/** Tells what follows the right to serve, at each change of it. */
import type { State } from '../core/state.ts';
import type { Clock } from '../ports.ts';
import type { Switcher } from './beside/switcher.ts';
import type { StepRunner } from './step-runner.ts';

/** `holding`: the epoch under which this node serves, or 0. */
export interface RightFollower {
  setRight(right: { readonly holding: number; readonly highest: number }): void;
}

interface Told {
  readonly clock: Clock;
  readonly astdb: RightFollower | null;
  readonly replication: RightFollower | null;
  readonly switcher: Pick<Switcher, 'see'> | null;
}

export const createRightTeller = ({ clock, astdb, replication, switcher }: Told, steps: Pick<StepRunner, 'keep'>) => {
  let told = { holding: -1, highest: -1 };
  return (state: State): void => {
    switcher?.see(state);
    const holding = state.lease.name === 'held' && state.phase.name !== 'closing' ? state.lease.epoch : 0;
    const { highest } = state.boot;
    if (told.holding === holding && told.highest === highest) return;
    // What the kernel holds for the right ends with it, without waiting for the plan.
    if (holding === 0 && told.holding > 0) steps.keep(clock.now());
    told = { holding, highest };
    astdb?.setRight(told);
    replication?.setRight(told);
  };
};
