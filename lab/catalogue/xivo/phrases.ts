/** Deeds that scenarios of a XiVO pair have in common. */
import type { Role } from '../../../src/core/words.ts';
import { octetByRole } from '../../network/addressing.ts';
import type { Deed } from '../../scenarios/scenario.ts';
import { boxMoodPath, boxStatePath, type ComposeHost, folderByFar } from '../../xivo/far-files.ts';
import { callsPath } from '../../xivo/node-files.ts';
import { reinstaller } from '../../xivo/reinstall.ts';
import { exec, mainLosesPower, order, pause, says } from '../phrases.ts';

/** A machine that the active node moves. */
export type Switched = 'edge' | 'contact-centre' | 'berofos fos1';

const centreOf = { main: 'cc-main', standby: 'cc-standby' } as const;

/** How a stand-in is from now on: its own files tell it. */
export const composeIs = (host: ComposeHost, what: 'hangs' | 'refuses' | 'nonsense', verb: string): readonly Deed[] => [
  exec(host, ['tee', `${folderByFar[host]}/${what}`], verb),
  ...(what === 'refuses' ? [exec(host, ['touch', `${folderByFar[host]}/refuses-always`])] : []),
];
export const composeIsSlow = (host: ComposeHost, seconds: number): Deed =>
  exec(host, ['tee', `${folderByFar[host]}/slow`], String(seconds));
export const composeIsWell = (host: ComposeHost): Deed =>
  exec(host, [
    'rm',
    '-f',
    ...['hangs', 'refuses', 'refuses-always', 'nonsense', 'slow'].map((name) => `${folderByFar[host]}/${name}`),
  ]);
export const boxIs = (mood: string): Deed => exec('berofos', ['tee', boxMoodPath], mood);

/** As the node says itself: the last try of this switch came about. */
export const switched = (on: Role, name: Switched, withinMs = 20_000): Deed =>
  says(
    `the ${on} has moved ${name}`,
    on,
    ['dualtone', 'status', '--json'],
    new RegExp(`"name":\\s*"${name}",\\s*"state":\\s*"done",\\s*"direction":\\s*"activate"`),
    withinMs,
  );

/** Not yet, and why. */
export const stillTrying = (on: Role, name: Switched, withinMs: number): Deed =>
  says(
    `the ${on} says that ${name} is still to be moved`,
    on,
    ['dualtone', 'status', '--json'],
    new RegExp(`"name":\\s*"${name}",\\s*"state":\\s*"trying",\\s*"direction":\\s*"activate",[^}]*"trouble":\\s*"`),
    withinMs,
  );

/** In the journal of the last minute. */
export const journal = (on: Role, what: string, pattern: RegExp, withinMs = 2000): Deed =>
  says(what, on, ['dualtone', 'journal', '--since', '60s'], pattern, withinMs);

/** Edge's file, with last figures of the node and of its contact centre; comment and quotes are those of before. */
const edgeText = (role: Role): string => {
  const net = String.raw`10\.\d+\.\d+`;
  const [xivo, centre] = [octetByRole[role], octetByRole[centreOf[role]]];
  return [
    '# Edge, as installed',
    `XIVO_HOST=${net}\\.${xivo}`,
    `XIVOCC_HOST="${net}\\.${centre}" # the contact centre`,
    `TURN_ALLOWED_PEERS=${net}\\.${xivo},${net}\\.${centre},${net}\\.${octetByRole.provider}`,
    `XIVO_MDS_HOST_DEFAULT=${net}\\.${xivo}`,
    'TURN_SECRET=lab',
  ].join('\n');
};

/** Edge's own file names this side in all four places, and the other side nowhere. */
export const edgeFileNames = (role: Role, withinMs: number): Deed =>
  says(
    `Edge's file names the ${role}`,
    'edge',
    ['cat', `${folderByFar.edge}/.env`],
    new RegExp(`^${edgeText(role)}$`),
    withinMs,
  );

/** So does what its services were last started with. */
export const edgePointsTo = (role: Role, withinMs: number): Deed =>
  says(
    `Edge points to the ${role}`,
    'edge',
    ['cat', `${folderByFar.edge}/.env`, `${folderByFar.edge}/running-env`],
    new RegExp(`^${edgeText(role)}\n${edgeText(role)}$`),
    withinMs,
  );

/** `xuc` of a side runs, or not. */
export const centreRuns = (role: Role, isRunning: boolean, withinMs: number): Deed =>
  says(
    `xuc of the ${role} ${isRunning ? 'runs' : 'is stopped'}`,
    centreOf[role],
    ['xivocc-dcomp', 'ps'],
    isRunning ? /^xuc$/ : /^$/,
    withinMs,
  );

/** How often `xuc` of a side was restarted since the last `forgetCentre`. */
export const centreRestarted = (role: Role, times: number): Deed =>
  says(
    `xuc of the ${role} was restarted ${times} times`,
    centreOf[role],
    ['sh', '-c', `grep -c '^restart' ${folderByFar[centreOf[role]]}/calls || :`],
    new RegExp(`^${times}$`),
    500,
  );
