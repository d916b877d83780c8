import {
  type Era,
  fileLine,
  flags,
  ID,
  many,
  owner,
  type TableList,
  texts,
  whole,
  words,
  wordsOf,
} from '../notation.ts';

const tenant = (era: Era): string => (era === 'xivo' ? '' : 'tenant_uuid uuid NOT NULL, ');

/** Settings of each host, which must not follow the main's. */
const hostTables = (era: Era): TableList => [
  [
    'netiface',
    `${ID}, ifname varchar(64) NOT NULL UNIQUE, hwtypeid integer NOT NULL DEFAULT 65534, networktype netiface_networktype NOT NULL, type netiface_type NOT NULL, family netiface_family NOT NULL, method netiface_method, ${texts('address', 'netmask', 'broadcast', 'gateway', 'vlanrawdevice')}, mtu integer, vlanid integer, options text NOT NULL DEFAULT '', ${flags('disable', 'dcreate')}, description text`,
  ],
  [
    'resolvconf',
    `${ID}, hostname varchar(63) NOT NULL DEFAULT 'pbx', domain varchar(255) NOT NULL UNIQUE, ${texts('nameserver1', 'nameserver2', 'nameserver3')}, search varchar(255), description text`,
  ],
  [
    'mail',
    `${ID}, mydomain varchar(255) NOT NULL DEFAULT '', origin varchar(255) NOT NULL UNIQUE, ${words('relayhost', 'fallback_relayhost')}, canonical text NOT NULL DEFAULT ''`,
  ],
  [
    'dhcp',
    `${ID}, ${flags('active')}, pool_start varchar(64) NOT NULL DEFAULT '', pool_end varchar(64) NOT NULL DEFAULT '', ${era === 'xivo' ? 'extra_ifaces' : 'network_interfaces'} varchar(255) NOT NULL DEFAULT ''`,
  ],
  [
    'provisioning',
    `${ID}, net4_ip varchar(39) NOT NULL, http_base_url text, http_port integer NOT NULL DEFAULT 8667, dhcp_integration integer NOT NULL DEFAULT 0${era === 'xivo' ? `, net4_ip_rest varchar(39) NOT NULL DEFAULT '127.0.0.1', ${words('username', 'password')}, rest_port integer NOT NULL DEFAULT 8666, private integer NOT NULL DEFAULT 0, secure integer NOT NULL DEFAULT 0` : ''}`,
  ],
  [
    'monitoring',
    `${ID}, ${flags('maintenance')}, alert_emails varchar(4096), dahdi_monitor_ports varchar(255), max_call_duration integer`,
  ],
  [
    'infos',
    `uuid varchar(38) PRIMARY KEY, wazo_version varchar(64) NOT NULL${era === 'xivo' ? '' : ', live_reload_enabled boolean NOT NULL DEFAULT true, timezone varchar(128), configured boolean NOT NULL DEFAULT false'}`.replace(
      'wazo_version',
      era === 'xivo' ? 'xivo_version' : 'wazo_version',
    ),
  ],
  [
    'session',
    'sessid varchar(32) PRIMARY KEY, start integer NOT NULL, expire integer NOT NULL, identifier varchar(255) NOT NULL, data bytea NOT NULL',
  ],
  [
    'accesswebservice',
    `${ID}, name varchar(64) NOT NULL UNIQUE, login varchar(64), passwd varchar(64), host varchar(255), ${era === 'xivo' ? 'obj bytea,' : ''} acl text[] NOT NULL DEFAULT '{}', disable integer NOT NULL DEFAULT 0, description text`,
  ],
  [
    'accessfeatures',
    `${ID}, host varchar(255) NOT NULL, feature varchar(64) NOT NULL DEFAULT 'phonebook', ${flags('commented')}, UNIQUE (host, feature)`,
  ],
  ['alembic_version', 'version_num varchar(32) PRIMARY KEY'],
];

