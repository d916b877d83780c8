/** Deeds that many scenarios have in common, in short. */
import type { Role } from '../../src/core/words.ts';
import { mailboxPrefixes } from '../asterisk/plan.ts';
import { psqlArgv } from '../data/prepare.ts';
import { voicemailSpool } from '../data/streams.ts';
import type { LabFault } from '../faults/fault.ts';
import type { Deed, Expected } from '../scenarios/scenario.ts';

/** What telephones may notice of a takeover, and no moment in which both nodes serve. */
export const takenOver = { outageMsMost: 1500, twoServing: 'none' } as const satisfies Partial<Expected>;

export const standbyServes = { do: 'wait', serving: 'standby', withinMs: 8000 } as const satisfies Deed;
export const mainServes = { do: 'wait', serving: 'main', withinMs: 15_000 } as const satisfies Deed;
export const pause = (ms: number): Deed => ({ do: 'pause', ms });

/** Stays until mended by its name (default: its kind). */
export const fault = (each: LabFault, as?: string): Deed => ({
  do: 'fault',
  fault: each,
  ...(as === undefined ? {} : { as }),
});
export const mend = (name: string): Deed => ({ do: 'mend', name });

export const mainLosesPower = fault({ kind: 'power-loss', host: 'main' });
export const mainHasPower = mend('power-loss');

export const exec = (on: string, argv: readonly string[], input?: string): Deed => ({
  do: 'exec',
  on,
  argv,
  ...(input === undefined ? {} : { input }),
});

/** A person's command, which must succeed. */
export const order = (on: Role, ...argv: readonly string[]): Deed => ({ do: 'order', on, argv });
export const failback = order('main', 'failback', '--accept-loss');
export const switchover = order('main', 'switchover', '--accept-loss');

/** A program's output fits, within the time. */
export const says = (what: string, on: string, argv: readonly string[], pattern: RegExp, withinMs: number): Deed => ({
  do: 'expect',
  what,
  on,
  argv,
  says: pattern,
  withinMs,
});

/** The telephone system writes into its database. */
export const writes = (on: Role, input: string): Deed => exec(on, psqlArgv('asterisk'), input);

/** The database answers so, within the time. */
export const reads = (what: string, on: Role, input: string, pattern: RegExp, withinMs = 200): Deed => ({
  do: 'expect',
  what,
  on,
  argv: psqlArgv('asterisk'),
  input,
  says: pattern,
  withinMs,
});

export const asterisk = (on: Role, command: string): Deed => exec(on, ['asterisk', '-rx', command]);

/** A key of Asterisk's own database has this value, within the time. */
export const astDb = (on: Role, what: string, key: string, value: RegExp, withinMs: number): Deed =>
  says(what, on, ['asterisk', '-rx', `database get ${key}`], value, withinMs);

/** As the node itself says; a copy may be under way at first, and a machine busy. */
export const inStep = (on: Role, stream: 'database' | 'files' | 'voicemail', withinMs = 30_000): Deed =>
  says(
    `the stream ${stream} is in step`,
    on,
    ['dualtone', 'status', '--json'],
    new RegExp(`"name":\\s*"${stream}",\\s*"direction":\\s*"(out|in)",\\s*"condition":\\s*"in-step"`),
    withinMs,
  );

/** Runs that were due by themselves after the start are over, and nothing waits; what a former scenario left may come home first. */
export const allCopied: readonly Deed[] = [
  says('all is copied', 'main', ['dualtone', 'replicate'], /collected: \d+ changed/, 60_000),
  inStep('main', 'files'),
];

/** Each change of the main's database follows. */
export const changesFollow: readonly Deed[] = [inStep('main', 'database'), inStep('standby', 'database')];

/** The main's first user gets a name that ends with the moment. */
export const names = (word: string): Deed =>
  writes('main', `update userfeatures set firstname = '${word} ' || clock_timestamp()::text where id = 1;`);

/** The standby knows that name, and it is not older than this. */
export const isNamed = (what: string, notOlderThan: string, withinMs = 200): Deed =>
  reads(
    what,
    'standby',
    `select substring(firstname from ' (.*)$')::timestamptz > clock_timestamp() - interval '${notOlderThan}' from userfeatures where id = 1;`,
    /^t$/,
    withinMs,
  );

/** The strict firewall is in force, and has had something to refuse. */
export const firewalled = (on: Role): Deed =>
  says(
    `the firewall of the ${on} is there`,
    on,
    ['nft', 'list', 'table', 'inet', 'lab_strict'],
    /counter packets \d+ bytes \d+ drop/,
    1000,
  );

/** It runs again, and waits for its failback. */
export const mainIsBack = says('the main is back', 'main', ['dualtone', 'status', '--json'], /passive/, 15_000);

/** What the standby collected is home, as it says itself: the main's report may still be of the merge before. */
export const allIsHome = says('all is home', 'standby', ['dualtone', 'status'], /nothing is left here/, 60_000);

/** A run now, of what may have begun by itself meanwhile. */
export const bothAgree = says(
  'both sides agree',
  'main',
  ['dualtone', 'replicate', 'database'],
  /both sides (agree|were the same)/,
  30_000,
);

/** Messages of the lab's mailboxes, a line each: `1001/INBOX/msg0000.txt`. */
export const messages = ['find', `${voicemailSpool}/default`, '-name', 'msg*.txt', '-printf', String.raw`%P\n`];

/** All of these, in any order, and no other. */
export const exactly = (...paths: readonly string[]): RegExp =>
  new RegExp(`^${paths.map((path) => `(?=[^]*^${path}$)`).join('')}(?:\\S+\\n?){${paths.length}}$(?![^])`, 'm');

/** A person leaves a message; its mailbox is that of a telephone. */
export const leaveMessage = (mailbox: string): readonly Deed[] => [
  { do: 'call', from: '1000', to: `${mailboxPrefixes.leave}${mailbox.slice(1)}` },
  pause(1500),
  { do: 'hang-up' },
];

/** Mailboxes are empty at both nodes, and Asterisk knows it. */
export const emptyMailboxes: readonly Deed[] = [
  exec('main', ['rm', '-rf', `${voicemailSpool}/default`]),
  exec('main', ['mkdir', '-p', `${voicemailSpool}/default`]),
  exec('main', ['chown', 'asterisk:', `${voicemailSpool}/default`]),
  says('they are so at the standby', 'main', ['dualtone', 'replicate', 'voicemail'], /voicemail: \d+ changed/, 60_000),
];
