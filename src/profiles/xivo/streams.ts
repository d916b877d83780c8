/**
 * What follows and what comes back on a XiVO server, in the form of the configuration's `streams`, for both eras of its database:
 * `xivo` is XiVO's own, `wazo` the other branch's. Rules for tables that a server does not have are warnings and hurt nothing.
 */
import { asteriskFileReloads } from '../asterisk/reloads.ts';

/** Settings of one host, its identity and its keys' counterparts in the database: they must not follow. */
const hostTables = [
  // Network and support settings.
  'netiface',
  'resolvconf',
  'mail',
  'monitoring',
  'iproute',
  // Who this installation is, its version and its schema's: each node's packages and upgrades decide that.
  'infos',
  'alembic_version',
  'alembic_version_*',
  '*_alembic_version',
  // Passwords of the services, random on each host, with their other half in its files.
  'accesswebservice',
  // Persons logged in at this host's web interface.
  'session',
  // Counted from this host's own queue log.
  'stat_agent',
  'stat_agent_periodic',
  'stat_call_on_queue',
  'stat_queue',
  'stat_queue_periodic',
];

/**
 * How phones and services reach this host's own provisioning server, with the login whose other half is in its files. Of the whole table
 * only `dhcp_integration` follows, and that only where DHCP does.
 */
const provisioning = {
  table: 'provisioning',
  columns: [
    'net4_ip',
    'http_port',
    'http_base_url',
    'net4_ip_rest',
    'rest_port',
    'username',
    'password',
    'private',
    'secure',
  ],
};
const wazoProvisioning = {
  table: 'provisioning',
  columns: ['net4_ip', 'http_port', 'http_base_url', 'dhcp_integration'],
};

/** What users change by telephone or in their client: do-not-disturb, forwards, filters, and the PIN of their mailbox. */
const userStatus = [
  {
    table: 'userfeatures',
    columns: ['enablednd', 'incallfilter', 'enableunc', 'destunc', 'enablerna', 'destrna', 'enablebusy', 'destbusy'],
  },
  { table: 'callfiltermember', columns: ['active'] },
  { table: 'voicemail', columns: ['password'] },
];

/** Who is logged in, with which telephone and in which queues: a login is a row, and a logout its end. */
const agentStatus = [
  { table: 'agent_login_status', columns: ['*'] },
  { table: 'agent_membership_status', columns: ['*'] },
];

const queueLog = { table: 'queue_log', key: 'id', time: 'time' };

/** What Asterisk keeps in memory of the generated configuration, by the tables it is made of. Modules that a server does not have are passed over. */
const asteriskReloads = [
  {
    tables: ['queue', 'queuefeatures', 'queuemember', '*queueskill*', 'queuepenalty*', 'staticqueue'],
    asterisk: ['app_queue.so'],
  },
  { tables: ['voicemail', 'staticvoicemail'], asterisk: ['app_voicemail.so'] },
  { tables: ['musiconhold', 'moh'], asterisk: ['res_musiconhold.so'] },
  { tables: ['*meetme*', 'conference', 'asterisk_file*'], asterisk: ['app_confbridge.so', 'app_meetme.so'] },
  { tables: ['features', 'parkinglot', 'parking_lot'], asterisk: ['features', 'res_parking.so'] },
  { tables: ['*iax', 'trunkfeatures'], asterisk: ['chan_iax2.so'] },
  { tables: ['sccp*'], asterisk: ['chan_sccp.so'] },
  {
    tables: [
      'extensions',
      'feature_extension',
      'context*',
      'dial*',
      'incall',
      'outcall*',
      'groupfeatures',
      'schedule*',
      'ivr*',
      'paging*',
      'pickup*',
      'callfilter*',
      'func_key*',
      'phonefunckey',
      'userfeatures',
      'user_line',
      'line*',
      'switchboard*',
      'application*',
    ],
    asterisk: ['pbx_config.so'],
  },
];

const sipTables = ['*sip*', 'usercustom', 'userfeatures', 'user_line', 'line*', 'trunkfeatures', 'callerid'];

