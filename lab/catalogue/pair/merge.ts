import type { Role } from '../../../src/core/words.ts';
import { collectedDirectories } from '../../data/streams.ts';
import type { Deed, Scenario } from '../../scenarios/scenario.ts';
import {
  allCopied,
  allIsHome,
  astDb,
  asterisk,
  bothAgree,
  emptyMailboxes,
  exactly,
  exec,
  failback,
  leaveMessage,
  mainHasPower,
  mainLosesPower,
  mainServes,
  messages,
  pause,
  reads,
  says,
  standbyServes,
  switchover,
  takenOver,
  writes,
} from '../phrases.ts';

/** Somebody rings the mailbox up and presses keys. */
const press = (on: Role, what: 'listen' | 'erase', mailbox: string): Deed =>
  asterisk(on, `channel originate Local/8${mailbox.slice(1)}@phones extension ${what}@keys`);

const waitedForMs = 25_000;

const voicemail: Scenario = {
  name: 'replication-merge-voicemail',
  text: 'a message of before is at the standby when the main dies; heard, erased and new ones of the outage are at the main after failback, once, and lamps are right; the new one is heard there',
  setup: { data: 'snapshot' },
  inbound: false,
  prepare: emptyMailboxes,
  deeds: [
    ...leaveMessage('1001'),
    ...leaveMessage('1002'),
    says(
      'both messages are at the standby',
      'standby',
      messages,
      exactly(String.raw`1001/INBOX/msg0000\.txt`, String.raw`1002/INBOX/msg0000\.txt`),
      waitedForMs,
    ),
    { do: 'lamp', user: '1001', says: /^1\/0 .*main$/, withinMs: 5000 },
    mainLosesPower,
    standbyServes,
    press('standby', 'listen', '1001'),
    press('standby', 'erase', '1002'),
    ...leaveMessage('1003'),
    { do: 'lamp', user: '1003', says: /^1\/0 .*standby$/, withinMs: 5000 },
    says(
      'one is heard, one is erased, one is new',
      'standby',
      messages,
      exactly(String.raw`1001/Old/msg0000\.txt`, String.raw`1003/INBOX/msg0000\.txt`),
      waitedForMs,
    ),
    mainHasPower,
    says('the main is back', 'main', ['dualtone', 'status', '--json'], /"ok":|"kind"/, 10_000),
    failback,
    mainServes,
    says(
      'each message is at the main, once',
      'main',
      messages,
      exactly(String.raw`1001/Old/msg0000\.txt`, String.raw`1003/INBOX/msg0000\.txt`),
      waitedForMs,
    ),
    allIsHome,
    { do: 'lamp', user: '1003', says: /^1\/0 .*main$/, withinMs: 5000 },
    { do: 'lamp', user: '1001', says: /^0\/1 .*main$/, withinMs: 5000 },
    press('main', 'listen', '1003'),
    says(
      'what was left at the standby is heard at the main',
      'main',
      messages,
      exactly(String.raw`1001/Old/msg0000\.txt`, String.raw`1003/Old/msg0000\.txt`),
      waitedForMs,
    ),
    { do: 'lamp', user: '1003', says: /^0\/1 .*main$/, withinMs: 5000 },
    says(
      'the standby equals the main again',
      'main',
      ['dualtone', 'replicate', 'voicemail'],
      /voicemail: 0 changed/,
      waitedForMs,
    ),
    says(
      'nothing came twice',
      'standby',
      messages,
      exactly(String.raw`1001/Old/msg0000\.txt`, String.raw`1003/Old/msg0000\.txt`),
      200,
    ),
  ],
  expected: { serving: 'main', ...takenOver, moves: 2 },
};

const [recordings] = collectedDirectories;
const events = 30_000;
const recordingNames = Array.from({ length: 100 }, (_, at) => `${recordings}/cut/${at}.wav`);

const emptied: readonly Deed[] = [
  ...emptyMailboxes,
  writes('main', "delete from queue_log where queuename = 'labcut';"),
  // Events are each node's own; those of a former run stay at the standby.
  writes('standby', "delete from queue_log where queuename = 'labcut';"),
  exec('main', ['rm', '-rf', `${recordings}/cut`]),
  ...allCopied,
];

/** What a busy outage leaves: events, recordings, a message. */
const collect: readonly Deed[] = [
  writes(
    'standby',
    `insert into queue_log (time, callid, queuename, agent, event) select to_char(clock_timestamp(), 'YYYY-MM-DD HH24:MI:SS.US'), 'cut-' || g, 'labcut', 'NONE', 'ABANDON' from generate_series(1, ${events}) g;`,
  ),
  exec('standby', ['mkdir', '-p', `${recordings}/cut`]),
  exec('standby', ['tee', ...recordingNames], 'voice'),
  ...leaveMessage('1004'),
];

