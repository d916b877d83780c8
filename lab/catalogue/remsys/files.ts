/** Asterisk's own files at two sites: there at once, home again with service, and each site's own left alone. */
import type { Role } from '../../../src/core/words.ts';
import type { Deed, Scenario } from '../../scenarios/scenario.ts';
import { exec, failback, inStep, mainServes, pause, says, standbyServes, switchover } from '../phrases.ts';
import { namesPointTo } from './phrases.ts';
import { twoSites } from './scenes.ts';

const folder = '/etc/asterisk';
const custom = `${folder}/extensions_custom.conf`;
const queues = `${folder}/queues_custom.conf`;
const own = `${folder}/pjsip.conf`;

const has = (what: string, on: Role, path: string, pattern: RegExp, withinMs: number): Deed =>
  says(what, on, ['tail', '-n', '1', path], pattern, withinMs);
const adds = (on: Role, path: string, line: string): Deed => exec(on, ['tee', '-a', path], `${line}\n`);
/** What a run before this one added. */
const asBefore = (on: Role): readonly Deed[] => [
  exec(on, ['rm', '-f', custom, queues]),
  exec(on, ['sed', '-i', '/^; added at/d', own]),
];

export const remsysFiles: readonly Scenario[] = [
  {
    name: 'remsys-files',
    text: 'a file of Asterisk that changes at A is at B within five seconds, what is changed and made at B comes home with service, and what is each site’s own (its addresses) stays',
    ...twoSites({ mysql: { make: 'mariadb', via: 'ssh' }, files: true }),
    prepare: [...asBefore('main'), ...asBefore('standby'), inStep('main', 'files')],
    deeds: [
      adds('main', own, '; added at A'),
      adds('main', custom, '; of A'),
      // A run of rsync takes some two seconds over the distance between the sites.
      has('it is at B', 'standby', custom, /^; of A$/m, 5000),
      // What came within the last second before B serves counts as changed on both, and stays in both versions.
      pause(2000),
      switchover,
      standbyServes,
      adds('standby', own, '; added at B'),
      adds('standby', custom, '; and of B'),
      adds('standby', queues, '; new at B'),
      failback,
      mainServes,
      has('what was changed is home', 'main', custom, /^; and of B$/m, 60_000),
      has('what was made is home', 'main', queues, /^; new at B$/m, 60_000),
      has('the own of A stays', 'main', own, /^; added at A$/m, 100),
      has('the own of B stays', 'standby', own, /^; added at B$/m, 100),
      adds('main', custom, '; of A again'),
      has('A feeds again', 'standby', custom, /^; of A again$/m, 60_000),
      has('the own of B stays after that', 'standby', own, /^; added at B$/m, 100),
      ...namesPointTo('main', 5000),
    ],
    expected: { serving: 'main', outageMsMost: 5000, twoServing: 'none', moves: 2 },
  },
];
