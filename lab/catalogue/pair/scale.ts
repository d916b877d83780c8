/** Many telephones: they take minutes each, and a machine that has little else to do. */
import type { LabNeeds } from '../../needs.ts';
import type { Scenario } from '../../scenarios/scenario.ts';
import { mainLosesPower, pause, standbyServes, takenOver } from '../phrases.ts';

const needs: LabNeeds = { load: { endpoints: 10_000, registrationsAMinute: 3000 } };
/** As many calls, and so few telephones that the lab is ready within a minute: each comes every 60 s, the shortest that Asterisk grants. */
const fewer: LabNeeds = { load: { endpoints: 1200, registrationsAMinute: 1200 } };
const thousandCalls = { do: 'calls', count: 1000, aSecond: 20 } as const;

/** Telephones by the thousand. */
export const scales: readonly Scenario[] = [
  {
    name: 'scale-calls',
    text: 'with 1 200 telephones, 1 200 registrations a minute and 1 000 calls the main loses its power; the standby serves, and knows all',
    needs: fewer,
    prepare: [thousandCalls],
    deeds: [mainLosesPower, standbyServes, pause(3000)],
    expected: { serving: 'standby', ...takenOver, moves: 1, registrationsKept: 100 },
  },
  {
    name: 'scale-power-loss',
    text: 'with 10 000 telephones, 3 000 registrations a minute and 1 000 calls the main loses its power; the standby serves, and knows all',
    needs,
    prepare: [thousandCalls],
    deeds: [mainLosesPower, standbyServes, pause(3000)],
    expected: { serving: 'standby', ...takenOver, moves: 1, registrationsKept: 100 },
  },
  {
    name: 'scale-switchover',
    text: 'the same, and a person moves service',
    needs,
    prepare: [thousandCalls],
    deeds: [{ do: 'order', on: 'main', argv: ['switchover'] }, standbyServes, pause(3000)],
    expected: { serving: 'standby', ...takenOver, moves: 1, registrationsKept: 100 },
  },
  {
    name: 'scale-storm',
    text: 'the main loses its power, and in that moment all 10 000 telephones register; the standby serves, and all are registered in the end',
    needs,
    deeds: [{ do: 'storm', aSecond: 500 }, mainLosesPower, standbyServes],
    expected: { serving: 'standby', ...takenOver, moves: 1, registrationsKept: 100 },
  },
];
