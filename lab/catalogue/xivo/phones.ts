import type { Deed, Scenario } from '../../scenarios/scenario.ts';
import { givenUpMs, refreshMs } from '../../xivo/backup-phone.ts';
import { failback, mainLosesPower, mainServes, pause, standbyServes, switchover, takenOver } from '../phrases.ts';
import { plain } from './scenes.ts';

/** A whole refresh, the time until a registrar is given up, twice for the digest of the next, and a takeover. */
const mostMs = refreshMs + givenUpMs + 3000;

const isAt = (role: 'main' | 'standby', most = mostMs): Deed => ({
  do: 'backup-phone-at',
  role,
  withinMs: mostMs + 5000,
  mostMs: most,
});

/** Its answer is that it is busy: the call came to it. */
const isCalled: Deed = { do: 'refused-call', from: '1002', to: '804', says: /486/ };

/** Telephones without a virtual IP, as XiVO's are: main and backup registrar. */
export const xivoPhones: readonly Scenario[] = [
  {
    name: 'xivo-backup-registrar',
    text: 'the main dies right after a telephone registered there: at its next refresh it is at the standby, and is called there',
    ...plain,
    inbound: false,
    prepare: [{ do: 'backup-phone' }, isAt('main'), isCalled],
    deeds: [mainLosesPower, standbyServes, isAt('standby'), isCalled],
    expected: { serving: 'standby', ...takenOver, moves: 1 },
  },
  {
    name: 'xivo-backup-registrar-home',
    text: 'after a failback the same telephone is at the main again at its next refresh: the standby’s gate takes no more from it',
    ...plain,
    inbound: false,
    prepare: [switchover, standbyServes, { do: 'backup-phone' }, isAt('standby'), isCalled, pause(1500)],
    deeds: [failback, mainServes, isAt('main'), isCalled],
    expected: { serving: 'main', outageMsMost: 600, twoServing: 'none', moves: 1 },
  },
];
