import { type Era, fileLine, flags, ID, many, owner, type TableList, texts, whole, words } from '../notation.ts';

const xivoUser = `${whole('entityid', 'cti_profile_id')}, ${flags('enableclient')}, ${texts('loginclient', 'passwdclient')}`;
const wazoUser = `tenant_uuid uuid NOT NULL, username varchar(254), password text, subscription_type integer DEFAULT 0,
  created_at timestamptz DEFAULT '2026-01-01', country varchar(10),
  ${many('boolean NOT NULL DEFAULT false', 'call_record_outgoing_external_enabled', 'call_record_incoming_external_enabled', 'dtmf_hangup')}`;

/** Users with what they change themselves, their lines, numbers and mailboxes. */
const userTables = (era: Era): TableList => [
  [
    'userfeatures',
    `${ID}, uuid varchar(38) NOT NULL UNIQUE, firstname varchar(128) NOT NULL DEFAULT '', lastname varchar(128) NOT NULL DEFAULT '', email varchar(254) UNIQUE,
    voicemailtype userfeatures_voicemailtype, ${whole('voicemailid', 'agentid', 'pictureid')}, callerid varchar(200), ringseconds integer NOT NULL DEFAULT 30,
    simultcalls integer NOT NULL DEFAULT 5, ${flags('enablevoicemail', 'enablehint', 'enablexfer', 'incallfilter', 'enablednd')},
    ${flags('enableunc')}, ${words('destunc')}, ${flags('enablerna')}, ${words('destrna')}, ${flags('enablebusy')}, ${words('destbusy', 'musiconhold', 'outcallerid', 'mobilephonenumber', 'userfield')},
    bsfilter generic_bsfilter NOT NULL DEFAULT 'no', ${texts('preprocess_subroutine', 'timezone', 'language', 'ringintern', 'ringextern', 'ringgroup', 'ringforward', 'rightcallcode')},
    ${flags('commented')}, func_key_template_id integer, func_key_private_template_id integer NOT NULL, description text NOT NULL DEFAULT '', ${era === 'xivo' ? xivoUser : wazoUser}`,
  ],
  [
    'linefeatures',
    `${ID}, device varchar(32), configregistrar varchar(128), name varchar(128) UNIQUE, number varchar(40), context varchar(39) NOT NULL, provisioningid integer NOT NULL,
    num integer DEFAULT 1, ipfrom varchar(15), application_uuid uuid, ${flags('commented')}, description text,
    ${era === 'xivo' ? 'protocol trunk_protocol NOT NULL, protocolid integer NOT NULL, UNIQUE (protocol, protocolid)' : 'endpoint_sip_uuid uuid, endpoint_sccp_id integer, endpoint_custom_id integer'}`,
  ],
  [
    'user_line',
    `${era === 'xivo' ? 'id serial UNIQUE,' : ''} user_id integer, line_id integer, main_user boolean NOT NULL, main_line boolean NOT NULL, ${era === 'xivo' ? 'extension_id integer,' : ''} PRIMARY KEY (user_id, line_id)`,
  ],
  [
    'line_extension',
    'line_id integer, extension_id integer, main_extension boolean NOT NULL, PRIMARY KEY (line_id, extension_id)',
  ],
  [
    'extensions',
    `${ID}, ${flags('commented')}, context varchar(39) NOT NULL DEFAULT '', exten varchar(40) NOT NULL DEFAULT '', type extenumbers_type NOT NULL, typeval varchar(255) NOT NULL DEFAULT '', UNIQUE (exten, context)`,
  ],
  [
    'voicemail',
    `uniqueid serial PRIMARY KEY, context varchar(39) NOT NULL, mailbox varchar(40) NOT NULL, password varchar(80), fullname varchar(80) NOT NULL DEFAULT '', email varchar(80), ${texts('pager', 'language', 'tz')},
    ${whole('attach', 'saycid', 'review', 'operator', 'envelope', 'sayduration', 'saydurationm', 'sendvoicemail', 'forcename', 'forcegreetings', 'maxmsg')}, deletevoicemail integer NOT NULL DEFAULT 0,
    hidefromdir voicemail_hidefromdir NOT NULL DEFAULT 'no', emailsubject text, emailbody text, imapuser varchar(1024), ${flags('skipcheckpass', 'commented')}, options varchar(255)[][] NOT NULL DEFAULT '{}', UNIQUE (mailbox, context)`,
  ],
];

