/** Deeds of scenarios that enable and disable Dualtone on a XiVO pair. */

import type { Role } from '../../../src/core/words.ts';
import { xivoOriginal } from '../../../src/profiles/xivo/original.ts';
import { BRANCH } from '../../../src/xivo/testing/configs.ts';
import { psqlArgv } from '../../data/prepare.ts';
import { octetByRole } from '../../network/addressing.ts';
import type { Deed, Expected } from '../../scenarios/scenario.ts';
import { provdMoodPath, provdPort, provdStatePath, provdToldPath, provdUnit } from '../../xivo/far-files.ts';
import { exec, pause, says } from '../phrases.ts';

const { cronFiles, haConf, sentinels } = xivoOriginal;

const cronOf = {
  main: '0 * * * * root /usr/sbin/xivo-master-slave-db-replication 10.0.0.2 >/dev/null\n0 * * * * root /usr/bin/xivo-sync >/dev/null\n',
  standby: '* * * * * root /usr/sbin/xivo-check-master-status 10.0.0.1 >/dev/null\n',
} as const;
const wordOf = { main: 'master', standby: 'slave' } as const;

const put = (on: string, path: string, text: string): Deed => exec(on, ['tee', path], text);
const shell = (on: string, text: string): Deed => exec(on, ['sh', '-c', text]);

/** As XiVO's own page leaves a node. */
const originalRuns = (role: Role): readonly Deed[] => [
  exec(role, ['mkdir', '-p', '/etc/xivo', '/var/lib/xivo']),
  put(role, haConf, `{"node_type": "${wordOf[role]}", "remote_address": "10.0.0.9"}\n`),
  put(role, cronFiles[role], cronOf[role]),
  exec(role, ['touch', sentinels[role]]),
];

const settings = `select var_name, var_val, commented from staticsip where var_name like '%expiry' order by 1;`;
const texts = (role: Role): string => `${haConf} ${cronFiles[role]}`;

/** Everything that enabling changes, as it is now: files, SIP settings, and what provd holds. */
const remember: readonly Deed[] = [
  ...(['main', 'standby'] as const).map((role) => shell(role, `sha256sum ${texts(role)} > /srv/before.sum`)),
  shell('main', `runuser -u postgres -- psql -XAt -d asterisk -c "${settings}" > /srv/before.sip`),
  shell('provisioning', `cp ${provdStatePath} /srv/before; : > /srv/nobody`),
];

/** All of it is so again, byte for byte. */
export const asBefore: readonly Deed[] = [
  ...(['main', 'standby'] as const).map((role) =>
    says(`files of the ${role} are as before`, role, ['sha256sum', '--quiet', '-c', '/srv/before.sum'], /^$/, 2000),
  ),
  says(
    'SIP settings are as before',
    'main',
    ['sh', '-c', `runuser -u postgres -- psql -XAt -d asterisk -c "${settings}" | cmp - /srv/before.sip`],
    /^$/,
    5000,
  ),
  says('provd holds what it held', 'provisioning', ['cmp', provdStatePath, '/srv/before'], /^$/, 5000),
];

export const provdIs = (mood: string): Deed => put('provisioning', provdMoodPath, mood);

/** As it was when the lab was built. */
const provdIsNew: Deed = {
  do: 'exec',
  on: 'provisioning',
  argv: [
    'sh',
    '-c',
    `rm -f ${provdStatePath} && systemctl restart ${provdUnit} && until [ -s ${provdStatePath} ]; do sleep 0.1; done`,
  ],
};

/** Where the provisioning server is, from the node itself: its address but for the last figure. */
const withProvd = (...argv: readonly string[]): readonly string[] => [
  'sh',
  '-c',
  `exec dualtone ${argv.join(' ')} --provd "http://$(ip -4 -o addr show eth0 | awk '{ split($4, at, "[./]"); print at[1] "." at[2] "." at[3]; exit }').${octetByRole.provisioning}:${provdPort}/provd"`,
];

const enables = (role: Role, ...more: readonly string[]): Deed => ({
  do: 'exec',
  on: role,
  argv: withProvd('xivo', 'enable', '--yes', ...more),
  withinMs: 60_000,
});

