/** Tells what follows the right to serve, at each change of it. */
import type { State } from '../core/state.ts';
import type { AgentParts } from './agent.ts';
import type { StepRunner } from './step-runner.ts';

export const createRightTeller = (
  { clock, follower, replication, switcher }: Pick<AgentParts, 'clock' | 'follower' | 'replication' | 'switcher'>,
  steps: Pick<StepRunner, 'keep'>,
) => {
  let told = { holding: -1, highest: -1 };
  return (state: State): void => {
    switcher?.see(state);
    const holding = state.lease.name === 'held' && state.phase.name !== 'closing' ? state.lease.epoch : 0;
    const { highest } = state.boot;
    if (told.holding === holding && told.highest === highest) return;
    // What the kernel holds for the right ends with it, without waiting for the plan.
    if (holding === 0 && told.holding > 0) steps.keep(clock.now());
    told = { holding, highest };
    follower?.setRight(told);
    replication?.setRight(told);
  };
};
