import { type Content, fill, literal, oneOf, rows } from '../content.ts';
import { tenantColumn, tenantCount } from './people.ts';
import { descriptions, lastNames } from './words.ts';

/** What only XiVO has: entities, the CTI client's settings, its phone book. */
const ctiRows = (content: Content): readonly string[] => [
  fill('entity', tenantCount(content), { name: "'entity' || i", displayname: oneOf(lastNames, 'i') }),
  fill('cti_presences', 2, { name: "'presence' || i", deletable: '1' }),
  fill('cti_phonehints_group', 1, { name: "'xivo'" }),
  fill('cti_phonehints', 8, {
    idgroup: '1',
    number: '(i - 2)::text',
    name: oneOf(['Available', 'Busy', 'Ringing'], 'i'),
    color: "'#00FF00'",
  }),
  fill('cti_profile', 2, { name: "'profile ' || i", presence_id: 'i', phonehints_id: '1' }),
  fill('cti_service', 8, { key: "'service' || i" }),
  fill('cti_profile_service', 8, { profile_id: '1 + i % 2', service_id: 'i' }),
  fill('cti_xlet', 10, { plugin_name: "'xlet' || i" }),
  fill('cti_xlet_layout', 2, { name: "'layout' || i", orientation: "'grid'" }),
  fill('cti_profile_xlet', 10, { xlet_id: 'i', profile_id: '1 + i % 2', layout_id: '1' }),
  fill('cti_preference', 12, { option: "'preference' || i" }),
  fill('ctidirectories', 3, { name: "'directory' || i", uri: "'phonebook'" }),
  fill('ctidirectoryfields', 6, { dir_id: '1 + i % 3', fieldname: "'field' || i", value: "'{phonebook.lastname}'" }),
  fill('ctistatus', 8, { presence_id: '1 + i % 2', name: "'status' || i", color: "'#123456'" }),
  fill('staticsip', 90, {
    filename: "'sip.conf'",
    category: "'general'",
    var_name: "CASE WHEN i > 88 THEN 'register' ELSE 'option' || i END",
    var_val: "CASE WHEN i > 88 THEN 'user:se!cret@provider' || i || '/1234' ELSE 'yes' END",
  }),
  fill('staticagent', 3, { filename: "'agents.conf'", category: "'agents'", var_name: "'option' || i" }),
  fill('agentgroup', 1, { name: "'default'", groupid: '1' }),
];

const xivoThings = (content: Content): readonly string[] => [
  fill('attachment', 2, {
    name: "'file' || i",
    object_type: "'fax'",
    object_id: 'i',
    file: "decode(repeat(md5(i::text), 50), 'hex')",
    mime: "'image/png'",
  }),
  fill('phonebook', Math.max(1, Math.floor(content.users / 5)), {
    title: "'mr'",
    firstname: "'First' || i",
    lastname: oneOf(lastNames, 'i'),
    description: oneOf(descriptions, 'i'),
  }),
  fill('phonebooknumber', Math.max(1, Math.floor(content.users / 5)), {
    phonebookid: 'i',
    number: "'0' || (100000000 + i)",
    type: "'office'",
  }),
  fill('meetmefeatures', 5, {
    meetmeid: 'i',
    name: "'conference' || i",
    confno: '(50000 + i)::text',
    context: "'default'",
  }),
  fill('stats_conf', 1, { name: "'working days'", hour_start: "'08:00'", hour_end: "'18:00'" }),
  fill('stats_conf_queue', content.queues, { stats_conf_id: '1', queuefeatures_id: 'i' }),
  fill('user', 1, { login: "'root'", passwd: "'proformatique'", meta: "'root'", obj: "'\\x00'::bytea" }),
  fill('ldapserver', 1, { name: "'directory'", host: "'ldap.example.org'", port: '389' }),
  fill('ldapfilter', 1, {
    ldapserverid: '1',
    name: "'people'",
    attrdisplayname: "ARRAY['cn', 'sn,givenName', '\"x\"']",
  }),
  fill('phonefunckey', content.users, { iduserfeatures: 'i', fknum: '1', exten: "'*10'", supervision: '1' }),
];

const tenants = (content: Content): readonly string[] => {
  const count = tenantCount(content);
  const uuid = "pg_temp.uuid_of('tenant', i)";
  return [
    fill('tenant', count, {
      uuid,
      slug: "'t' || i",
      sip_templates_generated: 'true',
      global_sip_template_uuid: "pg_temp.uuid_of('template', i)",
      webrtc_sip_template_uuid: "pg_temp.uuid_of('template', i)",
    }),
    fill('endpoint_sip', count, {
      uuid: "pg_temp.uuid_of('template', i)",
      name: "'global-' || i",
      label: "'global'",
      tenant_uuid: uuid,
      template: 'true',
    }),
    ...['dird_tenant', 'chatd_tenant', 'call_logd_tenant'].map((table) => fill(table, count, { uuid })),
    fill('auth_tenant', count, {
      uuid,
      name: oneOf(lastNames, 'i'),
      slug: "'t' || i",
      parent_uuid: "pg_temp.uuid_of('tenant', 1)",
      contact_uuid: `pg_temp.uuid_of('user', i)`,
    }),
    fill('call_logd_retention', count, { tenant_uuid: uuid, cdr_days: '365' }),
    rows('call_logd_config', 'retention_cdr_days', '365'),
  ];
};

