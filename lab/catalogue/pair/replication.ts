import { psqlArgv } from '../../data/prepare.ts';
import type { Deed, Scenario } from '../../scenarios/scenario.ts';
import {
  allCopied,
  asterisk,
  bothAgree,
  changesFollow,
  exec,
  failback,
  firewalled,
  inStep,
  isNamed,
  mainHasPower,
  mainLosesPower,
  mainServes,
  names,
  order,
  reads,
  says,
  standbyServes,
  switchover,
  takenOver,
  writes,
} from '../phrases.ts';

const longRun = "select count(*) from callerid where callerdisplay = repeat('x', 70);";
const noLongRun = "delete from callerid where callerdisplay = repeat('x', 70);";
/** Somebody holds a later table of the run: what is before it is written, and nothing of it is to be seen. */
const held: readonly Deed[] = [
  exec('standby', [
    'systemd-run',
    '--quiet',
    '--collect',
    '--unit=lab-hold',
    ...psqlArgv('asterisk'),
    '-c',
    'begin; lock table userfeatures in share row exclusive mode; select pg_sleep(60);',
  ]),
  reads(
    'the table is held',
    'standby',
    "select count(*) from pg_locks where mode = 'ShareRowExclusiveLock' and granted;",
    /^1$/,
    5000,
  ),
];
const letGo = writes(
  'standby',
  "select pg_terminate_backend(pid) from pg_locks where mode = 'ShareRowExclusiveLock' and granted;",
);
const runWaits =
  "select count(*) from pg_stat_activity where usename = 'dualtone' and backend_xid is not null and wait_event_type = 'Lock';";

/** Two users whose do-not-disturb will be turned round at the standby, and no event of a former run. */
const asBefore = (users: readonly [number, number], queue: string): readonly Deed[] => [
  writes(
    'main',
    `update userfeatures set enablednd = 0 where id = ${users[0]}; update userfeatures set enablednd = 1 where id = ${users[1]};
     delete from queue_log where queuename = '${queue}';`,
  ),
  writes('standby', `delete from queue_log where queuename = '${queue}';`),
];
const turnedRound = (users: readonly [number, number], queue: string): readonly Deed[] => [
  writes(
    'standby',
    `update userfeatures set enablednd = 1 where id = ${users[0]}; update userfeatures set enablednd = 0 where id = ${users[1]};`,
  ),
  writes(
    'standby',
    `insert into queue_log (time, callid, queuename, agent, event) values (to_char(clock_timestamp(), 'YYYY-MM-DD HH24:MI:SS.US'), '${queue}', '${queue}', 'NONE', 'ABANDON');`,
  ),
];
/** `1/0` once it is turned round. */
const settingsOf = (users: readonly [number, number]): string =>
  `select string_agg(enablednd::text, '/' order by id) from userfeatures where id in (${users.join(', ')});`;
const eventIsHomeOnce = (queue: string): Deed =>
  reads(
    'the event is home, once',
    'main',
    `select count(*) from queue_log where queuename = '${queue}';`,
    /^1$/,
    20_000,
  );

