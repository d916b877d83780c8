import type { Scenario } from '../../scenarios/scenario.ts';
import {
  aCallLasts,
  asBefore,
  cannotEnable,
  devicesWereTold,
  disabled,
  enabled,
  prepared,
  provdIs,
  unnoticed,
} from './enable-phrases.ts';
import { plain } from './scenes.ts';

/** How provd may be, and what enabling then says. */
const moods = [
  { mood: 'refuses', what: 'refuses', says: /provisioning server refused/ },
  { mood: 'refuses-half', what: 'refuses the second registrar', says: /provisioning server refused/ },
  { mood: 'nonsense', what: 'answers nonsense', says: /something that is not understood/ },
  { mood: 'hangs', what: 'hangs', says: /provisioning server at \S+ is not reached/ },
] as const;

/** Enabling and disabling on a pair that serves, with a provisioning server. */
export const xivoEnable: readonly Scenario[] = [
  {
    name: 'xivo-enable',
    text: 'enabled on the running pair: registrars, lines, SIP expiry and crons, devices read theirs again; disabled: all is as before; nobody notices',
    ...plain,
    prepare: prepared,
    deeds: [aCallLasts, ...enabled, devicesWereTold(['d1', 'd2', 'd3']), ...disabled, { do: 'hang-up' }],
    expected: unnoticed,
  },
  {
    name: 'xivo-enable-provd-slow',
    text: 'the same with a provisioning server that is slow: it takes longer, and nobody notices',
    ...plain,
    prepare: [...prepared, provdIs('slow')],
    deeds: [aCallLasts, ...enabled, ...disabled, { do: 'hang-up' }],
    expected: unnoticed,
  },
  ...moods.map(
    ({ mood, what, says }): Scenario => ({
      name: `xivo-enable-provd-${mood}`,
      text: `the provisioning server ${what}: enabling says so, and nothing is changed; done once it is well`,
      ...plain,
      prepare: [...prepared, provdIs(mood)],
      deeds: [aCallLasts, cannotEnable(says), provdIs('well'), ...asBefore, ...enabled, ...disabled, { do: 'hang-up' }],
      expected: unnoticed,
    }),
  ),
  {
    name: 'xivo-enable-provd-refuses-lines',
    text: 'the provisioning server takes the registrars and refuses the lines: enabling says so, and the next one finishes them',
    ...plain,
    prepare: [...prepared, provdIs('refuses-lines')],
    deeds: [
      aCallLasts,
      cannotEnable(/provisioning server refused autoprov/),
      provdIs('well'),
      ...enabled,
      ...disabled,
      { do: 'hang-up' },
    ],
    expected: unnoticed,
  },
];
