import type { LabNeeds } from '../../needs.ts';
import type { PairSetup } from '../../pair/setup.ts';
import { type RemsysSetup, usualRemsys } from '../../remsys/setup.ts';

/** How a scenario begins: in this topology, with such a pair. */
export const twoSites = (
  change: Partial<RemsysSetup> = {},
): { readonly needs: LabNeeds; readonly setup: Partial<PairSetup> } => ({
  needs: {
    remsys: change.primary ?? usualRemsys.primary,
    ...(change.ttlS === undefined ? {} : { ttlS: change.ttlS }),
    ...(change.mysql === undefined || change.mysql === null ? {} : { mysql: change.mysql.make }),
  },
  setup: { checkpoints: change.checkpoints === 'voters' ? 3 : 0, remsys: { ...usualRemsys, ...change } },
});
