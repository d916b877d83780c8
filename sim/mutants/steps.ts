/** Guards of the plan's steps. */
import type { Mutant } from './mutant.ts';

export const stepGuards: readonly Mutant[] = [
  {
    name: 'a step begins in the new direction while it is under way in the former',
    file: 'src/core/plan.ts',
    find: '  if (plan.ending.some(({ index }) => index === next)) return;\n',
    replace: '',
    faults: ['late-or-lost-steps', 'switchover', 'takeover'],
    seeds: 200,
  },
  {
    name: 'a step under way is forgotten when the plan is turned round',
    file: 'src/core/plan.ts',
    find: 'ending: stepsUnderWay(d.s.plan) };',
    replace: 'ending: [] };',
    faults: ['late-or-lost-steps', 'switchover', 'takeover'],
    seeds: 200,
  },
];
