import { type Content, fill, oneOf } from '../content.ts';
import { agentCount, queueName } from './queues.ts';

/** Which events: their numbers from `from` + 1 on; more of the same content follow on. */
export interface EventRange {
  readonly from: number;
  readonly count: number;
}

const START = "timestamptz '2026-01-01 00:00:00+00'";
const celTypes = [
  'CHAN_START',
  'APP_START',
  'ANSWER',
  'BRIDGE_ENTER',
  'BRIDGE_EXIT',
  'HANGUP',
  'CHAN_END',
  'LINKEDID_END',
];
const queueEvents = ['ENTERQUEUE', 'RINGNOANSWER', 'CONNECT', 'COMPLETECALLER'];

/** Eight events a call; the two nodes' calls have names of their own, as they have in Asterisk. */
const callOf = (node: Content['node'], n: string): string =>
  `'${node === 'main' ? 'pbx1' : 'pbx2'}-' || (1767225600 + (${n}) / 8) || '.' || ((${n}) / 8)`;

const calls = (content: Content, { from, count }: EventRange): readonly string[] => {
  const n = `(${from} + i)`;
  const at = `${START} + ${n} * interval '8 seconds'`;
  const size = Math.ceil(count / 10);
  const user = `1 + ${n} % ${content.users}`;
  if (content.era === 'xivo') {
    return [
      fill('call_log', size, {
        date: `(${at})::timestamp`,
        source_exten: `(10000 + ${user})::text`,
        source_name: `'User ' || (${user})`,
        destination_exten: "'0102030405'",
        duration: "i % 600 * interval '1 second'",
        answered: 'i % 4 > 0',
        user_field: callOf(content.node, `${n} * 8`),
      }),
    ];
  }
  const tenant = "pg_temp.uuid_of('tenant', 1)";
  const insert = fill('call_logd_call_log', size, {
    date: at,
    date_answer: `CASE WHEN i % 4 > 0 THEN ${at} + interval '3 seconds' END`,
    date_end: `${at} + interval '1 minute'`,
    source_exten: `(10000 + ${user})::text`,
    source_name: `'User ' || (${user})`,
    source_user_uuid: `pg_temp.uuid_of('user', ${user})::text`,
    destination_exten: "'0102030405'",
    direction: "'outbound'",
    tenant_uuid: tenant,
    conversation_id: callOf(content.node, `${n} * 8`),
  });
  const kind = `'${content.node}' || conversation_id`;
  return [
    `WITH made AS (${insert} RETURNING id, conversation_id, date, source_user_uuid),
     taken AS (INSERT INTO call_logd_call_log_participant (uuid, call_log_id, user_uuid, role, tags, answered) SELECT md5(${kind} || 'p')::uuid, id, source_user_uuid::uuid, 'source', ARRAY['a "tag"', 'b,c'], true FROM made),
     reached AS (INSERT INTO call_logd_call_log_destination (uuid, destination_details_key, destination_details_value, call_log_id) SELECT md5(${kind} || 'd')::uuid, 'type', 'unknown', id FROM made)
     INSERT INTO call_logd_recording (uuid, start_time, end_time, path, call_log_id) SELECT md5(${kind} || 'r')::uuid, date, date + interval '1 minute', '/var/lib/wazo/sounds/' || id || '.wav', id FROM made WHERE id % 10 = 0`,
  ];
};

/** Channel events, queue events and calls. Numbers come from the node's own sequences. */
export const eventRows = (content: Content, range: EventRange): readonly string[] => {
  const { from, count } = range;
  if (count === 0) return [];
  const n = `(${from} + i)`;
  const call = callOf(content.node, n);
  const time = `${START} + ${n} * interval '1 second'`;
  const user = `1 + ${n} / 8 % ${content.users}`;
  const queue = `1 + ${n} / 4 % ${content.queues}`;
  return [
    fill('cel', count, {
      eventtype: oneOf(celTypes, n),
      eventtime: time,
      cid_name: `'User ' || (${user})`,
      cid_num: `(10000 + ${user})::text`,
      exten: "'s'",
      context: "'default'",
      channame: `'PJSIP/' || (${user}) || '-' || lpad(to_hex(${n}), 8, '0')`,
      uniqueid: call,
      linkedid: call,
      extra: `CASE WHEN ${n} % 8 = 5 THEN '{"hangupcause":16,"dialstatus":"ANSWER"}' END`,
    }),
    fill('queue_log', count, {
      time: content.era === 'xivo' ? `to_char((${time}) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')` : time,
      callid: call,
      queuename: queueName(queue),
      agent: `'Agent/' || (7001 + ${n} % ${agentCount(content)})`,
      event: oneOf(queueEvents, n),
      data1: "'12'",
      data2: "''",
      data3: "'1'",
    }),
    ...calls(content, range),
  ];
};

/** What is counted from the events of this node. */
export const statisticRows = (content: Content): readonly string[] => {
  const periods = Math.min(5000, Math.ceil(content.events / 20));
  if (periods === 0) return [];
  const agents = agentCount(content);
  return [
    fill('stat_queue', content.queues, { name: queueName('i') }),
    fill('stat_agent', agents, { name: "'Agent/' || (7000 + i)" }),
    fill('stat_queue_periodic', periods, {
      time: `${START} + i * interval '1 hour'`,
      answered: 'i % 50',
      total: 'i % 60',
      queue_id: `1 + i % ${content.queues}`,
    }),
    fill('stat_agent_periodic', periods, {
      time: `${START} + i * interval '1 hour'`,
      login_time: "interval '1 hour'",
      agent_id: `1 + i % ${agents}`,
    }),
    fill('stat_call_on_queue', periods, {
      callid: callOf(content.node, 'i * 4'),
      time: `${START} + i * interval '1 hour'`,
      status: "'answered'",
      queue_id: `1 + i % ${content.queues}`,
      agent_id: `1 + i % ${agents}`,
    }),
  ];
};
