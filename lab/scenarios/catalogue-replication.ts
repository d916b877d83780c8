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

const takenOver = { outageMsMost: 1500, twoServing: 'none', moves: 1 } as const;

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
      order('main', 'switchover'),
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
      { do: 'order', on: 'main', argv: ['replicate', 'database'], inBackground: true, exit: 3 },
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
    name: 'replication-unmerged',
    text: 'what the standby collected is not overwritten when the main serves again: the main is told, and waits',
    setup: { data: 'snapshot' },
    deeds: [
      order('main', 'switchover'),
      standbyServes,
      writes('standby', 'update userfeatures set enablednd = 1 - coalesce(enablednd, 0) where id = 2;'),
      order('main', 'failback'),
      mainServes,
      { do: 'order', on: 'main', argv: ['replicate', 'database'], exit: 1 },
      {
        do: 'expect',
        what: 'the standby says why',
        on: 'main',
        argv: ['dualtone', 'replicate', 'database'],
        says: /not merged yet|data that are not merged/,
        withinMs: 500,
      },
    ],
    expected: { serving: 'main', outageMsMost: 1000, twoServing: 'none', moves: 2 },
  },
];
