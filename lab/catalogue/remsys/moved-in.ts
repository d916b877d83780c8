/** The agents come to two servers that already serve by the scheme: docs/from-remsys.md. */
import type { Role } from '../../../src/core/words.ts';
import { zoneKeyPath } from '../../remsys/name-servers.ts';
import { zone } from '../../remsys/places.ts';
import type { Deed, Scenario } from '../../scenarios/scenario.ts';
import { roles } from '../../topology.ts';
import { exec, mainServes, pause } from '../phrases.ts';
import { journal, namesPointTo } from './phrases.ts';
import { twoSites } from './scenes.ts';

/** No agent has ever run: no memory on the disk or of this boot. */
const forgets = (on: Role): readonly Deed[] => [
  { do: 'systemctl', on, argv: ['stop', 'dualtone.service'] },
  exec(on, ['sh', '-c', 'rm -rf /var/lib/dualtone/* /run/dualtone']),
];

/** As `dualtone init --adopt` writes it: for this boot, and for 20 s of the clock that begins with it. */
const ordered = String.raw`umask 077 && mkdir -p /run/dualtone && printf '{"bootId":"%s","until":%d}' \
  "$(cat /proc/sys/kernel/random/boot_id)" "$(awk '{print int($1 * 1000) + 20000}' /proc/uptime)" > /run/dualtone/adopt.json`;

const starts = (on: Role): Deed => ({ do: 'systemctl', on, argv: ['start', 'dualtone.service'] });

export const remsysMovedIn: readonly Scenario[] = [
  {
    name: 'remsys-moved-in',
    text: 'A serves without Dualtone, with calls; the agent of A goes on with what serves, then that of B starts: nobody notices, and the name stays',
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
      exec('main', ['sh', '-c', ordered]),
      starts('main'),
      journal('main', 'the agent goes on with what serves', /goes on with the telephony that served/, 8000),
      starts('standby'),
      mainServes,
      ...namesPointTo('main', 5000),
      pause(2000),
      { do: 'hang-up' },
    ],
    expected: { serving: 'main', outageMsMost: 200, twoServing: 'none', moves: 0, callsCut: 0 },
  },
];
