import type { Role } from '../../../src/core/words.ts';
import type { Deed, Scenario } from '../../scenarios/scenario.ts';
import { order, pause, standbyServes, switchover } from '../phrases.ts';
import { cut, join, journal, namesPointTo } from './phrases.ts';
import { twoSites } from './scenes.ts';

/** A person vouches at this node that the other does not serve, which is not so; then they meet again. */
const startedByHand = (at: Role, other: Role): readonly Deed[] => [
  { do: 'call', from: '1000', to: '1001', takenBy: '1001' },
  cut('main', 'standby'),
  pause(1500),
  order(at, 'mode', 'manual'),
  order(at, 'start', '--confirm', other),
  { do: 'wait', serving: 'both', withinMs: 5000 },
  // The name is moved while both are active: before the other goes passive.
  ...namesPointTo(at, 10_000),
  join('main', 'standby'),
  { do: 'wait', serving: at, withinMs: 5000 },
  journal(other, 'it yielded', /claims the newer epoch \d+: this one stops at once/, 5000),
  journal(
    other,
    'it lists its calls',
    /Both nodes served at once: .* This one stops\. Calls here: 1000 to 1001 \(Up/,
    5000,
  ),
  journal(at, 'so does the other', /Both nodes served at once: .* The other one is to stop\./, 5000),
  ...([at, other] as const).map((role) =>
    journal(role, 'what each wrote is listed', /What this node wrote while both served: astdb: /, 20_000),
  ),
  { do: 'hang-up' },
  ...namesPointTo(at, 5000),
];

/** Both are active; the lab must see two here: it was a person's word that made them. */
export const remsysBoth: readonly Scenario[] = [
  {
    name: 'remsys-both-active',
    text: 'a person starts B by hand while A serves and neither hears the other: when they meet A yields at once, and the name has followed B before',
    ...twoSites(),
    deeds: startedByHand('standby', 'main'),
    expected: { serving: 'standby', outageMsMost: 5000, twoServing: 'some' },
  },
  {
    name: 'remsys-both-active-main',
    text: 'a person starts A by hand while B serves: when they meet B yields, and the name has followed A before',
    ...twoSites(),
    prepare: [switchover, standbyServes, ...namesPointTo('standby', 10_000), pause(2000)],
    deeds: startedByHand('main', 'standby'),
    expected: { serving: 'main', outageMsMost: 5000, twoServing: 'some' },
  },
];
