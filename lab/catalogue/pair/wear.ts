/** What comes once in a year, and not in a test of minutes: clocks that leap, and disks that fill up. */

import type { Deed, Scenario } from '../../scenarios/scenario.ts';
import { checkpointUnit, agentUnit as unit } from '../../units.ts';
import { mainServes, order, pause, says, standbyServes, takenOver } from '../phrases.ts';

const yearSeconds = 365 * 86_400;
const staysMs = 3000;

const leap = (host: string, offsetSeconds: number, name: string): Deed => ({
  do: 'fault',
  fault: {
    kind: 'clock-step',
    host,
    unit: host === 'checkpoint1' ? checkpointUnit : unit,
    offsetSeconds,
  },
  as: name,
});

/** A year ahead, then a year back, then as it is. */
const leaps = (host: string): readonly Deed[] => [
  leap(host, yearSeconds, host),
  pause(staysMs),
  leap(host, -yearSeconds, host),
  pause(staysMs),
  { do: 'mend', name: host },
  pause(staysMs),
];

/** All twenty, whatever its clock said meanwhile. */
const standbyKnowsAll = says(
  'the standby knows all telephones',
  'standby',
  ['asterisk', '-rx', 'database show registrar/contact'],
  /^2\d results found/m,
  10_000,
);

/** The journal is on disk again, and the chain holds over what was kept in memory. */
const isWhole = (on: 'main' | 'standby'): readonly Deed[] => [
  says(
    `the journal of the ${on} is written`,
    on,
    ['dualtone', 'status', '--json'],
    /"journal":\s*\{\s*"path":\s*"[^"]*",\s*"trouble":\s*null/,
    10_000,
  ),
  says(`the journal of the ${on} is whole`, on, ['dualtone', 'journal', 'verify'], /is whole/, 5000),
];

const fill = (host: 'main' | 'standby'): Deed => ({
  do: 'fault',
  fault: { kind: 'disk-full', host },
  as: `disk-${host}`,
});

/** Scenarios of a year's wear; what grows in hours is the soak's. */
export const wears: readonly Scenario[] = [
  {
    name: 'wear-clock-leap',
    text: 'the wall clocks of standby and checkpoint leap by a year, ahead and back, and the main’s a year back: nobody notices, and the standby stays ready',
    needs: { falseClock: true },
    deeds: [
      ...leaps('standby'),
      standbyKnowsAll,
      ...leaps('checkpoint1'),
      leap('main', -yearSeconds, 'main'),
      pause(staysMs),
      ...isWhole('main'),
      ...isWhole('standby'),
    ],
    expected: { serving: 'main', outageMsMost: 0, twoServing: 'none', moves: 0 },
  },
  {
    name: 'wear-clock-leap-main',
    text: 'the wall clock under the main’s agent leaps a year ahead, which looks like a pause of the machine: its gate closes until its term is confirmed, and nothing moves, then or back again',
    needs: { falseClock: true },
    deeds: [
      leap('main', yearSeconds, 'main'),
      pause(staysMs),
      says(
        'its term was confirmed',
        'main',
        ['dualtone', 'journal', '--since', '60s'],
        /still stands, by the word/,
        1000,
      ),
      leap('main', 0, 'main'),
      pause(staysMs),
      ...isWhole('main'),
      ...isWhole('standby'),
    ],
    // By the false clock of its agent, the main's registrations have expired, and are not carried.
    expected: { serving: 'main', outageMsMost: 100, twoServing: 'none', moves: 0, registrationsKept: 'any' },
  },
  {
    name: 'wear-small-disk',
    text: 'the state of both nodes lies on a disk of a gigabyte, which fills up while they run: service is moved by order and by a crash as ever; with space again the journals are whole',
    needs: { stateDisk: 1024 },
    deeds: [
      fill('main'),
      fill('standby'),
      pause(staysMs),
      order('main', 'switchover'),
      standbyServes,
      // The last page of the file may have taken some entries more.
      says(
        'the journal is kept in memory, and the main says so',
        'main',
        ['dualtone', 'status'],
        /no space left/i,
        10_000,
      ),
      pause(1000),
      { do: 'fault', fault: { kind: 'crash', host: 'standby', unit: 'asterisk.service' } },
      mainServes,
      pause(1000),
      { do: 'mend', name: 'disk-main' },
      { do: 'mend', name: 'disk-standby' },
      ...isWhole('main'),
      ...isWhole('standby'),
    ],
    expected: { serving: 'main', ...takenOver, moves: 2 },
  },
];