const readsAll = (on: Role, withinMs: number): readonly Deed[] => [
  reads(
    `each event is at the ${on}, once`,
    on,
    "select count(*) || '/' || count(distinct callid) from queue_log where queuename = 'labcut';",
    new RegExp(`^${events}/${events}$`),
    withinMs,
  ),
  says(`the message is at the ${on}, once`, on, messages, exactly(String.raw`1004/INBOX/msg0000\.txt`), withinMs),
  says(
    `each recording is at the ${on}, and no other`,
    on,
    ['find', `${recordings}/cut`, '-type', 'f', '-printf', 'x'],
    new RegExp(`^x{${recordingNames.length}}$`),
    withinMs,
  ),
];

/** The merge has begun its second pass and not ended it. */
const inSecondPass = says('the merge is under way', 'main', ['dualtone', 'merge', 'report'], /second pass/, 30_000);

const lostPower: readonly Scenario[] = [
  {
    name: 'replication-merge-power-loss-main',
    text: 'the main dies in the middle of the merge, and comes back: all that the standby collected is home, once',
    setup: { data: 'snapshot' },
    inbound: false,
    prepare: emptied,
    deeds: [
      switchover,
      standbyServes,
      ...collect,
      failback,
      mainServes,
      inSecondPass,
      mainLosesPower,
      standbyServes,
      mainHasPower,
      says('the main is back', 'main', ['dualtone', 'status', '--json'], /passive/, 15_000),
      failback,
      mainServes,
      allIsHome,
      ...readsAll('main', 2000),
      says(
        'the standby equals the main again',
        'main',
        ['dualtone', 'replicate', 'voicemail'],
        /: 0 changed/,
        waitedForMs,
      ),
      ...readsAll('standby', waitedForMs),
    ],
    expected: { serving: 'main', ...takenOver, moves: 4 },
  },
  {
    name: 'replication-merge-power-loss-standby',
    text: 'the standby dies in the middle of the merge, and comes back: all that it collected is home, once',
    setup: { data: 'snapshot' },
    inbound: false,
    prepare: emptied,
    deeds: [
      switchover,
      standbyServes,
      ...collect,
      failback,
      mainServes,
      inSecondPass,
      { do: 'fault', fault: { kind: 'power-loss', host: 'standby' } },
      pause(1000),
      mainHasPower,
      allIsHome,
      ...readsAll('main', 2000),
      ...readsAll('standby', waitedForMs),
    ],
    expected: { serving: 'main', ...takenOver, moves: 2 },
  },
];

const agents: Scenario = {
  name: 'replication-merge-agents',
  text: 'an agent’s login, do-not-disturb and a forward set at the standby while it serves are in force at the main after failback',
  setup: { data: 'snapshot' },
  prepare: [
    asterisk('main', 'queue remove member PJSIP/1005 from lab'),
    asterisk('main', 'database del DND 1005'),
    asterisk('main', 'database del CF 1006'),
    writes('main', "update userfeatures set enablednd = 0, enableunc = 0, destunc = '' where id = 4;"),
    bothAgree,
  ],
  deeds: [
    switchover,
    standbyServes,
    asterisk('standby', 'queue add member PJSIP/1005 to lab penalty 2'),
    asterisk('standby', 'database put DND 1005 YES'),
    asterisk('standby', 'database put CF 1006 1007'),
    writes('standby', "update userfeatures set enablednd = 1, enableunc = 1, destunc = '1007' where id = 4;"),
    pause(1000),
    failback,
    mainServes,
    says('the agent is in the queue', 'main', ['asterisk', '-rx', 'queue show lab'], /PJSIP\/1005.*penalty 2/, 5000),
    astDb('main', 'do-not-disturb holds', 'DND 1005', /YES/, 5000),
    astDb('main', 'the forward holds', 'CF 1006', /1007/, 5000),
    reads(
      'the database knows both',
      'main',
      'select enablednd, enableunc, destunc from userfeatures where id = 4;',
      /^1\|1\|1007$/,
      60_000,
    ),
  ],
  expected: { serving: 'main', outageMsMost: 1000, twoServing: 'none', moves: 2 },
};

/** What the standby collected comes home: once, also where power is lost meanwhile. */
export const merges: readonly Scenario[] = [voicemail, ...lostPower, agents];
