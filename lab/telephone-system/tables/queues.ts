import { type Era, fileLine, flags, ID, many, type TableList, texts, whole, words, wordsOf } from '../notation.ts';

const queueOptions = wordsOf(`
  announce context monitor-format queue-youarenext queue-thereare queue-callswaiting queue-holdtime
  queue-minutes queue-seconds queue-thankyou queue-reporthold periodic-announce joinempty
  leavewhenempty musicclass queue-minute membermacro membergosub defaultrule queue-quantity1
  queue-quantity2
`);
const queueNumbers = wordsOf(`
  timeout announce-frequency periodic-announce-frequency announce-round-seconds retry wrapuptime maxlen
  servicelevel timeoutrestart memberdelay weight min-announce-frequency timeoutpriority-level
  random-periodic-announce
`);
const queueFlags = [
  'eventmemberstatus',
  'eventwhencalled',
  'ringinuse',
  'reportholdtime',
  'autofill',
  'setinterfacevar',
  'setqueueentryvar',
  'setqueuevar',
  'commented',
];
const counters = whole(
  'answered',
  'abandoned',
  'total',
  'full',
  'closed',
  'joinempty',
  'leaveempty',
  'divert_ca_ratio',
  'divert_waittime',
  'timeout',
);

const serviceTables = (era: Era): TableList => [
  [
    'queuefeatures',
    `${ID}, ${era === 'xivo' ? '' : 'tenant_uuid uuid NOT NULL, '}name varchar(128) NOT NULL UNIQUE, displayname varchar(128) NOT NULL, number varchar(40) NOT NULL DEFAULT '', context varchar(39),
    ${flags('data_quality', 'hitting_callee', 'hitting_caller', 'retries', 'ring', 'transfer_user', 'transfer_call', 'write_caller', 'write_calling', 'ignore_forward')},
    url varchar(255) NOT NULL DEFAULT '', announceoverride varchar(128) NOT NULL DEFAULT '', ${whole('timeout', 'announce_holdtime', 'waittime')}, ${texts('preprocess_subroutine', 'mark_answered_elsewhere')}, waitratio double precision`,
  ],
  [
    'queue',
    `name varchar(128) PRIMARY KEY, ${texts(...queueOptions)}, ${whole(...queueNumbers)}, ${flags(...queueFlags)}, "monitor-type" queue_monitor_type NOT NULL DEFAULT 'no', strategy varchar(128), category queue_category NOT NULL, "announce-position" varchar(128) NOT NULL DEFAULT 'yes', "announce-position-limit" integer DEFAULT 5`,
  ],
  [
    'queuemember',
    `queue_name varchar(128), interface varchar(128), penalty integer NOT NULL DEFAULT 0, ${flags('commented')}, usertype queuemember_usertype NOT NULL, userid integer NOT NULL, channel varchar(25) NOT NULL, category queue_category NOT NULL, position integer NOT NULL DEFAULT 0, PRIMARY KEY (queue_name, interface), UNIQUE (queue_name, channel, usertype, userid, category)`,
  ],
  [
    'groupfeatures',
    `${ID}, ${era === 'xivo' ? 'deleted integer NOT NULL DEFAULT 0, number varchar(40), context varchar(39),' : "uuid uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(), tenant_uuid uuid NOT NULL, label text NOT NULL DEFAULT '',"} name varchar(128) NOT NULL UNIQUE, ${flags('transfer_user', 'transfer_call', 'write_caller', 'write_calling', 'ignore_forward')}, timeout integer, ${texts('preprocess_subroutine')}`,
  ],
];