/** What the main knows the standby knows, and nothing is overwritten that should not be. */
export const replications: readonly Scenario[] = [
  {
    name: 'replication-database',
    text: 'configuration changed on the main is on the standby after a run, and there still when the main has died',
    setup: { data: 'snapshot' },
    deeds: [
      names('Moved'),
      order('main', 'replicate', 'database'),
      isNamed('the change is there', '1 minute'),
      mainLosesPower,
      standbyServes,
      isNamed('it is still there', '1 minute'),
    ],
    expected: { serving: 'standby', ...takenOver, moves: 1 },
  },
  {
    name: 'replication-files',
    text: 'a file that changes on the main is on the standby within two seconds, a deletion too; Asterisk reloads what it caches of it; what serves takes nothing in',
    setup: { data: 'snapshot' },
    prepare: allCopied,
    deeds: [
      exec('main', ['tee', '/var/lib/asterisk/moh/lab.txt'], 'music\n'),
      says('the file is there', 'standby', ['cat', '/var/lib/asterisk/moh/lab.txt'], /^music$/, 2000),
      says(
        'Asterisk there was told',
        'standby',
        ['dualtone', 'journal', '--since', '20s'],
        /reload: reloaded: .*res_musiconhold\.so/,
        15_000,
      ),
      exec('main', ['rm', '/var/lib/asterisk/moh/lab.txt']),
      says('the file is gone', 'standby', ['ls', '/var/lib/asterisk/moh'], /^(?![\s\S]*lab\.txt)/, 2000),
      switchover,
      standbyServes,
      { do: 'order', on: 'main', argv: ['replicate', 'files'], exit: 1 },
      { do: 'order', on: 'main', argv: ['replicate', 'database'], exit: 1 },
    ],
    expected: { serving: 'standby', ...takenOver, outageMsMost: 600, moves: 1 },
  },
  {
    name: 'replication-power-loss-in-run',
    text: 'the main dies while a run writes at the standby: it serves as fast as ever, with the old data, whole',
    setup: { data: 'snapshot' },
    prepare: [writes('main', noLongRun), names('Seen'), bothAgree],
    deeds: [
      ...held,
      writes(
        'main',
        `insert into callerid (mode, callerdisplay, type, typeval) select 'prepend', repeat('x', 70), 'incall', 900000 + g from generate_series(1, 40000) g;`,
      ),
      names('Unseen'),
      { do: 'order', on: 'main', argv: ['replicate', 'database'], inBackground: true, exit: 'any' },
      reads('the run is in the middle', 'standby', runWaits, /^[1-9]/, 20_000),
      mainLosesPower,
      standbyServes,
      reads('nothing of it is there', 'standby', longRun, /^0$/),
      reads('nor there', 'standby', "select count(*) from userfeatures where firstname like 'Unseen %';", /^0$/),
      letGo,
    ],
    expected: { serving: 'standby', ...takenOver, moves: 1 },
  },
  {
    name: 'replication-home',
    text: 'do-not-disturb and a call event of the standby’s term are on the main after failback, once; then the main feeds again',
    setup: { data: 'snapshot' },
    prepare: [...asBefore([2, 3], 'home'), bothAgree],
    deeds: [
      switchover,
      standbyServes,
      ...turnedRound([2, 3], 'home'),
      failback,
      mainServes,
      reads('do-not-disturb is home', 'main', settingsOf([2, 3]), /^1\/0$/, 20_000),
      eventIsHomeOnce('home'),
      bothAgree,
    ],
    expected: { serving: 'main', outageMsMost: 1000, twoServing: 'none', moves: 2 },
  },
  {
    name: 'replication-continuous',
    text: 'a change on the main is on the standby within a second; what the standby collected comes home once, and changes follow again',
    setup: { data: 'continuous' },
    prepare: [
      ...changesFollow,
      ...asBefore([4, 5], 'away'),
      reads('the standby has it', 'standby', settingsOf([4, 5]), /^0\/1$/, 5000),
    ],
    deeds: [
      names('Followed'),
      isNamed('the change is there', '2 seconds', 1000),
      mainLosesPower,
      standbyServes,
      ...turnedRound([4, 5], 'away'),
      mainHasPower,
      reads('do-not-disturb is home', 'main', settingsOf([4, 5]), /^1\/0$/, 30_000),
      order('main', 'merge', 'run'),
      order('main', 'failback'),
      mainServes,
      eventIsHomeOnce('away'),
      inStep('main', 'database', 30_000),
      names('Again'),
      isNamed('the next change is there', '2 seconds', 1000),
      bothAgree,
    ],
    expected: { serving: 'main', outageMsMost: 1500, twoServing: 'none', moves: 2 },
  },
  {
    name: 'replication-strict',
    text: 'with main to standby 22 and 5432 and ICMP back alone, database, files and AstDB follow all the same, through SSH',
    setup: { data: 'strict' },
    prepare: allCopied,
    deeds: [
      firewalled('main'),
      names('Strict'),
      order('main', 'replicate', 'database'),
      isNamed('the change is there', '1 minute'),
      exec('main', ['tee', '/var/lib/asterisk/moh/strict.txt'], 'music\n'),
      says('the file is there', 'standby', ['cat', '/var/lib/asterisk/moh/strict.txt'], /^music$/, 5000),
      asterisk('main', 'database put DND lab YES'),
      says('do-not-disturb in AstDB is there', 'standby', ['asterisk', '-rx', 'database get DND lab'], /YES/, 2000),
      mainLosesPower,
      standbyServes,
      isNamed('the change is still there', '1 minute'),
    ],
    expected: { serving: 'standby', ...takenOver, moves: 1 },
  },
  {
    name: 'replication-unmerged',
    text: 'before what the standby collected is home, nothing overwrites it: the main is refused, and told why',
    setup: { data: 'snapshot' },
    deeds: [
      switchover,
      standbyServes,
      // What is to be merged cannot be, for now.
      writes('standby', 'alter table dualtone.changes rename to changes_away;'),
      writes('standby', 'update userfeatures set lastname = lastname where id = 2;'),
      failback,
      mainServes,
      says('the standby says why', 'main', ['dualtone', 'replicate', 'database'], /not merged/, 500),
      writes('standby', 'alter table dualtone.changes_away rename to changes;'),
      bothAgree,
    ],
    expected: { serving: 'main', outageMsMost: 1000, twoServing: 'none', moves: 2 },
  },
];
