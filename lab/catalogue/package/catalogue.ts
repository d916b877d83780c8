import { packagePath } from '../../package/packages.ts';
import { nodeConfigPath } from '../../pair/configuration.ts';
import type { Deed, Scenario } from '../../scenarios/scenario.ts';
import { begins, isAt } from '../page.ts';
import { exec, mainServes, pause } from '../phrases.ts';
import { agentIs, installs, isRefused, runsFromPackage, standsAsBefore } from './phrases.ts';

const call: Deed = { do: 'call', from: '1001', to: '800' };
const hangUp: Deed = { do: 'hang-up' };

/** On the disk, behind the program that runs. */
const PROGRAM = '/usr/lib/dualtone';

const allRun = (version: 'former' | 'next'): readonly Deed[] => [
  ...['standby', 'checkpoint1', 'main'].flatMap((on) => [...runsFromPackage(on, version), pause(2500)]),
  // On a busy machine the standby may have had to serve.
  { do: 'order', on: 'main', argv: ['failback', '--accept-loss'], exit: 'any' },
  mainServes,
  pause(2000),
];

/** One after the other, the active node last: a call goes on, and nobody notices. */
const moveAll = (version: 'former' | 'next'): readonly Deed[] => [
  call,
  installs('standby', version),
  agentIs('standby', version),
  pause(1000),
  installs('checkpoint1', version),
  pause(1000),
  installs('main', version),
  agentIs('main', version),
  pause(1000),
  hangUp,
];

const UNNOTICED = { serving: 'main', outageMsMost: 0, twoServing: 'none', moves: 0, callsCut: 0 } as const;
const common = { needs: { packages: true }, inbound: false } as const;

/** The lab puts its own pair there again, and cannot write through a folder that was removed. */
const foldersForTheLab = exec('standby', ['mkdir', '-p', '/etc/dualtone', '/var/lib/dualtone']);

const setUpFromPackage: Pick<Scenario, 'setup' | 'prepare'> = {
  setup: { checkpoints: 0, maxSwitches: 998 },
  prepare: [
    begins('packaged-run'),
    isAt(/^main: ready; standby: ready/, 300_000, 'packaged-run'),
    mainServes,
    pause(2000),
  ],
};

const refusedWhereServiceIs: Deed = isRefused(
  'dpkg fails',
  'main',
  ['dpkg', '--purge', 'dualtone'],
  /this node serves/,
);

const dpkg = (...words: readonly string[]): Deed => ({
  do: 'exec',
  on: 'standby',
  argv: ['dpkg', ...words],
  withinMs: 60_000,
});

/** `debian`: of every host; the suite's own dpkg, systemd, nftables, OpenSSH, rsync and C library. Left out: sid. */
const lifeOn = (debian?: 11 | 12): readonly Scenario[] => {
  const [name, words] =
    debian === undefined ? ['', ''] : ([`-debian-${debian}`, `, all hosts Debian ${debian}`] as const);
  const own = { ...common, needs: { ...common.needs, ...(debian === undefined ? {} : { debian }) } } as const;
  return [
    {
      ...own,
      name: `package-upgrade${name}`,
      text: `the package of the next version is installed on standby, checkpoint and the active main; a call goes on, nobody notices${words}`,
      prepare: allRun('former'),
      deeds: moveAll('next'),
      expected: UNNOTICED,
      goal: { p50Ms: 0, p99Ms: 0 },
    },
    {
      ...own,
      name: `package-downgrade${name}`,
      text: `back by one version on standby, checkpoint and the active main; a call goes on, nobody notices${words}`,
      prepare: allRun('next'),
      deeds: moveAll('former'),
      expected: UNNOTICED,
      goal: { p50Ms: 0, p99Ms: 0 },
    },
    {
      ...own,
      ...setUpFromPackage,
      name: `package-purge${name}`,
      text: `set up from the package in two terminals; purge is refused where service is, and leaves each server as it was found${words}`,
      deeds: [
        call,
        refusedWhereServiceIs,
        dpkg('--purge', 'dualtone'),
        foldersForTheLab,
        standsAsBefore('standby'),
        pause(1000),
        hangUp,
      ],
      expected: UNNOTICED,
    },
  ];
};

/** What is the same on every Debian. */
const troubles: readonly Scenario[] = [
  {
    ...common,
    ...setUpFromPackage,
    name: 'package-remove',
    text: 'removed from the standby, not purged: what was changed is put back, the journal stays for a person, and purge takes it later',
    deeds: [
      call,
      dpkg('--remove', 'dualtone'),
      exec('standby', ['test', '!', '-e', PROGRAM]),
      exec('standby', ['/bin/sh', '-c', 'grep -q . /var/lib/dualtone/journal/*.jsonl']),
      dpkg('--purge', 'dualtone'),
      exec('standby', ['test', '!', '-e', '/var/lib/dualtone']),
      foldersForTheLab,
      standsAsBefore('standby'),
      pause(1000),
      hangUp,
    ],
    expected: UNNOTICED,
  },
  {
    ...common,
    name: 'package-hand-edited',
    text: 'the active main’s file was edited by hand and is invalid: its upgrade says so, the former agent goes on; mended, it is finished',
    prepare: [
      ...allRun('former'),
      exec('main', ['cp', '-p', nodeConfigPath, '/root/kept.yaml']),
      exec('main', ['sed', '-i', '$a nonsense: 1', nodeConfigPath]),
    ],
    deeds: [
      call,
      isRefused('dpkg fails', 'main', ['dpkg', '--install', packagePath('next')], /goes on with the former program/),
      agentIs('main', 'former'),
      exec('main', ['grep', '-q', '^nonsense: 1$', nodeConfigPath]),
      exec('main', ['cp', '-p', '/root/kept.yaml', nodeConfigPath]),
      { do: 'exec', on: 'main', argv: ['dpkg', '--configure', 'dualtone'], withinMs: 60_000 },
      agentIs('main', 'next'),
      pause(1000),
      hangUp,
    ],
    expected: UNNOTICED,
  },
  {
    ...common,
    name: 'package-full-disk',
    text: 'the disk is full while the active main is upgraded: dpkg takes it back, and the agent never stopped',
    prepare: [
      ...allRun('former'),
      exec('main', ['cp', '-a', PROGRAM, '/root/program']),
      exec('main', ['mount', '-t', 'tmpfs', '-o', 'size=170m', 'lab', PROGRAM]),
      exec('main', ['cp', '-a', '/root/program/.', PROGRAM]),
    ],
    deeds: [
      call,
      isRefused('dpkg fails', 'main', ['dpkg', '--install', packagePath('next')], /No space left/),
      agentIs('main', 'former'),
      exec('main', ['umount', '--lazy', PROGRAM]),
      exec('main', ['rm', '-rf', '/root/program']),
      installs('main', 'next'),
      agentIs('main', 'next'),
      pause(1000),
      hangUp,
    ],
    expected: UNNOTICED,
  },
];

export const packages: readonly Scenario[] = [...lifeOn(), ...troubles, ...lifeOn(12), ...lifeOn(11)];
