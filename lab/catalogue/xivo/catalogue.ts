import type { Deed, Scenario } from '../../scenarios/scenario.ts';
import { callsPath, groupUnits } from '../../xivo/node-files.ts';
import { plainXivo } from '../../xivo/setup.ts';
import {
  allCopied,
  exec,
  failback,
  mainHasPower,
  mainLosesPower,
  mainServes,
  order,
  pause,
  says,
  standbyServes,
  switchover,
  takenOver,
} from '../phrases.ts';
import { xivoChanSipOf } from './chan-sip.ts';
import { xivoEnable } from './enable.ts';
import { xivoMedia } from './media.ts';
import { xivoPhones } from './phones.ts';
import { xivoPhonesRestart } from './phones-restart.ts';
import {
  agentsRelogged,
  asteriskStartedAnew,
  forget,
  isMute,
  mainDiesByHand,
  manual,
  mark,
  neverStarted,
  reinstall,
  unitsRun,
} from './phrases.ts';
import { xivoReporting } from './reporting.ts';
import { plain, xivoPair } from './scenes.ts';
import { xivoSwitches } from './switches.ts';

/** The group on one node and not on the other. */
const groupOnMain = [unitsRun('main', 'all', groupUnits, 20_000), unitsRun('standby', 'none', groupUnits, 20_000)];
const groupOnStandby = unitsRun('standby', 'all', groupUnits, 20_000);
const groupMoved = [groupOnStandby, unitsRun('main', 'none', groupUnits, 20_000)];
const mainCrashes: Deed = { do: 'fault', fault: { kind: 'crash', host: 'main', unit: 'asterisk.service' } };
/** None but what is asked each few minutes or each hour, of which one may fall into it: `arping`, `nft`, `timedatectl`. */
const LOOKS_A_MINUTE = 2;
const asteriskAndMonit = ['asterisk.service', 'monit.service'];

const moves: readonly Scenario[] = [
  {
    name: 'xivo-takeover',
    text: 'the main dies: telephony first, then the rest of the group, DHCP and monit at the standby; agents log in again; no download',
    ...plain,
    prepare: [...groupOnMain, forget('standby', callsPath)],
    deeds: [mainLosesPower, standbyServes, groupOnStandby, agentsRelogged('standby')],
    expected: { serving: 'standby', ...takenOver, inboundOutageMsMost: 3000, moves: 1 },
  },
  {
    name: 'xivo-failback',
    text: 'a person gives service back: the group, DHCP and monit run on the main, and on the standby no longer',
    ...plain,
    prepare: [switchover, standbyServes, groupOnStandby, forget('main', callsPath), pause(1500)],
    deeds: [failback, mainServes, ...groupOnMain, agentsRelogged('main')],
    expected: { serving: 'main', outageMsMost: 600, inboundOutageMsMost: 3000, twoServing: 'none', moves: 1 },
  },
  {
    name: 'xivo-takeover-manual',
    text: 'in manual mode the main dies: nothing of the group starts until a person says so; the main that returns starts nothing',
    ...plain,
    prepare: groupOnMain,
    deeds: [
      ...mainDiesByHand,
      unitsRun('standby', 'none', groupUnits, 100),
      order('standby', 'start', '--confirm', 'main'),
      standbyServes,
      groupOnStandby,
      mainHasPower,
      pause(3000),
      neverStarted('main', groupUnits),
    ],
    expected: { serving: 'standby', outageMsMost: 12_000, twoServing: 'none', moves: 1 },
  },
  {
    name: 'xivo-failback-manual',
    text: 'in manual mode a person starts the main while the standby serves: the standby closes first, never two, never none for long',
    ...plain,
    prepare: [switchover, standbyServes, groupOnStandby, manual, pause(1500)],
    deeds: [order('main', 'start'), mainServes, ...groupOnMain],
    expected: { serving: 'main', outageMsMost: 1500, twoServing: 'none', moves: 1 },
  },
];

/** A unit of the group that takes its time to stop stands before the address. */
const slowStop = '/etc/systemd/system/xivo-agid.service.d/slow.conf';
const reloaded = (on: 'main'): Deed => exec(on, ['systemctl', 'daemon-reload']);

const returns: readonly Scenario[] = [
  {
    name: 'xivo-to-and-fro',
    text: 'service comes back to the main while a slow unit still keeps its address there: telephones and the provider are told anew where it is',
    needs: { xivo: true },
    setup: { xivo: plainXivo },
    prepare: [
      exec('main', ['mkdir', '-p', '/etc/systemd/system/xivo-agid.service.d']),
      exec('main', ['tee', slowStop], '[Service]\nExecStop=/bin/sleep 8\n'),
      reloaded('main'),
      ...groupOnMain,
    ],
    deeds: [
      switchover,
      standbyServes,
      pause(1500),
      failback,
      mainServes,
      pause(3000),
      exec('main', ['rm', '-f', slowStop]),
      reloaded('main'),
    ],
    expected: { serving: 'main', outageMsMost: 1500, inboundOutageMsMost: 3000, twoServing: 'none', moves: 2 },
  },
];