const contextTables = (era: Era): TableList => [
  [
    'context',
    `${era === 'xivo' ? '' : 'uuid uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(), '}${ID}, name varchar(39) NOT NULL UNIQUE, displayname varchar(128), ${owner(era)}, contexttype varchar(40) NOT NULL, ${flags('commented')}, description text`,
  ],
  ['contextinclude', `context varchar(39), include varchar(39), ${flags('priority')}, PRIMARY KEY (context, include)`],
  [
    'contextmember',
    "context varchar(39), type varchar(32), typeval varchar(128), varname varchar(128) NOT NULL DEFAULT '', PRIMARY KEY (context, type, typeval, varname)",
  ],
  [
    'contextnumbers',
    `context varchar(39), type contextnumbers_type, numberbeg varchar(16), numberend varchar(16), ${flags('didlength')}, PRIMARY KEY (context, type, numberbeg, numberend)`,
  ],
  ['contexttype', `${ID}, name varchar(40) NOT NULL UNIQUE, ${flags('commented', 'deletable')}, description text`],
  [
    'callerid',
    "mode callerid_mode, callerdisplay varchar(80) NOT NULL DEFAULT '', type callerid_type, typeval integer, PRIMARY KEY (type, typeval)",
  ],
  [
    'dialaction',
    `event varchar(40), category dialaction_category, categoryval varchar(128), action dialaction_action NOT NULL, ${texts('actionarg1', 'actionarg2')}, ${era === 'xivo' ? 'linked integer NOT NULL DEFAULT 1,' : ''} PRIMARY KEY (event, category, categoryval)`,
  ],
];

const belongingTables = (era: Era): TableList => [
  [
    'rightcall',
    `${ID}, ${era === 'xivo' ? '' : 'tenant_uuid uuid NOT NULL, '}name varchar(128) NOT NULL, ${words('passwd')}, ${flags('authorization', 'commented')}, description text, UNIQUE (name)`,
  ],
  ['rightcallexten', `${ID}, rightcallid integer NOT NULL, exten varchar(40) NOT NULL, UNIQUE (rightcallid, exten)`],
  [
    'rightcallmember',
    `${ID}, rightcallid integer NOT NULL, type rightcallmember_type NOT NULL, typeval varchar(128) NOT NULL, UNIQUE (rightcallid, type, typeval)`,
  ],
  [
    'callfilter',
    `${ID}, ${era === 'xivo' ? '' : 'tenant_uuid uuid NOT NULL, '}name varchar(128) NOT NULL UNIQUE, type callfilter_type NOT NULL, bosssecretary callfilter_bosssecretary, callfrom callfilter_callfrom, ringseconds integer NOT NULL DEFAULT 0, ${flags('commented')}, description text`,
  ],
  [
    'callfiltermember',
    `${ID}, callfilterid integer NOT NULL, type varchar(32) NOT NULL DEFAULT 'user', typeval varchar(128) NOT NULL, ${flags('ringseconds', 'priority')}, bstype callfiltermember_role NOT NULL, active integer NOT NULL DEFAULT 0, UNIQUE (callfilterid, type, typeval)`,
  ],
  [
    'pickup',
    `id integer PRIMARY KEY, ${era === 'xivo' ? '' : 'tenant_uuid uuid NOT NULL, '}name varchar(128) NOT NULL UNIQUE, ${flags('commented')}, description text`,
  ],
  [
    'pickupmember',
    'pickupid integer, category pickup_category, membertype pickup_membertype, memberid integer, PRIMARY KEY (pickupid, category, membertype, memberid)',
  ],
  [
    'schedule',
    `${ID}, ${era === 'xivo' ? '' : 'tenant_uuid uuid NOT NULL, '}name varchar(255) NOT NULL DEFAULT '', timezone varchar(128), fallback_action dialaction_action NOT NULL DEFAULT 'none', ${texts('fallback_actionid', 'fallback_actionargs')}, description text, ${flags('commented')}`,
  ],
  [
    'schedule_path',
    'schedule_id integer, path schedule_path_type, pathid integer, "order" integer NOT NULL DEFAULT 0, PRIMARY KEY (schedule_id, path, pathid)',
  ],
  [
    'schedule_time',
    `${ID}, schedule_id integer, mode varchar(6) NOT NULL DEFAULT 'opened', ${texts('hours', 'weekdays', 'monthdays', 'months')}, action dialaction_action, ${texts('actionid', 'actionargs')}, ${flags('commented')}`,
  ],
  [
    'paging',
    `${ID}, ${era === 'xivo' ? '' : 'tenant_uuid uuid NOT NULL, '}number varchar(32) UNIQUE, ${flags('duplex', 'ignore', 'record', 'quiet', 'commented')}, timeout integer NOT NULL DEFAULT 30, announcement_file varchar(64), description text`,
  ],
  [
    'paginguser',
    'pagingid integer, userfeaturesid integer, caller integer, PRIMARY KEY (pagingid, userfeaturesid, caller)',
  ],
  ['staticvoicemail', fileLine],
  ['staticiax', fileLine],
];

/** Users, contexts, rights, filters, schedules. */
export const peopleTables = (era: Era): TableList => [
  ...userTables(era),
  ...contextTables(era),
  ...belongingTables(era),
];
