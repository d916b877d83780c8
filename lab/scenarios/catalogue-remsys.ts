import { twoSites } from '../remsys/setup.ts';
import { mainLosesPower } from './phrases.ts';
import type { Scenario } from './scenario.ts';

/** Two sites, three checkpoints that are asked by NRPE, a name that moves. */
export const remsyses: readonly Scenario[] = [
  {
    name: 'remsys-power-loss',
    text: 'site A loses its power: all three checkpoints say so five times in a row, B serves, and phones follow the name',
    ...twoSites(),
    deeds: [mainLosesPower, { do: 'wait', serving: 'standby', withinMs: 25_000 }],
    staysMs: 4000,
    expected: { serving: 'standby', outageMsMost: 18_000, twoServing: 'none', moves: 1 },
  },
];
