import { fail, ok, type Result } from '../../src/core/result.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { etcds } from './etcd.ts';
import { fences } from './fencing.ts';
import { packages } from './package/catalogue.ts';
import { pages } from './page.ts';
import { adversities } from './pair/adversity.ts';
import { drills } from './pair/drill.ts';
import { losses } from './pair/losses.ts';
import { merges } from './pair/merge.ts';
import { orders } from './pair/orders.ts';
import { people } from './pair/people.ts';
import { replications } from './pair/replication.ts';
import { scales } from './pair/scale.ts';
import { cuts, illnesses } from './pair/troubles.ts';
import { wears } from './pair/wear.ts';
import { select } from './patterns.ts';
import { remsyses } from './remsys/catalogue.ts';
import { xivos } from './xivo/catalogue.ts';

/** Every scenario of the lab. */
export const catalogue: readonly Scenario[] = [
  ...losses,
  ...illnesses,
  ...cuts,
  ...orders,
  ...replications,
  ...people,
  ...merges,
  ...adversities,
  ...pages,
  ...packages,
  ...drills,
  ...fences,
  ...xivos,
  ...remsyses,
  ...etcds,
  ...scales,
  ...wears,
];

/** Those whose name fits one of the patterns. Fault: `scenario-unknown`. */
export const chosen = (patterns: readonly string[]): Result<readonly Scenario[]> => {
  const names = select(
    patterns,
    catalogue.map(({ name }) => name),
  );
  return names.ok ? ok(catalogue.filter(({ name }) => names.value.includes(name))) : names;
};

/** One by its name. Fault: `scenario-unknown`. */
export const scenarioOf = (name: string): Result<Scenario> => {
  const found = catalogue.find((each) => each.name === name);
  return found === undefined
    ? fail('scenario-unknown', `no scenario is called "${name}"`, 'dualtone lab list shows them all')
    : ok(found);
};
