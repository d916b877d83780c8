import { join } from 'node:path';
import type { Role } from '../../src/core/words.ts';
import { chromiumPath } from '../page/chromium.ts';
import { nodeConfigPath } from '../pair/configuration.ts';
import type { Deed, Scenario } from '../scenarios/scenario.ts';
import { exec, mainLosesPower, mainServes, pause, says, standbyServes } from './phrases.ts';
import { plain } from './xivo/scenes.ts';

const program = join(import.meta.dirname, '..', 'page', 'visit.ts');

const run = (verb: 'begin' | 'state', task: readonly string[]): readonly string[] => [
  process.execPath,
  program,
  verb,
  ...task,
];

/** A person with a real browser, in the network of the telephones: begins, and goes on by itself. */
export const begins = (...task: readonly string[]): Deed => ({ do: 'exec', on: 'phones', argv: run('begin', task) });

export const isAt = (state: RegExp, withinMs: number, ...task: readonly string[]): Deed => ({
  do: 'expect',
  what: `the visit (${task.join(' ')}) says ${state.source}`,
  on: 'phones',
  argv: run('state', task),
  says: state,
  withinMs,
});

const does = (...task: readonly string[]): readonly Deed[] => [begins(...task), isAt(/^done/, 90_000, ...task)];

/** The agents restarted for it: on a busy machine the standby may have had to serve. */
const pagesAreOpen: readonly Deed[] = [
  ...does('open'),
  { do: 'order', on: 'main', argv: ['failback', '--accept-loss'], exit: 'any' },
  mainServes,
  pause(2000),
];

const configHas = (role: Role, hold: string): Deed =>
  says(`the file of the ${role} has it`, role, ['cat', nodeConfigPath], new RegExp(`hold: ${hold}`), 1000);

/** A run before may have left the agents with its setting, though no longer in their files. */
const agentsStartAnew: readonly Deed[] = (['standby', 'main'] as const).flatMap((on): readonly Deed[] => [
  { do: 'systemctl', on, argv: ['restart', 'dualtone.service'] },
  mainServes,
]);

/** As it was, for the runs that follow. */
const holdsAgain = (role: Role): Deed => exec(role, ['sed', '-i', 's/hold: 3m/hold: 60000ms/', nodeConfigPath]);

const scenarios: readonly Scenario[] = [
  {
    name: 'page-settings',
    text: 'on the pages: a setting is changed on both nodes, then each agent starts again while the other serves; never two, and no call is cut but by the moves',
    prepare: [...agentsStartAnew, ...pagesAreOpen],
    deeds: [
      ...does('settings', 'standby'),
      configHas('main', '3m'),
      configHas('standby', '3m'),
      ...does('restart', 'standby'),
      ...does('order', 'main', 'switchover'),
      standbyServes,
      ...does('restart', 'main'),
      ...does('order', 'standby', 'failback'),
      mainServes,
      holdsAgain('main'),
      holdsAgain('standby'),
    ],
    expected: { serving: 'main', outageMsMost: 1500, twoServing: 'none', moves: 2 },
  },
  {
    name: 'page-pairing',
    text: 'on the pages: the main makes a token, the standby joins with it; both agents start again, and never do two serve',
    setup: { checkpoints: 0 },
    prepare: pagesAreOpen,
    deeds: [
      begins('invite', 'main'),
      isAt(/^has a token/, 60_000, 'invite', 'main'),
      ...does('join', 'standby'),
      isAt(/^done/, 60_000, 'invite', 'main'),
      mainServes,
    ],
    expected: { serving: 'main', outageMsMost: 1500, twoServing: 'none' },
  },
  {
    name: 'page-power-loss',
    text: 'the main loses its power, and the standby’s page shows the takeover within a second of the agent’s knowing',
    prepare: [...pagesAreOpen, begins('watch', 'standby'), isAt(/^watching/, 90_000, 'watch', 'standby')],
    deeds: [mainLosesPower, standbyServes, isAt(/^shown after \d{1,3} ms/, 30_000, 'watch', 'standby')],
    expected: { serving: 'standby', outageMsMost: 1500, twoServing: 'none', moves: 1 },
  },
  {
    name: 'page-switchover',
    text: 'a person moves service to the standby on the page of the main',
    prepare: pagesAreOpen,
    deeds: [...does('order', 'main', 'switchover'), standbyServes],
    expected: { serving: 'standby', outageMsMost: 400, twoServing: 'none', moves: 1 },
  },
  {
    name: 'page-drill',
    text: 'on the page of the main: a drill is shown, made and reported; service moves to the standby and comes back',
    inbound: false,
    prepare: [
      ...pagesAreOpen,
      says(
        'nothing stands against a drill',
        'standby',
        ['dualtone', 'drill', '--preview', '--json'],
        /"against":\[\]/,
        60_000,
      ),
    ],
    deeds: [...does('drill', 'main'), mainServes],
    expected: { serving: 'main', outageMsMost: 1500, twoServing: 'none', moves: 2 },
  },
  {
    name: 'page-manual-mode',
    text: 'on the pages: manual mode, then the standby is started while the main serves; the main closes first, never two',
    prepare: [...pagesAreOpen, ...does('order', 'main', 'manual')],
    deeds: [...does('order', 'standby', 'start'), standbyServes],
    expected: { serving: 'standby', outageMsMost: 1500, twoServing: 'none', moves: 1 },
  },
];

