import { psqlArgv } from '../data/prepare.ts';
import type { Deed, Scenario } from './scenario.ts';

const standbyServes: Deed = { do: 'wait', serving: 'standby', withinMs: 8000 };
const mainServes: Deed = { do: 'wait', serving: 'main', withinMs: 15_000 };
const pause = (ms: number): Deed => ({ do: 'pause', ms });

/** The telephone system writes. */
const writes = (on: 'main' | 'standby', input: string): Deed => ({
  do: 'exec',
  on,
  argv: psqlArgv('asterisk'),
  input,
});

const reads = (what: string, on: 'main' | 'standby', input: string, says: RegExp, withinMs = 200): Deed => ({
  do: 'expect',
  what,
  on,
  argv: psqlArgv('asterisk'),
  input,
  says,
  withinMs,
});

const order = (on: 'main' | 'standby', ...argv: readonly string[]): Deed => ({ do: 'order', on, argv });

/** As the node itself says; a copy may be under way at first, and a machine busy. */
const inStep = (on: 'main' | 'standby', stream: 'database' | 'files', withinMs = 30_000): Deed => ({
  do: 'expect',
  what: `the stream ${stream} is in step`,
  on,
  argv: ['dualtone', 'status', '--json'],
  says: new RegExp(`"name":\\s*"${stream}",\\s*"direction":\\s*"(out|in)",\\s*"condition":\\s*"in-step"`),
  withinMs,
});

const takenOver = { outageMsMost: 1500, twoServing: 'none', moves: 1 } as const;

/** The row that a scenario has just written on the main. */
const changedWithin = (time: string): string =>
  `select substring(firstname from ' (.*)$')::timestamptz > clock_timestamp() - interval '${time}' from userfeatures where id = 1;`;