const agentTables = (era: Era): TableList => [
  [
    'agentfeatures',
    `${ID}, ${era === 'xivo' ? 'numgroup integer NOT NULL DEFAULT 1,' : 'tenant_uuid uuid NOT NULL,'} ${texts('firstname', 'lastname')}, number varchar(40) NOT NULL UNIQUE, ${words('passwd')}, context varchar(39) NOT NULL DEFAULT '', language varchar(20) NOT NULL DEFAULT '', autologoff integer, "group" varchar(255), description text, preprocess_subroutine varchar(40)`,
  ],
  [
    'agent_login_status',
    `agent_id integer PRIMARY KEY, agent_number varchar(40) NOT NULL, extension varchar(80) NOT NULL, context varchar(80) NOT NULL, interface varchar(128) NOT NULL UNIQUE, state_interface varchar(128) NOT NULL, ${era === 'xivo' ? '' : 'paused boolean NOT NULL DEFAULT false, paused_reason varchar(80),'} login_at timestamp NOT NULL DEFAULT '2026-01-01', UNIQUE (extension, context)`,
  ],
  [
    'agent_membership_status',
    'agent_id integer, queue_id integer, queue_name varchar(128) NOT NULL, penalty integer NOT NULL DEFAULT 0, PRIMARY KEY (agent_id, queue_id)',
  ],
  ['agentglobalparams', `${ID}, ${words('category', 'option_name')}, option_value varchar(255)`],
  [
    'agentqueueskill',
    'agentid integer, skillid integer, weight integer NOT NULL DEFAULT 0, PRIMARY KEY (agentid, skillid)',
  ],
  [
    'queueskill',
    `${ID}, ${era === 'xivo' ? '' : 'tenant_uuid uuid NOT NULL, '}catid integer NOT NULL DEFAULT 1, name varchar(64) NOT NULL UNIQUE, description text`,
  ],
  ['queueskillcat', `${ID}, name varchar(64) NOT NULL UNIQUE`],
  [
    'queueskillrule',
    `${ID}, ${era === 'xivo' ? '' : 'tenant_uuid uuid NOT NULL, '}name varchar(64) NOT NULL, rule text`,
  ],
  [
    'queuepenalty',
    `${ID}, name varchar(255) NOT NULL UNIQUE, ${flags('commented')}, description text NOT NULL DEFAULT ''`,
  ],
  [
    'queuepenaltychange',
    'queuepenalty_id integer, seconds integer, maxp_sign char(1), maxp_value integer, minp_sign char(1), minp_value integer, PRIMARY KEY (queuepenalty_id, seconds)',
  ],
  ['staticqueue', fileLine],
];

const eventTables = (era: Era): TableList => [
  [
    'queue_log',
    `${ID}, time ${era === 'xivo' ? "varchar(26) DEFAULT ''" : 'timestamptz'}, callid varchar(80), queuename varchar(256), agent text, event varchar(20), ${many('varchar(128)', 'data1', 'data2', 'data3', 'data4', 'data5')}`,
  ],
  [
    'cel',
    `${ID}, eventtype varchar(30) NOT NULL, eventtime timestamptz NOT NULL, ${words('userdeftype', 'cid_name', 'cid_num', 'cid_ani', 'cid_rdnis', 'cid_dnid', 'exten', 'context', 'channame', 'appname', 'appdata')}, amaflags integer NOT NULL DEFAULT 0,
    accountcode varchar(20) NOT NULL DEFAULT '', peeraccount varchar(20) NOT NULL DEFAULT '', uniqueid varchar(150) NOT NULL DEFAULT '', linkedid varchar(150) NOT NULL DEFAULT '', userfield varchar(255) NOT NULL DEFAULT '', peer varchar(80) NOT NULL DEFAULT '', call_log_id integer, extra text`,
  ],
  [
    'stat_agent',
    `${ID}, name varchar(128) NOT NULL UNIQUE${era === 'xivo' ? '' : ', tenant_uuid uuid, agent_id integer'}`,
  ],
  [
    'stat_queue',
    `${ID}, name varchar(128) NOT NULL${era === 'xivo' ? '' : ', tenant_uuid uuid, queue_id integer, deleted boolean NOT NULL DEFAULT false'}`,
  ],
  [
    'stat_agent_periodic',
    `${ID}, time timestamptz NOT NULL, ${many("interval NOT NULL DEFAULT '0'", 'login_time', 'pause_time', 'wrapup_time', 'conversation_time')}, agent_id integer${era === 'xivo' ? '' : ', stat_queue_id integer'}`,
  ],
  ['stat_queue_periodic', `${ID}, time timestamptz NOT NULL, ${counters}, queue_id integer`],
  [
    'stat_call_on_queue',
    `${ID}, callid varchar(32) NOT NULL, time timestamptz NOT NULL, ${flags('ringtime', 'talktime', 'waittime')}, status stat_call_exit NOT NULL, queue_id integer, agent_id integer`,
  ],
];

/** Queues, groups, agents, and what is counted about them. */
export const queueTables = (era: Era): TableList => [...serviceTables(era), ...agentTables(era), ...eventTables(era)];
