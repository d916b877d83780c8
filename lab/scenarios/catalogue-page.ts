import { join } from 'node:path';
import { chromiumPath } from '../page/chromium.ts';
import { mainLosesPower, mainServes, pause, standbyServes } from './phrases.ts';
import type { Deed, Scenario } from './scenario.ts';

const program = join(import.meta.dirname, '..', 'page', 'visit.ts');

const run = (verb: 'begin' | 'state', task: readonly string[]): readonly string[] => [
  process.execPath,
  program,
  verb,
  ...task,
];

/** A person with a real browser, in the network of the telephones: begins, and goes on by itself. */
const begins = (...task: readonly string[]): Deed => ({ do: 'exec', on: 'phones', argv: run('begin', task) });

const isAt = (state: RegExp, withinMs: number, ...task: readonly string[]): Deed => ({
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

const scenarios: readonly Scenario[] = [
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

/** What a person does in a browser; none where there is no browser. */
export const pages: readonly Scenario[] = isThere ? scenarios : [];
