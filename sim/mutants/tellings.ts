/** What people are told of a rival that is heard of through etcd alone. No vote hangs on it, so that only what is told is wrong. */
import type { Mutant } from './mutant.ts';

const view = 'src/core/rival-view.ts';

const told = (each: Omit<Mutant, 'pair' | 'seeds' | 'faults'> & Partial<Mutant>): Mutant => ({
  seeds: 300,
  pair: 'etcd',
  faults: ['etcd-cut-for-long'],
  ...each,
});

export const tellingGuards: readonly Mutant[] = [
  told({
    name: 'told: that nobody serves, beside a rival whose word in etcd says that it does',
    file: 'src/core/policy.ts',
    find: ' || rivalServes(d) > 0 || mainIsSeen(d);',
    replace: ' || mainIsSeen(d);',
  }),
  told({
    name: 'told: that an order did not come about, though etcd has the word of the other that it serves',
    file: 'src/core/command.ts',
    find: "d.s.phase.name === 'passive' && rivalServes(d) > 0;",
    replace: "d.s.phase.name === 'passive' && (d.s.rival.status?.holding ?? 0) > 0;",
  }),
  told({
    name: 'told: a rival that said once that it serves does so for ever',
    file: view,
    find: 'if (status === null || d.now - at > d.settings.timing.promiseMs) return 0;',
    replace: 'if (status === null) return 0;',
  }),
  told({
    name: 'told: a rival serves under an epoch that it has handed over',
    file: view,
    find: 'return status.holding > d.s.rival.releasedEpoch ? status.holding : 0;',
    replace: 'return status.holding;',
  }),
];
