import { type Content, fill, literal, oneOf, rows } from '../content.ts';
import { tenantColumn } from './people.ts';
import { queueNames } from './words.ts';

/** The name of queue `i`. */
export const queueName = (index: string): string =>
  `CASE WHEN ${index} <= ${queueNames.length} THEN ${oneOf(queueNames, `(${index}) - 1`)} ELSE 'queue' || (${index}) END`;

/** One user in ten. */
export const agentCount = ({ users }: Content): number => Math.max(1, Math.floor(users / 10));

const MEMBERSHIPS = 4;

const members = (content: Content): readonly string[] =>
  Array.from({ length: MEMBERSHIPS }, (_, turn) => {
    const queue = `1 + (i * 3 + ${turn * 7}) % ${content.queues}`;
    return fill(
      'queuemember',
      content.users,
      {
        queue_name: queueName(queue),
        interface: "'SIP/' || substr(md5('sip' || i), 1, 8)",
        penalty: 'i % 5',
        usertype: "'user'",
        userid: 'i',
        channel: "'SIP'",
        category: "'queue'",
        position: 'i',
      },
      'ON CONFLICT DO NOTHING',
    );
  });

const agents = (content: Content): readonly string[] => {
  const count = agentCount(content);
  return [
    fill('agentfeatures', count, {
      firstname: "'Agent'",
      lastname: 'i::text',
      number: '(7000 + i)::text',
      passwd: "''",
      context: "'default'",
      description: "''",
      ...tenantColumn(content),
    }),
    fill(
      'agent_login_status',
      count,
      {
        agent_id: 'i',
        agent_number: '(7000 + i)::text',
        extension: '(10000 + i)::text',
        context: "'default'",
        interface: "'Local/id-' || i || '@agentcallback'",
        state_interface: "'SIP/' || substr(md5('sip' || i), 1, 8)",
        login_at: "timestamp '2026-01-01 08:00:00' + i * interval '1 second'",
      },
      'WHERE i % 2 = 1',
    ),
    fill(
      'agent_membership_status',
      count,
      { agent_id: 'i', queue_id: `1 + i % ${content.queues}`, queue_name: queueName(`1 + i % ${content.queues}`) },
      'WHERE i % 2 = 1',
    ),
    fill('queueskillcat', 1, { name: "'languages'" }),
    fill('queueskill', 4, {
      catid: '1',
      name: oneOf(['french', 'english', 'über-skill', 'c++'], 'i - 1'),
      ...tenantColumn(content),
    }),
    fill('agentqueueskill', count, { agentid: 'i', skillid: '1 + i % 4', weight: 'i % 100' }),
    fill('queueskillrule', 2, {
      name: "'rule' || i",
      rule: "'WT < 60, french > 50 & english > 0'",
      ...tenantColumn(content),
    }),
    fill('queuepenalty', 2, { name: "'penalty ' || i" }),
    fill('queuepenaltychange', 10, {
      queuepenalty_id: '1 + i % 2',
      seconds: 'i * 10',
      maxp_sign: "'='",
      maxp_value: 'i',
    }),
  ];
};

const queueOf = (category: 'queue' | 'group', count: number, name: string): string =>
  fill('queue', count, {
    name,
    category: literal(category),
    strategy: oneOf(['ringall', 'leastrecent', 'linear', 'rrmemory'], 'i'),
    timeout: '15',
    retry: '5',
    'announce-frequency': '30',
    'queue-youarenext': "'queue-youarenext'",
    'periodic-announce-frequency': '0',
    'monitor-format': "'wav'",
  });

/** Queues, groups, agents. */
export const queueRows = (content: Content): readonly string[] => {
  const { queues, users, era } = content;
  const groups = Math.max(1, Math.floor(users / 50));
  return [
    fill('queuefeatures', queues, {
      name: queueName('i'),
      displayname: queueName('i'),
      number: '(30000 + i)::text',
      context: "'default'",
      timeout: '60',
      waitratio: 'i / 7.0',
      ...tenantColumn(content),
    }),
    queueOf('queue', queues, queueName('i')),
    fill('extensions', queues, {
      context: "'default'",
      exten: '(30000 + i)::text',
      type: "'queue'",
      typeval: 'i::text',
    }),
    fill('groupfeatures', groups, {
      name: "'group' || i",
      timeout: '20',
      ...(era === 'xivo'
        ? { number: '(20000 + i)::text', context: "'default'" }
        : { uuid: "pg_temp.uuid_of('group', i)", ...tenantColumn(content) }),
    }),
    queueOf('group', groups, "'group' || i"),
    fill('queuemember', users, {
      queue_name: `'group' || (1 + i % ${groups})`,
      interface: "'SIP/' || substr(md5('sip' || i), 1, 8)",
      usertype: "'user'",
      userid: 'i',
      channel: "'SIP'",
      category: "'group'",
      position: 'i',
    }),
    ...members(content),
    ...agents(content),
    rows(
      'staticqueue',
      'filename, category, var_name, var_val',
      "'queues.conf', 'general', 'shared_lastcall', 'yes'",
      "'queues.conf', 'general', 'COPY', 'COPY me'",
    ),
  ];
};
