/** Replication where the standby's disk is full, or the firewall as strict as it can be. */
import { voicemailSpool } from '../../data/streams.ts';
import type { Deed, Scenario } from '../../scenarios/scenario.ts';
import {
  allIsHome,
  bothAgree,
  changesFollow,
  emptyMailboxes,
  exactly,
  failback,
  firewalled,
  inStep,
  isNamed,
  leaveMessage,
  mainHasPower,
  mainIsBack,
  mainLosesPower,
  mainServes,
  messages,
  names,
  pause,
  reads,
  says,
  standbyServes,
  takenOver,
  writes,
} from '../phrases.ts';

/** It is told where a person looks, and noted once as an alarm. */
const alarmed = (stream: string, code: string): readonly Deed[] => [
  says(
    `the stream ${stream} has failed`,
    'main',
    ['dualtone', 'status', '--json'],
    new RegExp(`"name":\\s*"${stream}",\\s*"direction":\\s*"out",\\s*"condition":\\s*"(failed|blocked)"`),
    5000,
  ),
  says('an alarm is noted', 'main', ['dualtone', 'journal', '--since', '2m', '--json'], new RegExp(code), 5000),
];

/** Talks through the standby, whatever its disk is like. */
const telephones: readonly Deed[] = [
  { do: 'call', from: '1003', to: '1008', takenBy: '1008' },
  pause(500),
  { do: 'hang-up' },
];

const databaseFolder = '/var/lib/postgresql';
const rows = 60_000;
const bulk = `insert into callerid (mode, callerdisplay, type, typeval) select 'prepend', repeat('f', 70), 'incall', 800000 + g from generate_series(1, ${rows}) g on conflict do nothing;`;
const noBulk = "delete from callerid where callerdisplay = repeat('f', 70);";
const bulkNow = "select count(*) from callerid where callerdisplay = repeat('f', 70);";

const fullDatabase: Scenario = {
  name: 'replication-disk-full-database',
  text: 'the disk of the standby’s database is full: a run is refused in plain words, with an alarm, before it writes; takeover and calls as ever; with space again it is in step',
  setup: { data: 'snapshot' },
  prepare: [
    writes('main', noBulk),
    bothAgree,
    {
      do: 'fault',
      fault: { kind: 'small-disk', host: 'standby', folder: databaseFolder, mib: 512, unit: 'postgresql.service' },
    },
    bothAgree,
    // What the server writes ahead has room on files that it has already; what the run adds to tables has none.
    writes('standby', 'select pg_switch_wal();'),
    writes('standby', 'checkpoint;'),
  ],
  deeds: [
    { do: 'fault', fault: { kind: 'folder-full', host: 'standby', folder: databaseFolder } },
    writes('main', bulk),
    says(
      'the run fails and says why',
      'main',
      ['dualtone', 'replicate', 'database'],
      /has 0 MiB free in \/var\/lib\/postgresql/,
      10_000,
    ),
    reads('nothing of it is there', 'standby', bulkNow, /^0$/, 5000),
    ...alarmed('database', 'database-space-short'),
    mainLosesPower,
    standbyServes,
    ...telephones,
    mainHasPower,
    mainIsBack,
    failback,
    mainServes,
    { do: 'mend', name: 'folder-full' },
    allIsHome,
    bothAgree,
    reads('all of it is there', 'standby', bulkNow, new RegExp(`^${rows}$`)),
    writes('main', noBulk),
  ],
  expected: { serving: 'main', ...takenOver, moves: 2 },
};

const fullVoicemail: Scenario = {
  name: 'replication-disk-full-voicemail',
  text: 'the disk of the standby’s voicemail is full: messages do not follow, and an alarm says so; takeover and calls as ever; with space again all is there',
  setup: { data: 'snapshot' },
  inbound: false,
  prepare: [
    { do: 'fault', fault: { kind: 'small-disk', host: 'standby', folder: voicemailSpool, mib: 8 } },
    ...emptyMailboxes,
    inStep('main', 'voicemail'),
  ],
  deeds: [
    { do: 'fault', fault: { kind: 'folder-full', host: 'standby', folder: voicemailSpool } },
    ...leaveMessage('1001'),
    says('the run fails and says why', 'main', ['dualtone', 'replicate', 'voicemail'], /full|No space/, 20_000),
    ...alarmed('voicemail', 'files-disk-full'),
    mainLosesPower,
    standbyServes,
    ...telephones,
    mainHasPower,
    mainIsBack,
    failback,
    mainServes,
    { do: 'mend', name: 'folder-full' },
    allIsHome,
    says('the message is where it was left', 'main', messages, exactly(String.raw`1001/INBOX/msg0000\.txt`), 5000),
    says('the stream is in step', 'main', ['dualtone', 'replicate', 'voicemail'], /voicemail: \d+ changed/, 30_000),
    says('the message is there', 'standby', messages, exactly(String.raw`1001/INBOX/msg0000\.txt`), 5000),
    ...emptyMailboxes,
  ],
  expected: { serving: 'main', ...takenOver, moves: 2 },
};

/** When busy, user 4 forwards to a number that is a moment. */
const forwardedWithin =
  "select extract(epoch from clock_timestamp()) - nullif(destbusy, '')::bigint < 90 from userfeatures where id = 4;";

const strictContinuous: Scenario = {
  name: 'replication-strict-continuous',
  text: 'with main to standby 22 and 5432 and ICMP back alone, besides heartbeats, each change follows within a second, and what the standby collected comes home',
  setup: { data: 'strict-continuous' },
  prepare: changesFollow,
  deeds: [
    firewalled('main'),
    firewalled('standby'),
    names('Strict'),
    isNamed('the change is there', '2 seconds', 1000),
    mainLosesPower,
    standbyServes,
    isNamed('the change is still there', '1 minute'),
    writes('standby', 'update userfeatures set destbusy = extract(epoch from clock_timestamp())::bigint where id = 4;'),
    mainHasPower,
    reads('the forward is home', 'main', forwardedWithin, /^t$/, 60_000),
    firewalled('main'),
    failback,
    mainServes,
    allIsHome,
    inStep('main', 'database', 40_000),
    names('Again'),
    isNamed('the next change is there', '2 seconds', 1000),
    bothAgree,
  ],
  expected: { serving: 'main', ...takenOver, moves: 2 },
};

/** Nothing fails silently, and nothing of it holds up telephony. */
export const adversities: readonly Scenario[] = [fullDatabase, fullVoicemail, strictContinuous];