/** Trunks, calls in and out, and the rest that both eras know. */
export const systemTables = (era: Era): TableList => [
  ...hostTables(era),
  [
    'trunkfeatures',
    `${ID}, ${tenant(era)}protocol trunk_protocol, protocolid integer, ${era === 'xivo' ? '' : 'endpoint_sip_uuid uuid, endpoint_iax_id integer, endpoint_custom_id integer, register_iax_id integer, outgoing_caller_id_format text, '}registerid integer NOT NULL DEFAULT 0, ${flags('registercommented')}, context varchar(39), description text, UNIQUE (protocol, protocolid)`,
  ],
  [
    'incall',
    `${ID}, ${tenant(era)}exten varchar(40), context varchar(39), ${texts('preprocess_subroutine', 'greeting_sound')}, ${flags('commented')}, description text`,
  ],
  [
    'outcall',
    `${ID}, ${tenant(era)}name varchar(128) NOT NULL UNIQUE, context varchar(39), ${flags('internal', 'hangupringtime', 'commented')}, preprocess_subroutine varchar(39), description text`,
  ],
  [
    'outcalltrunk',
    'outcallid integer, trunkfeaturesid integer, priority integer NOT NULL DEFAULT 0, PRIMARY KEY (outcallid, trunkfeaturesid)',
  ],
  [
    'dialpattern',
    `${ID}, type varchar(32) NOT NULL, typeid integer NOT NULL, ${texts('externprefix', 'prefix')}, exten varchar(40) NOT NULL, stripnum integer, callerid varchar(80)`,
  ],
  [
    'useriax',
    `${ID}, ${tenant(era)}name varchar(40) NOT NULL UNIQUE, type useriax_type NOT NULL, username varchar(80), secret varchar(80) NOT NULL DEFAULT '', ${texts('dbsecret', 'context', 'language', 'accountcode', 'mailbox', 'callerid', 'fullname', 'cid_number', 'mask', 'adsi')}, amaflags useriax_amaflags DEFAULT 'default',
    host varchar(255) NOT NULL DEFAULT 'dynamic', ${whole('port', 'mtu', 'maxauthreq', 'jitterbuffer', 'trunk', 'qualify', 'sourceaddress')}, ${flags('regseconds', 'commented')}, category varchar(8) NOT NULL DEFAULT 'trunk', options varchar(255)[][] NOT NULL DEFAULT '{}'`,
  ],
  [
    'usercustom',
    `${ID}, ${tenant(era)}name varchar(40), context varchar(39), interface varchar(128) NOT NULL, intfsuffix varchar(32) NOT NULL DEFAULT '', ${flags('commented')}, protocol trunk_protocol NOT NULL DEFAULT 'custom', category varchar(8) NOT NULL DEFAULT 'user', UNIQUE (interface, intfsuffix, category)`,
  ],
  [
    'sccpline',
    `${ID}, ${tenant(era)}name varchar(80) NOT NULL UNIQUE, context varchar(80) NOT NULL, cid_name varchar(80) NOT NULL, cid_num varchar(80) NOT NULL, ${texts('disallow', 'allow')}, protocol trunk_protocol NOT NULL DEFAULT 'sccp', ${flags('commented')}`,
  ],
  [
    'sccpdevice',
    `${ID}, name varchar(80) NOT NULL UNIQUE, device varchar(80) NOT NULL UNIQUE, line varchar(80) NOT NULL DEFAULT '', voicemail varchar(80) NOT NULL DEFAULT ''`,
  ],
  ['sccpgeneralsettings', `${ID}, option_name varchar(80) NOT NULL, option_value varchar(80) NOT NULL`],
  ['musiconhold', fileLine],
  [
    'ivr',
    `${ID}, ${tenant(era)}name varchar(128) NOT NULL, ${texts('greeting_sound', 'menu_sound', 'invalid_sound', 'abort_sound')}, timeout integer NOT NULL DEFAULT 5, max_tries integer NOT NULL DEFAULT 3, description text`,
  ],
  ['ivr_choice', `${ID}, ivr_id integer NOT NULL, exten varchar(40) NOT NULL`],
];

/** What stands for a customer, and the version tables; and what XiVO alone has. */
const sipTexts = wordsOf(`
  fullcontact ipaddr regserver useragent accountcode allow disallow auth callerid cid_number
  contactpermit contactdeny defaultuser fromdomain fromuser fullname language mailbox md5secret
  mohinterpret mohsuggest outboundproxy parkinglot permit deny regexten remotesecret restrictcid
  subscribecontext subscribemwi unsolicited_mailbox vmexten callbackextension namedpickupgroup
  namedcallgroup setvar
`);
const sipNumbers = wordsOf(`
  lastms regseconds call-limit callcounter busylevel rtptimeout rtpholdtimeout rtpkeepalive
  maxcallbitrate session-expires session-minse timerb timert1 qualifyfreq allowoverlap allowsubscribe
  allowtransfer autoframing g726nonstandard ignoresdpversion promiscredir rfc2833compensate t38pt_udptl
  t38pt_usertpsource textsupport trustrpid usereqphone videosupport faxdetect buggymwi
`);