/** What the main knows the standby knows, and nothing is overwritten that should not be. */
export const replications: readonly Scenario[] = [
  {
    name: 'replication-database',
    text: 'configuration changed on the main is on the standby after a run, and there still when the main has died',
    setup: { data: 'snapshot' },
    deeds: [
      writes('main', "update userfeatures set firstname = 'Moved ' || clock_timestamp()::text where id = 1;"),
      order('main', 'replicate', 'database'),
      reads('the change is there', 'standby', 'select firstname from userfeatures where id = 1;', /^Moved /),
      { do: 'fault', fault: { kind: 'power-loss', host: 'main' } },
      standbyServes,
      reads('it is still there', 'standby', 'select firstname from userfeatures where id = 1;', /^Moved /),
    ],
    expected: { serving: 'standby', ...takenOver },
  },
  {
    name: 'replication-files',
    text: 'a file that changes on the main is on the standby within two seconds, a deletion too; what serves takes nothing in',
    setup: { data: 'snapshot' },
    prepare: [inStep('main', 'files')],
    deeds: [
      { do: 'exec', on: 'main', argv: ['tee', '/var/lib/asterisk/moh/lab.txt'], input: 'music\n' },
      {
        do: 'expect',
        what: 'the file is there',
        on: 'standby',
        argv: ['cat', '/var/lib/asterisk/moh/lab.txt'],
        says: /^music$/,
        withinMs: 2000,
      },
      { do: 'exec', on: 'main', argv: ['rm', '/var/lib/asterisk/moh/lab.txt'] },
      {
        do: 'expect',
        what: 'the file is gone',
        on: 'standby',
        argv: ['ls', '/var/lib/asterisk/moh'],
        says: /^(?![\s\S]*lab\.txt)/,
        withinMs: 2000,
      },
      order('main', 'switchover', '--accept-loss'),
      standbyServes,
      { do: 'order', on: 'main', argv: ['replicate', 'files'], exit: 1 },
      { do: 'order', on: 'main', argv: ['replicate', 'database'], exit: 1 },
    ],
    expected: { serving: 'standby', ...takenOver, outageMsMost: 600 },
  },
  {
    name: 'replication-power-loss-in-run',
    text: 'the main dies in the middle of a run: the standby serves as fast as ever, with the old data or the new, whole',
    setup: { data: 'snapshot' },
    deeds: [
      writes(
        'main',
        "insert into callerid (mode, callerdisplay, type, typeval) select 'prepend', repeat('x', 70), 'incall', 900000 + g from generate_series(1, 40000) g on conflict do nothing;",
      ),
      { do: 'order', on: 'main', argv: ['replicate', 'database'], inBackground: true, exit: 'any' },
      pause(400),
      { do: 'fault', fault: { kind: 'power-loss', host: 'main' } },
      standbyServes,
      reads(
        'all or nothing is there',
        'standby',
        "select count(*) from callerid where callerdisplay = repeat('x', 70);",
        /^(0|40000)$/,
      ),
    ],
    expected: { serving: 'standby', ...takenOver },
  },
  {
    name: 'replication-home',
    text: 'do-not-disturb and a call event of the standby’s term are on the main after failback, once; then the main feeds again',
    setup: { data: 'snapshot' },
    deeds: [
      order('main', 'switchover', '--accept-loss'),
      standbyServes,
      writes(
        'standby',
        'update userfeatures set enablednd = 1 where id = 2; update userfeatures set enablednd = 0 where id = 3;',
      ),
      writes(
        'standby',
        "insert into queue_log (time, callid, queuename, agent, event) values (to_char(clock_timestamp(), 'YYYY-MM-DD HH24:MI:SS.US'), 'lab-' || extract(epoch from clock_timestamp()), 'lab', 'NONE', 'ABANDON');",
      ),
      order('main', 'failback', '--accept-loss'),
      mainServes,
      reads('do-not-disturb is home', 'main', 'select enablednd from userfeatures where id = 2;', /^1$/, 20_000),
      reads(
        'the event is home, once',
        'main',
        "select count(*) = count(distinct callid) and count(*) > 0 from queue_log where queuename = 'lab';",
        /^t$/,
        20_000,
      ),
      {
        do: 'expect',
        what: 'the main feeds the standby again',
        on: 'main',
        argv: ['dualtone', 'replicate', 'database'],
        says: /both sides (agree|were the same)/,
        withinMs: 20_000,
      },
    ],
    expected: { serving: 'main', outageMsMost: 1000, twoServing: 'none', moves: 2 },
  },
  {
    name: 'replication-continuous',
    text: 'a change on the main is on the standby within a second; what the standby collected comes home once, and changes follow again',
    setup: { data: 'continuous' },
    prepare: [inStep('main', 'database'), inStep('standby', 'database')],
    deeds: [
      writes('main', "update userfeatures set firstname = 'Followed ' || clock_timestamp()::text where id = 1;"),
      reads('the change is there', 'standby', changedWithin('2 seconds'), /^t$/, 1000),
      { do: 'fault', fault: { kind: 'power-loss', host: 'main' } },
      standbyServes,
      writes(
        'standby',
        'update userfeatures set enablednd = 1 where id = 4; update userfeatures set enablednd = 0 where id = 5;',
      ),
      writes(
        'standby',
        "insert into queue_log (time, callid, queuename, agent, event) values (to_char(clock_timestamp(), 'YYYY-MM-DD HH24:MI:SS.US'), 'away-' || extract(epoch from clock_timestamp()), 'away', 'NONE', 'ABANDON');",
      ),
      { do: 'mend', name: 'power-loss' },
      reads('do-not-disturb is home', 'main', 'select enablednd from userfeatures where id = 4;', /^1$/, 30_000),
      order('main', 'merge', 'run'),
      order('main', 'failback'),
      mainServes,
      reads(
        'the event is home, once',
        'main',
        "select count(*) = count(distinct callid) and count(*) > 0 from queue_log where queuename = 'away';",
        /^t$/,
        20_000,
      ),
      inStep('main', 'database', 30_000),
      writes('main', "update userfeatures set firstname = 'Again ' || clock_timestamp()::text where id = 1;"),
      reads('the next change is there', 'standby', changedWithin('2 seconds'), /^t$/, 1000),
      {
        do: 'expect',
        what: 'both sides agree',
        on: 'main',
        argv: ['dualtone', 'replicate', 'database'],
        says: /both sides (agree|were the same)/,
        withinMs: 20_000,
      },
    ],
    expected: { serving: 'main', outageMsMost: 1500, twoServing: 'none', moves: 2 },
  },
  {
    name: 'replication-strict',
    text: 'with main to standby 22 and 5432 and ICMP back alone, database, files and AstDB follow all the same, through SSH',
    setup: { data: 'strict' },
    prepare: [inStep('main', 'files')],
    deeds: [
      {
        do: 'expect',
        what: 'the firewall is there',
        on: 'main',
        argv: ['nft', 'list', 'table', 'inet', 'lab_strict'],
        says: /counter packets \d+ bytes \d+ drop/,
        withinMs: 1000,
      },
      writes('main', "update userfeatures set firstname = 'Strict ' || clock_timestamp()::text where id = 1;"),
      order('main', 'replicate', 'database'),
      reads('the change is there', 'standby', changedWithin('1 minute'), /^t$/),
      { do: 'exec', on: 'main', argv: ['tee', '/var/lib/asterisk/moh/strict.txt'], input: 'music\n' },
      {
        do: 'expect',
        what: 'the file is there',
        on: 'standby',
        argv: ['cat', '/var/lib/asterisk/moh/strict.txt'],
        says: /^music$/,
        withinMs: 5000,
      },
      { do: 'exec', on: 'main', argv: ['asterisk', '-rx', 'database put DND lab YES'] },
      {
        do: 'expect',
        what: 'do-not-disturb in AstDB is there',
        on: 'standby',
        argv: ['asterisk', '-rx', 'database get DND lab'],
        says: /YES/,
        withinMs: 2000,
      },
      { do: 'fault', fault: { kind: 'power-loss', host: 'main' } },
      standbyServes,
      reads('the change is still there', 'standby', changedWithin('1 minute'), /^t$/),
    ],
    expected: { serving: 'standby', ...takenOver },
  },
  {
    name: 'replication-unmerged',
    text: 'before what the standby collected is home, nothing overwrites it: the main is refused, and told why',
    setup: { data: 'snapshot' },
    deeds: [
      order('main', 'switchover', '--accept-loss'),
      standbyServes,
      // What is to be merged cannot be, for now.
      writes('standby', 'alter table dualtone.changes rename to changes_away;'),
      writes('standby', 'update userfeatures set lastname = lastname where id = 2;'),
      order('main', 'failback', '--accept-loss'),
      mainServes,
      {
        do: 'expect',
        what: 'the standby says why',
        on: 'main',
        argv: ['dualtone', 'replicate', 'database'],
        says: /not merged/,
        withinMs: 500,
      },
      writes('standby', 'alter table dualtone.changes_away rename to changes;'),
      {
        do: 'expect',
        what: 'the main feeds the standby again',
        on: 'main',
        argv: ['dualtone', 'replicate', 'database'],
        says: /both sides (agree|were the same)/,
        withinMs: 30_000,
      },
    ],
    expected: { serving: 'main', outageMsMost: 1000, twoServing: 'none', moves: 2 },
  },
];
