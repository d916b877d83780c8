/** Guards of the plan's steps. */
import type { Mutant } from './mutant.ts';

const troubled = ['late-or-lost-steps', 'switchover', 'takeover'] as const;

export const stepGuards: readonly Mutant[] = [
  {
    name: 'a step begins in the new direction while it is under way in the former',
    file: 'src/core/plan.ts',
    find: '  if (plan.leftover.some(({ index }) => index === next)) return;\n',
    replace: '',
    faults: troubled,
    seeds: 200,
  },
  {
    name: 'a step under way is forgotten when the plan is turned round',
    file: 'src/core/plan.ts',
    find: 'leftover: stepsUnderWay(d.s.plan) };',
    replace: 'leftover: [] };',
    faults: troubled,
    seeds: 200,
  },
  {
    name: 'telephony is restarted in place while the plan starts or stops it',
    file: 'src/core/phases/serving.ts',
    find: '  if (stepsUnderWay(d.s.plan).some(({ index }) => d.settings.plan[index]?.id === restartStep)) return;\n',
    replace: '',
    faults: [...troubled, 'unfit'],
    seeds: 500,
  },
];