const auth = (content: Content): readonly string[] => {
  const user = "pg_temp.uuid_of('user', i)";
  return [
    fill('auth_user', content.users, {
      uuid: user,
      username: "'u' || i",
      firstname: "'First' || i",
      password_hash: "md5('hash' || i)",
      password_salt: "decode(md5('salt' || i), 'hex')",
      ...tenantColumn(content),
      purpose: "'user'",
    }),
    fill('auth_email', content.users, {
      uuid: "pg_temp.uuid_of('email', i)",
      address: "'u' || i || '@example.org'",
      main: 'true',
      user_uuid: user,
    }),
    fill('auth_access', 200, { access: "'confd.thing' || i || '.#'" }),
    fill('auth_policy', 10, {
      uuid: "pg_temp.uuid_of('policy', i)",
      name: "'policy ' || i",
      slug: "'p' || i",
      ...tenantColumn(content),
    }),
    fill('auth_policy_access', 200, { policy_uuid: "pg_temp.uuid_of('policy', 1 + i % 10)", access_id: 'i' }),
    fill('auth_group', 10, {
      uuid: "pg_temp.uuid_of('authgroup', i)",
      name: "'group ' || i",
      slug: "'g' || i",
      ...tenantColumn(content),
    }),
    fill('auth_user_group', content.users, { user_uuid: user, group_uuid: "pg_temp.uuid_of('authgroup', 1 + i % 10)" }),
    fill('auth_user_policy', content.users, { user_uuid: user, policy_uuid: "pg_temp.uuid_of('policy', 1 + i % 10)" }),
  ];
};

const sessions = (content: Content): readonly string[] => {
  const user = "pg_temp.uuid_of('user', i)";
  return [
    fill(
      'auth_session',
      content.users,
      { uuid: "pg_temp.uuid_of('session', i)", ...tenantColumn(content) },
      'WHERE i % 2 = 0',
    ),
    fill(
      'auth_token',
      content.users,
      {
        uuid: "pg_temp.uuid_of('token', i)",
        session_uuid: "pg_temp.uuid_of('session', i)",
        auth_id: `${user}::text`,
        expire_t: '1767225600',
        acl: "ARRAY['confd.#', 'a,\"b\"']",
        metadata: `'{"uuid": "' || i || '"}'`,
      },
      'WHERE i % 2 = 0',
    ),
    fill('auth_external_auth_type', 2, { uuid: "pg_temp.uuid_of('external', i)", name: "'service' || i" }),
    fill('auth_external_auth_data', Math.max(1, Math.floor(content.users / 20)), {
      uuid: "pg_temp.uuid_of('data', i)",
      data: "'{}'",
    }),
    fill('auth_user_external_auth', Math.max(1, Math.floor(content.users / 20)), {
      user_uuid: user,
      external_auth_type_uuid: "pg_temp.uuid_of('external', 1)",
      external_auth_data_uuid: "pg_temp.uuid_of('data', i)",
    }),
  ];
};

const directories = (content: Content): readonly string[] => [
  fill('dird_user', content.users, { user_uuid: "pg_temp.uuid_of('user', i)", ...tenantColumn(content) }),
  fill('dird_source', 3, {
    uuid: "pg_temp.uuid_of('source', i)",
    name: "'source' || i",
    backend: "'wazo'",
    searched_columns: "ARRAY['firstname', 'last,\"name\"']",
    extra_fields: `'{"b": 1,  "a": [2]}'`,
    ...tenantColumn(content),
  }),
  fill(
    'dird_contact',
    content.users,
    {
      uuid: "pg_temp.uuid_of('contact', i)",
      user_uuid: "pg_temp.uuid_of('user', i)",
      hash: "rpad(md5(i::text), 40, '0')",
    },
    'WHERE i % 4 = 0',
  ),
  fill(
    'dird_contact_fields',
    content.users,
    { name: "'firstname'", value: oneOf(lastNames, 'i'), contact_uuid: "pg_temp.uuid_of('contact', i)" },
    'WHERE i % 4 = 0',
  ),
  fill('dird_display', 1, { uuid: "pg_temp.uuid_of('display', i)", name: "'default'", ...tenantColumn(content) }),
  fill('dird_profile', 1, {
    uuid: "pg_temp.uuid_of('profile', i)",
    name: "'default'",
    display_uuid: "pg_temp.uuid_of('display', i)",
    ...tenantColumn(content),
  }),
  fill('dird_service', 3, {
    uuid: "pg_temp.uuid_of('service', i)",
    name: oneOf(['favorites', 'lookup', 'reverse'], 'i - 1'),
  }),
  fill('dird_profile_service', 3, {
    uuid: "pg_temp.uuid_of('profile-service', i)",
    profile_uuid: "pg_temp.uuid_of('profile', 1)",
    service_uuid: "pg_temp.uuid_of('service', i)",
  }),
  // No primary key, and one row twice.
  fill('dird_profile_service_source', 9, {
    profile_service_uuid: "pg_temp.uuid_of('profile-service', 1 + i % 3)",
    source_uuid: "pg_temp.uuid_of('source', 1 + i / 3 % 3)",
  }),
  fill('dird_profile_service_source', 1, {
    profile_service_uuid: "pg_temp.uuid_of('profile-service', 1)",
    source_uuid: "pg_temp.uuid_of('source', 1)",
  }),
];

