/** What Dualtone's own objects of logical replication are called. */
import { qualify } from '../identifier.ts';
import type { CopyPlan } from '../rules.ts';

/** On the passive node; one. */
export const SUBSCRIPTION = 'dualtone';

/** On the active node; one. */
export const PUBLICATION = 'dualtone';

/** On the active node, for the node called `receiver`. */
export const slotName = (receiver: string): string => {
  if (!/^[a-z0-9]{1,40}$/.test(receiver)) throw new Error(`not fit for the name of a slot: ${receiver}`);
  return `dualtone_${receiver}`;
};

export const HEARTBEAT = qualify('dualtone', 'heartbeat');

/** Its tables that can follow one change at a time; see `identity.ts`. */
export const withTables = (plan: CopyPlan, tables: readonly string[]): CopyPlan => ({
  ...plan,
  tables: plan.tables.filter(({ table }) => tables.includes(table.name)),
});