const passives: readonly Scenario[] = [
  {
    name: 'xivo-no-commands',
    text: 'a healthy standby starts few programs within a minute, and each of them only looks (the original: 53, which stop and start), by the kernel’s own account',
    needs: { xivo: true },
    // Of the node itself: what the main's streams start there, by SSH, is in docs/xivo.md.
    setup: { xivo: plainXivo },
    // The first round of all checks is over by then.
    prepare: [...groupOnMain, pause(15_000)],
    deeds: [{ do: 'commands', on: 'standby', forMs: 60_000, most: LOOKS_A_MINUTE }],
    expected: { serving: 'main', outageMsMost: 1500, twoServing: 'none', moves: 0, registrationsKept: 'any' },
  },
  {
    name: 'xivo-no-commands-data',
    text: 'the same where database, files and voicemail follow: the main’s streams log in no more',
    ...plain,
    // Directories that the lab made after the agent began are seen within a minute, and compared once.
    prepare: [
      ...groupOnMain,
      ...allCopied,
      says('all is seen', 'main', ['dualtone', 'status', '--json'], /^(?![\s\S]*compared as a whole)/, 70_000),
      pause(15_000),
    ],
    deeds: [{ do: 'commands', on: 'standby', forMs: 60_000, most: LOOKS_A_MINUTE }],
    expected: { serving: 'main', outageMsMost: 1500, twoServing: 'none', moves: 0, registrationsKept: 'any' },
  },
  {
    name: 'xivo-standby-reboot',
    text: 'the passive standby loses its power and boots, with every unit of the group enabled: none of them starts, and it stays mute',
    ...plain,
    prepare: [...groupOnMain, forget('standby', callsPath)],
    deeds: [
      { do: 'fault', fault: { kind: 'power-loss', host: 'standby' } },
      pause(1000),
      { do: 'mend', name: 'power-loss' },
      pause(6000),
      neverStarted('standby', groupUnits),
      isMute('standby'),
    ],
    expected: { serving: 'main', outageMsMost: 1500, twoServing: 'none', moves: 0 },
  },
  {
    name: 'xivo-standby-apt',
    text: 'Asterisk, monit and the DHCP server are installed anew on the passive standby: it stays mute, and nothing of the group starts',
    ...plain,
    // As booted: what the standby started while it served in another run does not count.
    prepare: [
      ...groupOnMain,
      { do: 'fault', fault: { kind: 'power-loss', host: 'standby' } },
      pause(1000),
      { do: 'mend', name: 'power-loss' },
      isMute('standby'),
      mark('standby'),
    ],
    deeds: [
      ...['asterisk', 'monit', 'isc-dhcp-server'].map((name) => reinstall('standby', name)),
      isMute('standby'),
      neverStarted('standby', groupUnits),
      asteriskStartedAnew('standby'),
    ],
    expected: { serving: 'main', outageMsMost: 1500, twoServing: 'none', moves: 0 },
  },
  {
    name: 'xivo-monit-crash',
    text: 'Asterisk crashes under monit’s rule: the standby takes over, monit of the main is stopped, and service does not wander',
    ...plain,
    prepare: groupOnMain,
    deeds: [
      mainCrashes,
      standbyServes,
      groupOnStandby,
      unitsRun('main', 'none', groupUnits, 10_000),
      pause(6000),
      unitsRun('main', 'none', groupUnits, 100),
    ],
    expected: { serving: 'standby', ...takenOver, moves: 1 },
  },
  {
    name: 'xivo-monit-crash-cold',
    text: 'the same with a cold standby: neither monit nor systemd starts Asterisk again on the node that lost service',
    needs: { xivo: true },
    setup: { ...xivoPair(plainXivo), telephony: 'cold' },
    prepare: groupOnMain,
    deeds: [
      mainCrashes,
      standbyServes,
      unitsRun('main', 'none', asteriskAndMonit, 10_000),
      pause(6000),
      unitsRun('main', 'none', asteriskAndMonit, 100),
    ],
    expected: { serving: 'standby', outageMsMost: 5000, twoServing: 'none', moves: 1 },
  },
  {
    name: 'xivo-monit-restart-first',
    text: 'Asterisk crashes where a restart is tried first: systemd, monit and the agent do not fight, it runs again on the main, and service stays',
    needs: { xivo: true },
    setup: { ...xivoPair(plainXivo), unfit: { policy: 'restart-first', restartWaitMs: 12_000 } },
    prepare: groupOnMain,
    deeds: [
      mainCrashes,
      pause(1000),
      mainServes,
      pause(6000),
      unitsRun('main', 'all', [...groupUnits, ...asteriskAndMonit], 1000),
    ],
    expected: { serving: 'main', outageMsMost: 12_000, twoServing: 'none', moves: 0, registrationsKept: 'any' },
  },
];

const upgrades: readonly Scenario[] = [
  {
    name: 'xivo-upgrade',
    text: 'both nodes are upgraded by the guide, packages with their real scripts: two moves, never two, and nothing of the group starts on the passive one',
    needs: { xivo: true },
    setup: { xivo: plainXivo },
    prepare: groupOnMain,
    deeds: [
      order('standby', 'upgrade', '--yes'),
      standbyServes,
      ...groupMoved,
      order('main', 'upgrade', '--yes', '--accept-loss'),
      mainServes,
      ...groupOnMain,
    ],
    expected: { serving: 'main', outageMsMost: 1500, twoServing: 'none', moves: 2, registrationsKept: 'any' },
  },
];

/** A XiVO pair by itself: the telephony group, DHCP, monit. */
const nodes: readonly Scenario[] = [...moves, ...returns, ...passives, ...upgrades];

/** A XiVO pair and what stands around it. */
const usual: readonly Scenario[] = [
  ...nodes,
  ...xivoSwitches,
  ...xivoMedia,
  ...xivoPhones,
  ...xivoPhonesRestart,
  ...xivoReporting,
  ...xivoEnable,
];

/** And the same with Asterisk 16 and chan_sip. */
export const xivos: readonly Scenario[] = [...usual, ...xivoChanSipOf(usual)];
