import type { Era } from '../notation.ts';

const shared: Readonly<Record<string, readonly string[]>> = {
  callerid_mode: ['prepend', 'overwrite', 'append'],
  callerid_type: ['callfilter', 'incall', 'group', 'queue'],
  callfilter_bosssecretary: ['bossfirst-serial', 'bossfirst-simult', 'secretary-serial', 'secretary-simult', 'all'],
  callfilter_callfrom: ['internal', 'external', 'all'],
  callfilter_type: ['bosssecretary'],
  callfiltermember_role: ['boss', 'secretary'],
  contextnumbers_type: ['user', 'group', 'queue', 'meetme', 'incall'],
  dialaction_action: ['none', 'endcall:busy', 'endcall:congestion', 'endcall:hangup', 'user', 'group', 'queue'].concat([
    'voicemail',
    'extension',
    'outcall',
    'application:callbackdisa',
    'sound',
    'custom',
    'ivr',
    'switchboard',
  ]),
  dialaction_category: ['callfilter', 'group', 'incall', 'queue', 'user', 'ivr', 'ivr_choice', 'switchboard'],
  extenumbers_type: [
    'extenfeatures',
    'featuremap',
    'generalfeatures',
    'group',
    'incall',
    'meetme',
    'outcall',
    'queue',
  ].concat(['user', 'voicemenu', 'conference', 'parking']),
  generic_bsfilter: ['no', 'boss', 'secretary'],
  netiface_family: ['inet', 'inet6'],
  netiface_method: ['static', 'dhcp', 'manual'],
  netiface_networktype: ['data', 'voip'],
  netiface_type: ['iface'],
  pickup_category: ['member', 'pickup'],
  pickup_membertype: ['group', 'queue', 'user'],
  queue_category: ['group', 'queue'],
  queue_monitor_type: ['no', 'mixmonitor'],
  queuemember_usertype: ['agent', 'user'],
  rightcallmember_type: ['user', 'group', 'outcall', 'incall'],
  schedule_path_type: ['user', 'group', 'queue', 'incall', 'outcall', 'voicemenu'],
  stat_call_exit: ['abandoned', 'answered', 'closed', 'full', 'joinempty', 'leaveempty', 'divert_ca_ratio', 'timeout'],
  trunk_protocol: ['sip', 'iax', 'sccp', 'custom'],
  userfeatures_voicemailtype: ['asterisk', 'exchange'],
  useriax_amaflags: ['default', 'omit', 'billing', 'documentation'],
  useriax_type: ['friend', 'peer', 'user'],
  voicemail_hidefromdir: ['no', 'yes'],
};

const eras: Readonly<Record<Era, Readonly<Record<string, readonly string[]>>>> = {
  xivo: {
    cti_orientation: ['horizontal', 'vertical', 'grid'],
    ldapserver_security: ['tls', 'ssl'],
    ldapserver_version: ['2', '3'],
    meetme_mode: ['all', 'listen', 'talk'],
    phonebook_title: ['mr', 'mrs', 'ms'],
    phonebookaddress_type: ['home', 'office', 'other'],
    phonebooknumber_type: ['home', 'office', 'mobile', 'fax', 'other'],
    sip_dtmfmode: ['rfc2833', 'inband', 'info', 'auto'],
    sip_nat: ['no', 'force_rport', 'comedia', 'force_rport,comedia'],
    sip_timers: ['originate', 'accept', 'refuse'],
    sip_transport: ['udp', 'tcp', 'tls', 'udp,tcp', 'tcp,udp'],
    usersip_protocol: ['sip'],
  },
  wazo: {
    auth_group_kind: ['own', 'tenant'],
    auth_user_purpose: ['user', 'internal', 'external_api'],
    call_logd_direction: ['inbound', 'internal', 'outbound'],
    call_logd_role: ['source', 'destination'],
    endpoint_sip_section_type: [
      'aor',
      'auth',
      'endpoint',
      'identify',
      'outbound_auth',
      'registration',
      'registration_outbound_auth',
    ],
    meeting_authorization_status: ['pending', 'accepted'],
  },
};

/** CREATE TYPE of each enumeration of that era. */
export const enumStatements = (era: Era): readonly string[] =>
  Object.entries({ ...shared, ...eras[era] }).map(
    ([name, labels]) => `CREATE TYPE ${name} AS ENUM (${labels.map((label) => `'${label}'`).join(', ')})`,
  );
