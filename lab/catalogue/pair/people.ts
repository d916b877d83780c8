/** What people do by telephone, a second before their server dies and while the other one serves. */
import { featureCodes, services } from '../../asterisk/plan.ts';
import type { DataSetup } from '../../data/streams.ts';
import type { Deed, Scenario } from '../../scenarios/scenario.ts';
import {
  allIsHome,
  astDb,
  asterisk,
  changesFollow,
  failback,
  inStep,
  mainHasPower,
  mainIsBack,
  mainLosesPower,
  mainServes,
  pause,
  reads,
  says,
  standbyServes,
  takenOver,
  writes,
} from '../phrases.ts';

const aSecond = pause(1000);

/** Telephones and their users' numbers in the database: 1001 is the boss (2), 1000 the secretary (1). */
const statusNow = `select (select enablednd from userfeatures where id = 5) || '/' || (select enableunc || destunc from userfeatures where id = 6)
  || '/' || (select active from callfiltermember where bstype = 'boss');`;

const statusGone: readonly Deed[] = [
  writes(
    'main',
    `update userfeatures set enablednd = 0, enableunc = 0, destunc = '' where id in (5, 6);
     update callfiltermember set active = 0 where bstype = 'boss';`,
  ),
  asterisk('main', 'database del DND 1004'),
  asterisk('main', 'database del CF 1005'),
];

/** By three real calls, each answered when Asterisk has written what it asks for. */
const statusSet: readonly Deed[] = [
  { do: 'dial', from: '1004', code: featureCodes.doNotDisturb },
  { do: 'dial', from: '1005', code: `${featureCodes.forward}1007` },
  { do: 'dial', from: '1001', code: featureCodes.filter },
];

/** Real calls show it: refused, taken elsewhere, taken by the secretary. */
const statusHolds = (on: 'main' | 'standby'): readonly Deed[] => [
  reads(`the database of the ${on} has all three`, on, statusNow, /^1\/11007\/1$/),
  astDb(on, 'do-not-disturb is in AstDB', 'DND 1004', /YES/, 200),
  astDb(on, 'the forward is in AstDB', 'CF 1005', /1007/, 200),
  { do: 'refused-call', from: '1003', to: '1004', says: / 486 / },
  { do: 'call', from: '1003', to: '1005', takenBy: '1007' },
  { do: 'hang-up' },
  { do: 'call', from: '1003', to: '1001', takenBy: '1000' },
  { do: 'hang-up' },
];

const features: Scenario = {
  name: 'replication-features',
  text: 'do-not-disturb, a forward and a call filter, set by telephone one second before the main dies, hold on the standby and after failback: calls show it',
  setup: { data: 'continuous' },
  prepare: [
    ...changesFollow,
    ...statusGone,
    reads('the standby has none of it', 'standby', statusNow, /^0\/0\/0$/, 5000),
  ],
  deeds: [
    ...statusSet,
    aSecond,
    mainLosesPower,
    standbyServes,
    ...statusHolds('standby'),
    mainHasPower,
    mainIsBack,
    failback,
    mainServes,
    ...statusHolds('main'),
  ],
  expected: { serving: 'main', ...takenOver, moves: 2 },
};

const queueHas = (on: 'main' | 'standby', withinMs: number): Deed =>
  says(
    `the agent is in the queue of the ${on}`,
    on,
    ['asterisk', '-rx', 'queue show lab'],
    /PJSIP\/1005.*penalty 2/,
    withinMs,
  );

/** What a server's agent service keeps besides. */
const loginOf = 'select interface from agent_login_status where agent_id = 9001;';

/** A caller hears music until the agent takes the call. */
const toQueue: readonly Deed[] = [{ do: 'call', from: '1003', to: services.queue, takenBy: '1005' }, { do: 'hang-up' }];

