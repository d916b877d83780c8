/** The agents come to two servers that already serve by the scheme: docs/from-remsys.md. */
import type { Role } from '../../../src/core/words.ts';
import { zoneKeyPath } from '../../remsys/name-servers.ts';
import { zone } from '../../remsys/places.ts';
import type { Deed, Scenario } from '../../scenarios/scenario.ts';
import { roles } from '../../topology.ts';
import { exec, mainServes, pause } from '../phrases.ts';
import { namesPointTo } from './phrases.ts';
import { twoSites } from './scenes.ts';

/** No agent has ever run: no memory on the disk or of this boot. */
const forgets = (on: Role): readonly Deed[] => [
  { do: 'systemctl', on, argv: ['stop', 'dualtone.service'] },
  exec(on, ['sh', '-c', 'rm -rf /var/lib/dualtone/* /run/dualtone']),
];

const starts = (on: Role): Deed => ({ do: 'systemctl', on, argv: ['start', 'dualtone.service'] });

export const remsysMovedIn: readonly Scenario[] = [
  {
    name: 'remsys-moved-in',
    text: 'A serves without Dualtone, with calls; the agents start on A, then on B, for the first time: how long nobody is answered, and the name stays',
    ...twoSites(),
    prepare: [
      ...roles.flatMap(forgets),
      // A zone that has never known an epoch.
      exec(
        'dns1',
        ['nsupdate', '-k', zoneKeyPath],
        `server 127.0.0.1\nzone ${zone}\nupdate delete _dualtone.${zone} TXT\nsend\n`,
      ),
      // B's telephony does not run in the scheme; here its gate stays shut.
      exec('main', ['nft', 'delete', 'table', 'inet', 'dualtone']),
      mainServes,
      pause(2000),
    ],
    inbound: false,
    deeds: [
      { do: 'call', from: '1001', to: '800' },
      starts('main'),
      starts('standby'),
      mainServes,
      ...namesPointTo('main', 5000),
      pause(2000),
      { do: 'hang-up' },
    ],
    expected: { serving: 'main', outageMsMost: 10_000, twoServing: 'none', moves: 0, callsCut: 0 },
  },
];
