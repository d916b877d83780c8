import { fail, ok, type Result } from '../../src/core/result.ts';
import { etcds } from '../etcd/catalogue.ts';
import { fences } from '../fencing/catalogue.ts';
import { packages } from '../package/catalogue.ts';
import { pages } from '../page/catalogue.ts';
import { remsyses } from '../remsys/catalogue/catalogue.ts';
import { xivos } from '../xivo/catalogue/catalogue.ts';
import { adversities } from './catalogue/adversity.ts';
import { drills } from './catalogue/drill.ts';
import { losses } from './catalogue/losses.ts';
import { merges } from './catalogue/merge.ts';
import { orders } from './catalogue/orders.ts';
import { people } from './catalogue/people.ts';
import { replications } from './catalogue/replication.ts';
import { scales } from './catalogue/scale.ts';
import { cuts, illnesses } from './catalogue/troubles.ts';
import { wears } from './catalogue/wear.ts';
import { select } from './patterns.ts';
import type { Scenario } from './scenario.ts';

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
