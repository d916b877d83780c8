import type { Deed, Scenario } from '../../scenarios/scenario.ts';
import { asterisk, mainLosesPower, pause, standbyServes, takenOver } from '../phrases.ts';
import { aCallLasts, disabled, enabled, prepared, sipGoesBy, unnoticed } from './enable-phrases.ts';
import { aroundChanSip, bareChanSip, plainChanSip } from './scenes.ts';

/** Those that run a second time, with Asterisk 16 and chan_sip. */
const twice = [
  'xivo-takeover',
  'xivo-failback',
  'xivo-takeover-manual',
  'xivo-failback-manual',
  'xivo-standby-reboot',
  'xivo-edge-takeover',
  'xivo-cc-takeover',
  'xivo-berofos-takeover',
  'xivo-xds-takeover',
];

/** With the pair's data too; the others show nothing of it, and begin much sooner without. */
const withData = ['xivo-takeover', 'xivo-failback'];

const again = ({ setup, ...scenario }: Scenario): Scenario => {
  const isWhole = setup?.xivo?.edge === true;
  return {
    ...scenario,
    ...(withData.includes(scenario.name) ? plainChanSip : isWhole ? aroundChanSip : bareChanSip),
    name: scenario.name.replace('xivo-', 'xivo-chan-sip-'),
    text: `Asterisk 16 and chan_sip: ${scenario.text}`,
  };
};

/** This telephone answers. */
const answeredCall: readonly Deed[] = [
  { do: 'call', from: '1002', to: '1003', takenBy: '1003' },
  pause(300),
  { do: 'hang-up' },
];

const own: readonly Scenario[] = [
  {
    name: 'xivo-chan-sip-rings',
    text: 'Asterisk 16 and chan_sip: the main dies, and telephones that registered there are rung at the standby at once, by the registrations that followed',
    ...bareChanSip,
    deeds: [
      { do: 'call', from: '1002', to: '1003', takenBy: '1003' },
      pause(300),
      { do: 'hang-up' },
      mainLosesPower,
      standbyServes,
      ...answeredCall,
    ],
    expected: { serving: 'standby', ...takenOver, moves: 1, inboundOutageMsMost: 2000 },
  },
  {
    name: 'xivo-chan-sip-enable',
    text: 'Asterisk 16 and chan_sip: enabled and disabled on the running pair; chan_sip grants what staticsip has',
    ...plainChanSip,
    prepare: prepared,
    deeds: [aCallLasts, ...enabled, sipGoesBy(300), ...disabled, sipGoesBy(3600), { do: 'hang-up' }],
    expected: unnoticed,
  },
  {
    name: 'xivo-chan-sip-crash',
    text: 'Asterisk 16 and chan_sip: Asterisk of the main crashes: the standby takes over, and chan_sip of the main reads the registrations again',
    ...bareChanSip,
    deeds: [
      { do: 'fault', fault: { kind: 'crash', host: 'main', unit: 'asterisk.service' } },
      standbyServes,
      ...answeredCall,
      asterisk('standby', 'sip show registry'),
    ],
    expected: { serving: 'standby', ...takenOver, moves: 1 },
  },
];

/** `usual`: the scenarios of the XiVO topology. */
export const xivoChanSipOf = (usual: readonly Scenario[]): readonly Scenario[] => [
  ...usual.filter(({ name }) => twice.includes(name)).map(again),
  ...own,
];