export const forgetCentre = (role: Role): Deed =>
  exec(centreOf[role], ['rm', '-f', `${folderByFar[centreOf[role]]}/calls`]);

/** The relays of the box, by its own settings. */
export const boxJoins = (role: Role, withinMs: number): Deed =>
  says(
    `the box joins the lines to the ${role}`,
    'berofos',
    ['cat', boxStatePath],
    new RegExp(`^4_mode=${role === 'main' ? 1 : 0}$`, 'm'),
    withinMs,
  );

/** Everything is well, and all of it points to the main. */
export const allPointToMain: readonly Deed[] = [
  ...(['edge', 'cc-main', 'cc-standby'] as const).map(composeIsWell),
  boxIs('well'),
  switched('main', 'edge', 30_000),
  switched('main', 'contact-centre', 30_000),
  switched('main', 'berofos fos1', 30_000),
  edgePointsTo('main', 5000),
  centreRuns('main', true, 5000),
  centreRuns('standby', false, 15_000),
  boxJoins('main', 5000),
];

/** These units run on a node, all of them, or none. */
export const unitsRun = (on: Role, what: 'all' | 'none', units: readonly string[], withinMs: number): Deed =>
  says(
    `${what} of the group runs on the ${on}`,
    on,
    ['systemctl', 'is-active', ...units],
    what === 'all' ? new RegExp(`^(active\\n?){${units.length}}$`) : /^((inactive|failed|unknown)\n?)+$/,
    withinMs,
  );

export const manual = order('main', 'mode', 'manual');
/** In manual mode it loses its power: nobody serves, and nobody will by itself. */
export const mainDiesByHand: readonly Deed[] = [
  manual,
  pause(500),
  mainLosesPower,
  { do: 'wait', serving: 'nobody', withinMs: 1000 },
  pause(2000),
];
export const forget = (on: Role, path: string): Deed => exec(on, ['rm', '-f', path]);

/** Not once since it booted. */
export const neverStarted = (on: Role, units: readonly string[]): Deed =>
  says(
    `no unit of the group was started on the ${on}`,
    on,
    ['systemctl', 'show', '--property=ActiveEnterTimestampMonotonic', '--value', ...units],
    /^(0\s*)+$/,
    100,
  );

const markPath = '/run/lab-mark';
export const mark = (on: Role): Deed => exec(on, ['touch', markPath]);

/** Since the mark: a package's own scripts did so. */
export const asteriskStartedAnew = (on: Role): Deed =>
  says(
    `Asterisk of the ${on} was started anew`,
    on,
    ['find', '/run/asterisk/asterisk.pid', '-newer', markPath],
    /asterisk\.pid/,
    10_000,
  );

/** Its Asterisk runs, and its gate is closed. */
export const isMute = (on: Role): Deed =>
  says(
    `Asterisk of the ${on} runs behind a closed gate`,
    on,
    ['sh', '-c', 'asterisk -rx "core show uptime" && dualtone status --json'],
    /System uptime[\s\S]*"open": ?false/,
    10_000,
  );

/** DHCP was generated from the database, agents log in again, and nothing was downloaded. */
export const agentsRelogged = (on: Role): Deed =>
  says(
    'DHCP comes from the database, agents log in again, and nothing is downloaded',
    on,
    ['cat', callsPath],
    /^(?=[\s\S]*xivo-create-config)(?=[\s\S]*dhcpd-update -r)(?=[\s\S]*xivo-agentctl -c relog all)(?![\s\S]*dhcpd-update -\w*d)/,
    20_000,
  );

/** The one contact that a media server knows of the pair is this node's. */
export const registeredBy = (server: string, role: Role, withinMs: number): Deed =>
  says(
    `the trunk to ${server} is registered by the ${role}`,
    server,
    ['asterisk', '-rx', 'database show registrar/contact'],
    new RegExp(`^(?![\\s\\S]*dualtone-lab (?!${role}"))[\\s\\S]*"user_agent":"dualtone-lab ${role}"`),
    withinMs,
  );

/** A media server calls a telephone of the pair, which answers; then it ends the call. */
export const callsIn = (server: string, extension: string): readonly Deed[] => [
  exec(server, ['asterisk', '-rx', `channel originate PJSIP/${extension}@xivo application Echo`]),
  says(
    `${extension} takes the call from ${server}`,
    server,
    ['asterisk', '-rx', 'core show channels concise'],
    /^PJSIP\/xivo-\w+!.*!Up!/,
    5000,
  ),
  exec(server, ['asterisk', '-rx', 'channel request hangup all']),
];

/** A package is installed anew, by its real scripts; fails where apt-get does. */
export const reinstall = (on: string, name: string): Deed => exec(on, [reinstaller.path, name]);