/** The telephone system's own dialplan lies below its own directory and is included from Asterisk's. */
const fileReloads = [...asteriskFileReloads, { paths: ['/etc/xivo/asterisk/*'], asterisk: ['pbx_config.so'] }];

/** XiVO: one table of calls, addresses of its provisioning service, DHCP that follows since both nodes share the phones' network. */
export const xivoStreams = {
  database: {
    exclude: hostTables,
    'keep-columns': [provisioning],
    status: [...userStatus, ...agentStatus],
    events: [
      { table: 'call_log', key: 'id', time: 'date' },
      { table: 'cel', key: 'id', time: 'eventtime', parent: { table: 'call_log', column: 'call_log_id' } },
      queueLog,
      { table: 'queue_info', key: 'id', time: 'call_time_t' },
    ],
    reload: [...asteriskReloads, { tables: sipTables, asterisk: ['chan_sip.so', 'res_pjsip.so'] }],
  },
  files: {
    directories: [
      '/etc/asterisk/extensions_extra.d',
      '/etc/xivo/asterisk',
      '/var/lib/asterisk/agi-bin',
      '/var/lib/asterisk/moh',
      // Who has which address: none is given twice by the other node, and a telephone that restarts keeps its own.
      '/var/lib/dhcp',
      '/var/lib/xivo/certificates',
      '/var/lib/xivo/sounds/acd',
      '/var/lib/xivo/sounds/playback',
    ],
    reload: fileReloads,
  },
  collected: ['/var/spool/asterisk/monitor', '/var/lib/xivo/sounds/recordings'],
} as const;

const callLogs = 'call_logd_call_log';
const ofCall = { table: callLogs, column: 'call_log_id' };

/** The other branch: calls with their parts in tables of `call_logd`, DHCP per host, presence, sounds by tenant. */
export const wazoStreams = {
  database: {
    exclude: [
      ...hostTables,
      'dhcp',
      // Answers and files that only the host that made them has.
      'webhookd_subscription_log',
      'call_logd_export',
      'auth_saml_session',
    ],
    'keep-columns': [wazoProvisioning],
    status: [...userStatus, ...agentStatus, { table: 'chatd_user', columns: ['state', 'status', 'do_not_disturb'] }],
    events: [
      { table: callLogs, key: 'id', time: 'date' },
      { table: 'call_logd_call_log_participant', key: 'uuid', parent: ofCall },
      { table: 'call_logd_call_log_destination', key: 'uuid', parent: ofCall },
      { table: 'call_logd_recording', key: 'uuid', time: 'start_time', parent: ofCall },
      { table: 'cel', key: 'id', time: 'eventtime', parent: ofCall },
      queueLog,
      { table: 'stat_switchboard_queue', key: 'id', time: 'time' },
    ],
    reload: [
      // These remember who the master tenant is, and answer nobody when it is another one.
      {
        tables: ['tenant', 'auth_tenant'],
        restart: [
          'wazo-auth.service',
          'wazo-confd.service',
          'wazo-dird.service',
          'wazo-chatd.service',
          'wazo-webhookd.service',
          'wazo-plugind.service',
        ],
      },
      ...asteriskReloads,
      {
        // The generated SIP configuration is cached by itself.
        tables: [...sipTables, 'register_iax', 'tenant'],
        run: ['/usr/bin/wazo-confgen', 'asterisk/pjsip.conf', '--invalidate'],
        asterisk: ['res_pjsip.so'],
      },
    ],
  },
  files: {
    directories: [
      '/etc/asterisk/extensions_extra.d',
      '/etc/xivo/asterisk',
      '/root/.config/wazo-auth-cli',
      '/var/lib/asterisk/agi-bin',
      '/var/lib/asterisk/moh',
      '/var/lib/wazo-auth-keys',
    ],
    reload: fileReloads,
  },
  collected: ['/var/lib/wazo/sounds/tenants', '/var/spool/asterisk/monitor'],
} as const;