const agents: Scenario = {
  name: 'replication-agents',
  text: 'an agent who logged in one second before the main dies is called by the queue on the standby, and stays in it after failback',
  setup: { data: 'continuous' },
  prepare: [
    ...changesFollow,
    asterisk('main', 'queue remove member PJSIP/1005 from lab'),
    writes('main', 'delete from agent_login_status where agent_id = 9001;'),
    reads('the standby knows of no login', 'standby', loginOf, /^$/, 5000),
  ],
  deeds: [
    { do: 'dial', from: '1005', code: featureCodes.agent },
    writes(
      'main',
      "insert into agent_login_status (agent_id, agent_number, extension, context, interface, state_interface) values (9001, '9001', '1005', 'default', 'PJSIP/1005', 'PJSIP/1005');",
    ),
    aSecond,
    mainLosesPower,
    standbyServes,
    queueHas('standby', 200),
    reads('the login is in the database', 'standby', loginOf, /^PJSIP\/1005$/),
    ...toQueue,
    mainHasPower,
    mainIsBack,
    failback,
    mainServes,
    queueHas('main', 200),
    ...toQueue,
  ],
  expected: { serving: 'main', ...takenOver, moves: 2 },
};

/**
 * What the call log of a telephone system does every few minutes, here by hand: calls that ended and are in no log yet get a row, and
 * their events its number. The lab's own stand-in; the events are written by Asterisk.
 */
const logCalls = `with made as (
  insert into call_log (date, source_exten, source_name, destination_exten, duration, answered, user_field)
  select min(eventtime), min(cid_num) filter (where eventtype = 'CHAN_START' and exten <> ''), '', '1007', max(eventtime) - min(eventtime), true, linkedid
  from cel where call_log_id is null and linkedid in (select linkedid from cel where cid_num = '1006')
  group by linkedid having bool_or(eventtype = 'LINKEDID_END') returning id, user_field)
  update cel set call_log_id = made.id from made where cel.linkedid = made.user_field and cel.call_log_id is null;`;

/** How many calls and events there are of it, and that all events belong to the one call: `1 calls, 2 answered, 1 end, 0 twice, 0 astray`. */
const callNow = `select (select count(*) from call_log where source_exten = '1006') || ' calls, '
  || count(*) filter (where eventtype = 'ANSWER') || ' answered, ' || count(*) filter (where eventtype = 'LINKEDID_END') || ' end, '
  || count(*) - count(distinct (eventtype, eventtime, uniqueid, appname)) || ' twice, '
  || count(*) filter (where call_log_id is distinct from (select max(id) from call_log where source_exten = '1006')) || ' astray'
  from cel where linkedid in (select linkedid from cel where cid_num = '1006');`;
const onceThere = /^1 calls, 2 answered, 1 end, 0 twice, 0 astray$/;

const forgetCall =
  "delete from cel where linkedid in (select linkedid from cel where cid_num = '1006'); delete from call_log where source_exten = '1006';";

const history = (name: string, data: DataSetup): Scenario => ({
  name,
  text: 'a call through the standby during the outage is in the main’s call history after failback: each event and the call, once',
  setup: { data },
  inbound: false,
  prepare: [inStep('main', 'database'), writes('main', forgetCall), writes('standby', forgetCall)],
  deeds: [
    mainLosesPower,
    standbyServes,
    { do: 'call', from: '1006', to: '1007', takenBy: '1007' },
    pause(500),
    { do: 'hang-up' },
    reads(
      'the call has ended in the standby’s events',
      'standby',
      "select count(*) from cel where eventtype = 'LINKEDID_END' and linkedid in (select linkedid from cel where cid_num = '1006');",
      /^1$/,
      3000,
    ),
    writes('standby', logCalls),
    reads('it is in the standby’s history', 'standby', callNow, onceThere),
    mainHasPower,
    mainIsBack,
    failback,
    mainServes,
    allIsHome,
    reads('it is in the main’s history', 'main', callNow, onceThere, 2000),
    // The log of the main looks again, and the merge too, which may say that nothing is left: nothing more comes.
    writes('main', logCalls),
    { do: 'order', on: 'main', argv: ['merge', 'run'], exit: 'any' },
    reads('it is in the main’s history once', 'main', callNow, onceThere),
    reads('and still in the standby’s', 'standby', callNow, onceThere),
  ],
  expected: { serving: 'main', ...takenOver, moves: 2 },
});

/** What people set and who called, lost by nobody. */
export const people: readonly Scenario[] = [
  features,
  agents,
  history('replication-call-history', 'snapshot'),
  history('replication-call-history-continuous', 'continuous'),
];