/** It fails, and says so. */
export const cannotEnable = (says: RegExp): Deed => ({
  do: 'exec',
  on: 'main',
  argv: withProvd('xivo', 'enable', '--yes'),
  withinMs: 90_000,
  refusal: { what: 'enabling was to be refused', says },
});

const disables = (role: Role): Deed => ({
  do: 'exec',
  on: role,
  argv: withProvd('xivo', 'disable', '--yes', '--force'),
  withinMs: 60_000,
});

/** Registrars and lines have the standby as their backup; lines of others, and what somebody had set, stay. */
const registrarsHaveBackup = says(
  'registrars and lines name the standby as backup',
  'provisioning',
  ['cat', provdStatePath],
  new RegExp(
    [
      `^default .*"proxy_backup":"[\\d.]+\\.${octetByRole.standby}".*"registrar_backup":"[\\d.]+\\.${octetByRole.standby}"`,
      `^autoprov .*"2":{"ip":"[\\d.]+\\.${octetByRole.standby}"`,
      `^phone1 .*"backup_registrar_ip":"[\\d.]+\\.${octetByRole.standby}".*"registrar_ip":"${BRANCH.replaceAll('.', '\\.')}"`,
      '^phone2 .*"backup_registrar_ip":"203\\.0\\.113\\.5"',
    ].join('[\\s\\S]*'),
    'm',
  ),
  5000,
);

/** Those whose lines changed have read their configuration again, each once, and no other. */
export const devicesWereTold = (devices: readonly string[]): Deed =>
  says(
    `${devices.join(', ')} were told to read their configuration again`,
    'provisioning',
    ['sort', provdToldPath],
    new RegExp(`^${devices.join('\\n')}$`),
    5000,
  );

const settingsAre = (values: readonly [least: number, most: number, usual: number]): Deed => ({
  do: 'expect',
  what: `SIP expiry is ${values.join(', ')} s`,
  on: 'main',
  argv: psqlArgv('asterisk'),
  input: settings,
  says: new RegExp(`^defaultexpiry\\|${values[2]}\\|0\\nmaxexpiry\\|${values[1]}\\|0\\nminexpiry\\|${values[0]}\\|0$`),
  withinMs: 2000,
});

/** What chan_sip itself goes by. */
export const sipGoesBy = (most: number): Deed =>
  says(
    `chan_sip grants at most ${most} s`,
    'main',
    ['asterisk', '-rx', 'sip show settings'],
    new RegExp(`^ *Reg\\. max duration:? +${most} secs`, 'm'),
    5000,
  );

/** No line of the original's runs, and its switch is off. */
const originalSleeps = (role: Role): Deed =>
  says(
    `the original sleeps on the ${role}`,
    role,
    ['sh', '-c', `grep -c '^[^#]' ${cronFiles[role]}; cat ${haConf}; ls ${sentinels[role]}`],
    /^0\n\{"node_type":"disabled".*\}\n\/var\/lib\/xivo\/is-/,
    2000,
  );

/** Nobody notices: a call that lasts over all of it, and no move. */
export const unnoticed = {
  serving: 'main',
  outageMsMost: 600,
  twoServing: 'none',
  moves: 0,
  callsCut: 0,
} as const satisfies Expected;

export const prepared: readonly Deed[] = [
  // A run that was not as expected may have left something.
  provdIs('well'),
  disables('standby'),
  disables('main'),
  provdIsNew,
  ...originalRuns('main'),
  ...originalRuns('standby'),
  pause(300),
  ...remember,
];
export const aCallLasts: Deed = { do: 'call', from: '1002', to: '800' };

/** Both nodes, and what is to be seen of it. */
export const enabled: readonly Deed[] = [
  enables('main', '--resync'),
  enables('standby'),
  registrarsHaveBackup,
  settingsAre([60, 300, 120]),
  originalSleeps('main'),
  originalSleeps('standby'),
];
export const disabled: readonly Deed[] = [disables('standby'), disables('main'), ...asBefore];