const isThere = chromiumPath() !== null;

// Loud where scenarios are run, quiet in lists.
if (!isThere && process.argv.includes('run'))
  process.stderr.write(
    `SKIPPED: ${scenarios.map(({ name }) => name).join(', ')}: there is no Chromium (apt-get install chromium).\n`,
  );

/** No other has this setup: the pair that is made here is not the one that the lab installed. */
const firstRun: Scenario = {
  name: 'setup-first-run',
  text: 'two servers with nothing of Dualtone: `dualtone setup` in two terminals ends with a pair that is ready, and then the main loses its power',
  setup: { checkpoints: 0, maxSwitches: 999 },
  prepare: [begins('first-run'), isAt(/^main: ready; standby: ready/, 150_000, 'first-run'), mainServes, pause(2000)],
  deeds: [mainLosesPower, standbyServes],
  expected: { serving: 'standby', outageMsMost: 1500, twoServing: 'none', moves: 1 },
};

/** keepalived has the address until its last step. */
const fromKeepalived: Scenario = {
  name: 'setup-from-keepalived',
  text: 'keepalived moves the address of two servers: Dualtone is set up beside it, then keepalived is stopped; never two serve',
  setup: { checkpoints: 0, maxSwitches: 998 },
  prepare: [
    begins('keepalived-serves'),
    isAt(/^keepalived serves/, 90_000, 'keepalived-serves'),
    mainServes,
    pause(2000),
  ],
  deeds: [begins('from-keepalived'), isAt(/^ready/, 240_000, 'from-keepalived'), mainServes, pause(2000)],
  expected: { serving: 'main', outageMsMost: 500, twoServing: 'none', moves: 0 },
};

/** A lab of its own, by what it needs: the address that the main has for good would stay. */
const fromXivo: Scenario = {
  name: 'xivo-import',
  text: 'a pair of XiVO’s own scripts becomes one of Dualtone by the commands that `dualtone import xivo` prints; telephones ask and calls come in all along',
  needs: { xivo: true, stateDisk: true },
  setup: { ...plain.setup, checkpoints: 0 },
  prepare: [
    begins('original-serves'),
    isAt(/^the original serves/, 120_000, 'original-serves'),
    mainServes,
    pause(2000),
  ],
  deeds: [begins('from-xivo'), isAt(/^ready/, 420_000, 'from-xivo'), mainServes, pause(2000)],
  // On a busy machine it takes minutes, in which registrations of the lab's telephones expire.
  expected: { serving: 'main', outageMsMost: 500, twoServing: 'none', moves: 0, registrationsKept: 'any' },
};

/** What a person does in a browser, none where there is no browser; and in two terminals. */
export const pages: readonly Scenario[] = [...(isThere ? scenarios : []), firstRun, fromKeepalived, fromXivo];