const statistics = ['agent', 'group', 'incall', 'queue', 'user', 'xivouser'];

const ctiTables: TableList = [
  [
    'cti_contexts',
    `${ID}, name varchar(50) NOT NULL, directories text NOT NULL DEFAULT '', display text NOT NULL DEFAULT '', description text, deletable integer NOT NULL DEFAULT 1`,
  ],
  ['cti_displays', `${ID}, name varchar(50), deletable integer, data text, description text`],
  [
    'cti_main',
    `${ID}, ${flags('commented')}, fagi_ip varchar(39), ${whole('fagi_port', 'cti_port', 'ctis_port', 'webi_port', 'info_port', 'socket_timeout', 'login_timeout')}, cti_ip varchar(39), context_separation integer, live_reload_conf integer, tlscertfile varchar(128), tlsprivkeyfile varchar(128)`,
  ],
  ['cti_phonehints', `${ID}, idgroup integer, number varchar(8), name varchar(255), color varchar(128)`],
  ['cti_phonehints_group', `${ID}, name varchar(255), description varchar(255), deletable integer`],
  ['cti_preference', `${ID}, option varchar(255) NOT NULL`],
  ['cti_presences', `${ID}, name varchar(255), description varchar(255), deletable integer`],
  ['cti_profile', `${ID}, name varchar(255) NOT NULL, presence_id integer, phonehints_id integer`],
  [
    'cti_profile_preference',
    'profile_id integer, preference_id integer, value varchar(255), PRIMARY KEY (profile_id, preference_id)',
  ],
  ['cti_profile_service', 'profile_id integer, service_id integer, PRIMARY KEY (profile_id, service_id)'],
  [
    'cti_profile_xlet',
    'xlet_id integer, profile_id integer, layout_id integer NOT NULL, closable boolean DEFAULT true, movable boolean DEFAULT true, floating boolean DEFAULT true, scrollable boolean DEFAULT true, "order" integer, PRIMARY KEY (xlet_id, profile_id)',
  ],
  ['cti_service', `${ID}, key varchar(255) NOT NULL`],
  ['cti_xlet', `${ID}, plugin_name varchar(40) NOT NULL`],
  ['cti_xlet_layout', `${ID}, name varchar(255) NOT NULL, orientation cti_orientation`],
  [
    'ctidirectories',
    `${ID}, name varchar(255), uri varchar(255), delimiter varchar(20), match_direct text NOT NULL DEFAULT '', match_reverse text NOT NULL DEFAULT '', description varchar(255), deletable integer`,
  ],
  ['ctidirectoryfields', 'dir_id integer, fieldname varchar(255), value varchar(255), PRIMARY KEY (dir_id, fieldname)'],
  ['ctireversedirectories', `${ID}, directories text NOT NULL DEFAULT ''`],
  [
    'ctisheetactions',
    `${ID}, name varchar(50), description text, context varchar(50), ${many('text', 'whom', 'sheet_info', 'systray_info', 'sheet_qtui', 'action_info')}, focus integer, deletable integer, disable integer DEFAULT 1`,
  ],
  ['ctisheetevents', `${ID}, ${many('varchar(50)', 'incomingdid', 'hangup', 'dial', 'link', 'unlink')}`],
  [
    'ctistatus',
    `${ID}, presence_id integer, name varchar(255), display_name varchar(255), actions varchar(255), color varchar(20), access_status varchar(255), deletable integer, UNIQUE (presence_id, name)`,
  ],
];

