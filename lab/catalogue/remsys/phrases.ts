/** Deeds that scenarios of two sites have in common. */
import type { Role } from '../../../src/core/words.ts';
import { mailFolder } from '../../remsys/far-files.ts';
import { zoneKeyPath } from '../../remsys/name-servers.ts';
import { nodeNames, serviceName, zone } from '../../remsys/places.ts';
import { badLooks, lookEveryMs } from '../../remsys/setup.ts';
import type { Deed } from '../../scenarios/scenario.ts';
import { checkpointNames } from '../../topology.ts';
import { exec, fault, mend, pause, says, standbyServes, switchover } from '../phrases.ts';

export const checkpoints = checkpointNames(3);
type Mood = Extract<Extract<Deed, { do: 'fault' }>['fault'], { kind: 'mood' }>['mood'];

/** These checkpoints are so from now on. */
export const are = (mood: Mood, ...hosts: readonly string[]): readonly Deed[] =>
  hosts.map((host) => fault({ kind: 'mood', host, mood }, `mood-${host}`));
export const isWell = (host: string): Deed => mend(`mood-${host}`);

export const loses = (host: string): Deed => fault({ kind: 'power-loss', host }, `dark-${host}`);
export const crashes = (host: string): Deed => fault({ kind: 'crash', host, unit: 'asterisk.service' });
export const hasPower = (host: string): Deed => mend(`dark-${host}`);
export const cut = (from: string, to: string): Deed => fault({ kind: 'cut', from, to }, `cut-${from}-${to}`);
export const join = (from: string, to: string): Deed => mend(`cut-${from}-${to}`);

/** Long enough for the counter to be full, and a look more. */
export const fullCountMs = (badLooks + 1) * lookEveryMs;
/** Until the standby serves: the counter, the last look's own time, and a busy machine. */
export const standbyServesByCount: Deed = { do: 'wait', serving: 'standby', withinMs: fullCountMs + 18_000 };

/** Each name server tells this node's name. */
export const namesPointTo = (role: Role, withinMs: number): readonly Deed[] =>
  ['dns1', 'dns2'].flatMap((host) => [
    says(
      `${host} tells the ${role} as ${serviceName}`,
      host,
      ['dig', '@127.0.0.1', '+short', '+time=1', '+tries=1', serviceName, 'CNAME'],
      new RegExp(`^${nodeNames[role].replaceAll('.', '\\.')}\\.$`),
      withinMs,
    ),
    says(
      `${host} tells the ${role} first for calls`,
      host,
      ['dig', '@127.0.0.1', '+short', '+time=1', '+tries=1', `_sip._udp.${zone}`, 'SRV'],
      new RegExp(`^10 50 5060 ${nodeNames[role].replaceAll('.', '\\.')}\\.$`, 'm'),
      withinMs,
    ),
  ]);

/** As the node says itself. */
export const switchIs = (role: Role, state: 'done' | 'trying', withinMs: number): Deed =>
  says(
    `the names are ${state === 'done' ? 'moved' : 'still to be moved'} by the ${role}`,
    role,
    ['dualtone', 'status', '--json'],
    new RegExp(`"name":\\s*"dns",\\s*"state":\\s*"${state}",\\s*"direction":\\s*"activate"`),
    withinMs,
  );

/** Somebody changes the name by hand, at the primary, with the zone's own key. */
export const writesName = (to: Role): Deed =>
  exec(
    'dns1',
    ['nsupdate', '-k', zoneKeyPath],
    [
      'server 127.0.0.1',
      `zone ${zone}`,
      `update delete ${serviceName} CNAME`,
      `update add ${serviceName} 1 CNAME ${nodeNames[to]}.`,
      'send',
      '',
    ].join('\n'),
  );

/** Moves of runs before this one would be counted with it, and told later. */
const beginAlarmsAnew = (role: Role): Deed =>
  exec(role, ['sh', '-c', "pkill -KILL -f '[ ]alarms --config '; rm -rf /var/lib/dualtone/alarms"]);

/** All mail of the site so far is put away, and what was alarmed about forgotten. */
export const forgetMail: readonly Deed[] = [
  beginAlarmsAnew('main'),
  beginAlarmsAnew('standby'),
  exec('mail', ['sh', '-c', `rm -f ${mailFolder}/*`]),
  // The agent starts what was killed after a second.
  pause(3000),
];

/** A mail that arrived says so, in its subject or in its text: what comes together is one mail, the gravest in its subject. */
export const mailSays = (what: string, text: RegExp, withinMs: number): Deed =>
  says(
    `a mail says that ${what}`,
    'mail',
    // Lines that were folded are whole again.
    ['sh', '-c', `cat ${mailFolder}/* 2>/dev/null | tr -d '\\r' | sed -e ':again' -e '/=$/{N;s/=\\n//;tagain' -e '}'`],
    text,
    withinMs,
  );

/** In the journal of the last minute and a half. */
export const journal = (role: Role, what: string, pattern: RegExp, withinMs = 2000): Deed =>
  says(what, role, ['dualtone', 'journal', '--since', '90s'], pattern, withinMs);

/** B serves by a person's order, and the names have followed. */
export const servedByB: readonly Deed[] = [
  switchover,
  standbyServes,
  ...namesPointTo('standby', 10_000),
  switchIs('standby', 'done', 10_000),
];
