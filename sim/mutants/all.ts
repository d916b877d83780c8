import { adoptionGuards } from './adoption.ts';
import { awakeningGuards } from './awakening.ts';
import { etcdGuards } from './etcd.ts';
import { fenceGuards } from './fences.ts';
import { looksGuards } from './looks.ts';
import type { Mutant } from './mutant.ts';
import { orderGuards } from './orders.ts';
import { promiseGuards } from './promises.ts';
import { restartGuards } from './restarts.ts';
import { silenceGuards } from './silence.ts';
import { stepGuards } from './steps.ts';
import { tellingGuards } from './tellings.ts';

export const mutants: readonly Mutant[] = [
  ...promiseGuards,
  ...silenceGuards,
  ...orderGuards,
  ...restartGuards,
  ...adoptionGuards,
  ...looksGuards,
  ...etcdGuards,
  ...fenceGuards,
  ...stepGuards,
  ...tellingGuards,
  ...awakeningGuards,
];