const chatAndHooks = (content: Content): readonly string[] => [
  fill('chatd_user', content.users, {
    uuid: "pg_temp.uuid_of('user', i)",
    state: oneOf(['available', 'away', 'unavailable'], 'i'),
    status: oneOf(descriptions, 'i'),
    ...tenantColumn(content),
  }),
  fill('chatd_endpoint', content.users, { name: "'PJSIP/' || substr(md5('sip' || i), 1, 8)", state: "'available'" }),
  fill('chatd_line', content.users, {
    id: 'i',
    user_uuid: "pg_temp.uuid_of('user', i)",
    endpoint_name: "'PJSIP/' || substr(md5('sip' || i), 1, 8)",
    media: "'audio'",
  }),
  fill('webhookd_subscription', 10, {
    uuid: "pg_temp.uuid_of('hook', i)",
    name: "'hook' || i",
    service: "'http'",
    owner_tenant_uuid: "pg_temp.uuid_of('tenant', 1)",
  }),
  fill('webhookd_subscription_event', 10, {
    uuid: "pg_temp.uuid_of('hook-event', i)",
    subscription_uuid: "pg_temp.uuid_of('hook', i)",
    event_name: "'call_created'",
  }),
  fill('webhookd_subscription_log', 20, {
    uuid: "pg_temp.uuid_of('hook-log', i)",
    started_at: "timestamptz '2026-01-01' + i * interval '1 minute'",
    event: `'{"x": "COPY"}'`,
    subscription_uuid: "pg_temp.uuid_of('hook', 1 + i % 10)",
  }),
];

const settings = (content: Content): readonly string[] => [
  fill('feature_extension', 31, {
    uuid: "pg_temp.uuid_of('feature', i)",
    exten: "'*' || i",
    feature: "'feature' || i",
  }),
  fill('asterisk_file', 3, { name: "'file' || i || '.conf'" }),
  fill('asterisk_file_section', 3, { name: "'general'", asterisk_file_id: 'i' }),
  fill('asterisk_file_variable', 60, {
    key: "'option' || i",
    value: oneOf(descriptions, 'i'),
    asterisk_file_section_id: '1 + i % 3',
  }),
  fill('conference', 5, { name: "'conference' || i", ...tenantColumn(content) }),
  fill('meeting', 5, {
    uuid: "pg_temp.uuid_of('meeting', i)",
    name: "'meeting' || i",
    number: '(60000 + i)::text',
    ...tenantColumn(content),
  }),
  fill('external_app', 1, {
    name: "'app'",
    label: "'An app'",
    configuration: `'{"key": "va\\"lue"}'`,
    ...tenantColumn(content),
  }),
  fill('stat_switchboard_queue', 20, {
    time: "timestamp '2026-01-01' + i * interval '1 minute'",
    end_type: "'answered'",
    wait_time: 'i / 3.0',
    queue_id: '1',
  }),
  ...[
    'alembic_version_auth',
    'alembic_version_dird',
    'chatd_alembic_version',
    'alembic_version_webhookd',
    'call_logd_alembic_version',
  ].map((table) => rows(table, 'version_num', literal('a1b2c3d4e5f6'))),
];

/** What only the modern branch has: tenants, logins, directories, chat, webhooks. */
const wazoRows = (content: Content): readonly string[] => [
  ...tenants(content),
  ...auth(content),
  ...sessions(content),
  ...directories(content),
  ...chatAndHooks(content),
  ...settings(content),
];

/** What that era's own daemons keep. */
export const daemonRows = (content: Content): readonly string[] =>
  content.era === 'xivo' ? [...ctiRows(content), ...xivoThings(content)] : wazoRows(content);
