import { cut, join, journal, namesPointTo } from '../remsys/phrases.ts';
import { twoSites } from '../remsys/setup.ts';
import { order, pause } from './phrases.ts';
import type { Scenario } from './scenario.ts';

/** Both are active, since a person vouched for what was not so. */
export const remsysBoth: readonly Scenario[] = [
  {
    name: 'remsys-both-active',
    text: 'a person starts B by hand while A serves and neither hears the other: when they meet, one yields at once, and the name follows the other',
    ...twoSites(),
    deeds: [
      cut('main', 'standby'),
      pause(1500),
      order('standby', 'mode', 'manual'),
      order('standby', 'start', '--confirm', 'main'),
      { do: 'wait', serving: 'both', withinMs: 5000 },
      pause(1000),
      join('main', 'standby'),
      { do: 'wait', serving: 'standby', withinMs: 5000 },
      journal('main', 'it yielded', /yield|newer epoch|higher epoch/i, 5000),
      ...namesPointTo('standby', 10_000),
    ],
    // The lab must see two here: it was a person's word that made them.
    expected: { serving: 'standby', outageMsMost: 5000, twoServing: 'some' },
  },
];