export const xivoTables: TableList = [
  ...ctiTables,
  [
    'entity',
    `${ID}, name varchar(64) NOT NULL UNIQUE, ${words('displayname', 'phonenumber', 'faxnumber', 'email', 'url', 'city', 'country')}, dcreate integer NOT NULL DEFAULT 0, disable integer NOT NULL DEFAULT 0, description text`,
  ],
  [
    'usersip',
    `${ID}, name varchar(40) NOT NULL UNIQUE, type useriax_type NOT NULL, username varchar(80), secret varchar(80) NOT NULL DEFAULT '', context varchar(39), ${texts(...sipTexts)}, ${whole(...sipNumbers)}, nat sip_nat, dtmfmode sip_dtmfmode, transport sip_transport, "session-timers" sip_timers, protocol usersip_protocol NOT NULL DEFAULT 'sip', host varchar(255) NOT NULL DEFAULT 'dynamic', port integer, category varchar(8) NOT NULL DEFAULT 'user', ${flags('commented')}, amaflags useriax_amaflags NOT NULL DEFAULT 'default', options varchar(255)[][] NOT NULL DEFAULT '{}'`,
  ],
  [
    'sipauthentication',
    `${ID}, usersip_id integer, "user" varchar(255) NOT NULL, secretmode varchar(10) NOT NULL DEFAULT 'md5', secret varchar(255) NOT NULL, realm varchar(1024) NOT NULL`,
  ],
  ['staticsip', fileLine],
  ['staticagent', fileLine],
  ['staticmeetme', fileLine],
  [
    'agentgroup',
    `${ID}, groupid integer NOT NULL DEFAULT 0, name varchar(128) NOT NULL DEFAULT '', groups varchar(255) NOT NULL DEFAULT '', ${flags('commented', 'deleted')}, description text`,
  ],
  [
    'attachment',
    `${ID}, name varchar(64) NOT NULL UNIQUE, object_type varchar(16) NOT NULL, object_id integer NOT NULL, file bytea, size integer, mime varchar(64) NOT NULL`,
  ],
  [
    'call_log',
    `${ID}, date timestamp NOT NULL, ${texts('source_name', 'source_exten', 'destination_exten', 'user_field', 'source_line_identity', 'destination_line_identity')}, date_answer timestamp, date_end timestamp, duration interval NOT NULL DEFAULT '0', answered boolean NOT NULL DEFAULT false`,
  ],
  [
    'contextnummember',
    "context varchar(39), type contextnumbers_type, typeval varchar(128), number varchar(40) NOT NULL DEFAULT '', PRIMARY KEY (context, type, typeval)",
  ],
  [
    'directories',
    `${ID}, uri varchar(255), dirtype varchar(20), name varchar(255), tablename varchar(255) NOT NULL DEFAULT '', description text NOT NULL DEFAULT ''`,
  ],
  [
    'iproute',
    `${ID}, name varchar(64) NOT NULL UNIQUE, iface varchar(64) NOT NULL, destination varchar(39) NOT NULL, netmask varchar(39) NOT NULL, gateway varchar(39) NOT NULL, ${flags('disable', 'dcreate')}, description text`,
  ],
  [
    'ldapfilter',
    `${ID}, ldapserverid integer NOT NULL, name varchar(128) NOT NULL UNIQUE, "user" varchar(255), passwd varchar(255), basedn varchar(255) NOT NULL DEFAULT '', filter varchar(255) NOT NULL DEFAULT '', attrdisplayname varchar(255)[] NOT NULL DEFAULT '{}', ${flags('commented')}`,
  ],
  [
    'ldapserver',
    `${ID}, name varchar(64) NOT NULL UNIQUE, host varchar(255) NOT NULL, port integer NOT NULL, securitylayer ldapserver_security, protocolversion ldapserver_version NOT NULL DEFAULT '3', ${flags('disable', 'dcreate')}, description text`,
  ],
  [
    'meetmefeatures',
    `${ID}, meetmeid integer NOT NULL UNIQUE, name varchar(80) NOT NULL UNIQUE, confno varchar(40) NOT NULL UNIQUE, context varchar(39) NOT NULL, admin_typefrom varchar(9), admin_internalid integer, user_mode meetme_mode NOT NULL DEFAULT 'all', ${flags('talkeroptimization', 'record', 'nbuserstarttoplaymoh', 'durationm', 'closeconfdurationexceeded')}, startdate timestamp, maxusers integer NOT NULL DEFAULT 0, emailbody text NOT NULL DEFAULT '', description text`,
  ],
  [
    'meetmeguest',
    `${ID}, meetmefeaturesid integer NOT NULL, fullname varchar(255) NOT NULL, telephonenumber varchar(40), email varchar(320)`,
  ],
  [
    'parkinglot',
    `${ID}, name varchar(255) NOT NULL, context varchar(39) NOT NULL, extension varchar(40) NOT NULL, positions integer NOT NULL, next integer NOT NULL DEFAULT 1, duration integer, ${flags('commented')}, description text`,
  ],
  [
    'phonebook',
    `${ID}, title phonebook_title NOT NULL, ${words('firstname', 'lastname', 'displayname', 'society', 'email', 'url')}, image bytea, description text NOT NULL DEFAULT ''`,
  ],
  [
    'phonebookaddress',
    `${ID}, phonebookid integer NOT NULL, ${words('address1', 'address2', 'city', 'state', 'zipcode', 'country')}, type phonebookaddress_type NOT NULL, UNIQUE (phonebookid, type)`,
  ],
  [
    'phonebooknumber',
    `${ID}, phonebookid integer NOT NULL, number varchar(40) NOT NULL, type phonebooknumber_type NOT NULL, UNIQUE (phonebookid, type)`,
  ],
  [
    'queue_info',
    `${ID}, call_time_t integer, queue_name varchar(128) NOT NULL DEFAULT '', caller varchar(80) NOT NULL DEFAULT '', caller_uniqueid varchar(32) NOT NULL DEFAULT '', call_picker varchar(80), ${whole('hold_time', 'talk_time')}`,
  ],
  [
    'record_campaign',
    `${ID}, campaign_name varchar(128) NOT NULL UNIQUE, activated boolean NOT NULL, base_filename varchar(64) NOT NULL, queue_id integer, start_date timestamp, end_date timestamp`,
  ],
  [
    'recording',
    'cid varchar(32) PRIMARY KEY, start_time timestamp, end_time timestamp, caller varchar(32), client_id varchar(1024), filename varchar(1024), campaign_id integer NOT NULL, agent_id integer NOT NULL',
  ],
  [
    'server',
    `${ID}, name varchar(64) NOT NULL UNIQUE, host varchar(255) NOT NULL UNIQUE, ws_login varchar(64) NOT NULL DEFAULT '', ws_pass varchar(64) NOT NULL DEFAULT '', ws_port integer NOT NULL, ws_ssl integer NOT NULL DEFAULT 1, cti_port integer NOT NULL DEFAULT 5003, ${flags('disable', 'dcreate')}, description text`,
  ],
  [
    'serverfeatures',
    `${ID}, serverid integer NOT NULL, feature varchar(9) NOT NULL, type varchar(4) NOT NULL, ${flags('commented')}, UNIQUE (serverid, feature, type)`,
  ],
  [
    'stats_conf',
    `${ID}, name varchar(64) NOT NULL UNIQUE, hour_start time NOT NULL, hour_end time NOT NULL, homepage integer, timezone varchar(128) NOT NULL DEFAULT '', ${flags('monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday')}, dbegcache integer, dendcache integer, disable integer NOT NULL DEFAULT 0, description text`,
  ],
  ...statistics.map((what): readonly [string, string] => [
    `stats_conf_${what}`,
    what === 'queue' || what === 'group'
      ? `stats_conf_id integer, ${what}features_id integer, qos integer NOT NULL DEFAULT 0, PRIMARY KEY (stats_conf_id, ${what}features_id)`
      : `stats_conf_id integer, ${what}features_id integer, PRIMARY KEY (stats_conf_id, ${what}features_id)`,
  ]),
  [
    'user',
    `${ID}, login varchar(64) NOT NULL UNIQUE, passwd varchar(64) NOT NULL, meta varchar(32) NOT NULL DEFAULT 'user', valid integer NOT NULL DEFAULT 1, "time" integer NOT NULL DEFAULT 0, dcreate timestamp NOT NULL DEFAULT '2016-01-01', obj bytea, ${owner('xivo')}`,
  ],
  [
    'phonefunckey',
    'iduserfeatures integer, fknum integer, exten varchar(40), typeextenumbers extenumbers_type, typevalextenumbers varchar(255), label varchar(32), supervision integer NOT NULL DEFAULT 0, progfunckey integer NOT NULL DEFAULT 0, PRIMARY KEY (iduserfeatures, fknum)',
  ],
  [
    'general',
    `${ID}, timezone varchar(128), exchange_trunkid integer, exchange_exten varchar(128), dundi integer NOT NULL DEFAULT 0`,
  ],
];
