import { type Content, fill, literal, oneOf, rows } from '../content.ts';
import { descriptions, firstNames, lastNames } from './words.ts';

/** One for each 500 users. */
export const tenantCount = ({ users }: Content): number => Math.max(1, Math.ceil(users / 500));

/** Who owns row `i`, by that era's column. */
export const ownership = (content: Content, index = 'i'): Readonly<Record<string, string>> =>
  content.era === 'xivo' ? { entityid: `1 + (${index}) % ${tenantCount(content)}` } : tenantColumn(content, index);

/** The tenant of row `i`; nothing for XiVO, which has none in most tables. */
export const tenantColumn = (content: Content, index = 'i'): Readonly<Record<string, string>> =>
  content.era === 'xivo' ? {} : { tenant_uuid: `pg_temp.uuid_of('tenant', 1 + (${index}) % ${tenantCount(content)})` };

const first = oneOf(firstNames, 'i');
const last = oneOf(lastNames, 'i / 3');
const texts = `CASE WHEN i % 10 = 0 THEN ${oneOf(descriptions, 'i / 10')} ELSE '' END`;

/** The number that user `i` is called by. */
export const EXTENSION = '(10000 + i)::text';

const contexts = (content: Content): readonly string[] => {
  const tenants = tenantCount(content);
  const kind = (name: string, type: string): string =>
    fill('context', tenants, {
      name: `CASE WHEN i = 1 THEN '${name}' ELSE '${name}-' || i END`,
      displayname: `'${name} ' || i`,
      contexttype: `'${type}'`,
      ...(content.era === 'xivo' ? {} : { uuid: `pg_temp.uuid_of('${name}', i)` }),
      ...ownership(content, 'i - 1'),
    });
  return [
    ...['internal', 'incall', 'outcall', 'others', 'services'].map((name) =>
      rows('contexttype', 'name', literal(name)),
    ),
    kind('default', 'internal'),
    kind('from-extern', 'incall'),
    kind('to-extern', 'outcall'),
    fill('contextinclude', 1, { context: "'default'", include: "'to-extern'" }),
    rows(
      'contextnumbers',
      'context, type, numberbeg, numberend',
      "'default', 'user', '10001', '19999'",
      "'default', 'queue', '30001', '39999'",
    ),
  ];
};

const sipOfXivo = (users: number): readonly string[] => [
  fill('usersip', users, {
    name: "substr(md5('sip' || i), 1, 8)",
    type: "'friend'",
    username: "substr(md5('sip' || i), 1, 8)",
    secret: "substr(pg_temp.uuid_of('secret', i)::text, 1, 8)",
    context: "'default'",
    callerid: `'"' || ${first} || '" <' || ${EXTENSION} || '>'`,
    'call-limit': '10',
    subscribemwi: "'0'",
    transport: "CASE WHEN i % 5 = 0 THEN 'udp,tcp' ELSE 'udp' END::sip_transport",
    'session-timers': "'originate'",
    setvar: "'XIVO_USERID=' || i",
    options:
      "CASE WHEN i % 20 = 0 THEN ARRAY[ARRAY['language', 'fr_FR'], ARRAY['x-\"odd\"', 'a,b {c}']] ELSE '{}' END::varchar[][]",
  }),
  rows('sipauthentication', 'usersip_id, "user", secret, realm', "1, 'edge', 'd41d8cd98f00b204', 'example.org'"),
];

const sipOfWazo = (content: Content): readonly string[] => {
  const option = (key: string, section: string, value: string): string =>
    fill('endpoint_sip_section_option', content.users, {
      uuid: `pg_temp.uuid_of('option-${key}', i)`,
      key: literal(key),
      value,
      endpoint_sip_section_uuid: `pg_temp.uuid_of('${section}', i)`,
    });
  return [
    fill('pjsip_transport', 2, {
      uuid: "pg_temp.uuid_of('transport', i)",
      name: oneOf(['transport-udp', 'transport-wss'], 'i - 1'),
    }),
    fill('endpoint_sip', content.users, {
      uuid: "pg_temp.uuid_of('endpoint', i)",
      name: "substr(md5('sip' || i), 1, 8)",
      label: first,
      ...tenantColumn(content),
      transport_uuid: "pg_temp.uuid_of('transport', 1 + i % 2)",
    }),
    ...['aor', 'auth', 'endpoint'].map((type) =>
      fill('endpoint_sip_section', content.users, {
        uuid: `pg_temp.uuid_of('${type}', i)`,
        type: literal(type),
        endpoint_sip_uuid: "pg_temp.uuid_of('endpoint', i)",
      }),
    ),
    option('max_contacts', 'aor', "'1'"),
    option('username', 'auth', "substr(md5('sip' || i), 1, 8)"),
    option('password', 'auth', "substr(pg_temp.uuid_of('secret', i)::text, 1, 8)"),
    option('callerid', 'endpoint', `'"' || ${first} || '" <' || ${EXTENSION} || '>'`),
    option('set_var', 'endpoint', "'WAZO_USERID=' || i"),
    fill('endpoint_sip_template', content.users, {
      child_uuid: "pg_temp.uuid_of('endpoint', i)",
      parent_uuid: `pg_temp.uuid_of('template', 1 + i % ${tenantCount(content)})`,
      priority: '0',
    }),
  ];
};

const userColumns = (content: Content): Readonly<Record<string, string>> => ({
  uuid: "pg_temp.uuid_of('user', i)::text",
  firstname: first,
  lastname: last,
  email: `CASE WHEN i % 3 > 0 THEN 'user' || i || '@example.org' END`,
  callerid: `'"' || ${first} || ' ' || i || '"'`,
  voicemailtype: "CASE WHEN i % 5 > 0 THEN 'asterisk' END::userfeatures_voicemailtype",
  voicemailid: 'CASE WHEN i % 5 > 0 THEN i END',
  enablevoicemail: '(i % 5 > 0)::int',
  enablednd: '(i % 50 = 7)::int',
  enableunc: '(i % 40 = 3)::int',
  destunc: "CASE WHEN i % 40 = 3 THEN '0' || (600000000 + i) ELSE '' END",
  language: oneOf(['fr_FR', 'en_US', 'de_DE'], 'i'),
  func_key_private_template_id: 'i',
  description: texts,
  ...(content.era === 'xivo'
    ? {
        ...ownership(content),
        cti_profile_id: '1 + i % 2',
        loginclient: "'u' || i",
        passwdclient: "substr(md5('cti' || i), 1, 8)",
      }
    : { ...ownership(content), username: "'u' || i || '@example.org'" }),
});

const lineColumns = (content: Content): Readonly<Record<string, string>> => ({
  name: "substr(md5('sip' || i), 1, 8)",
  device: "md5('device' || i)",
  number: EXTENSION,
  context: "'default'",
  provisioningid: '100000 + i',
  ...(content.era === 'xivo'
    ? { protocol: "'sip'", protocolid: 'i' }
    : { endpoint_sip_uuid: "pg_temp.uuid_of('endpoint', i)" }),
});

const belongings = (content: Content): readonly string[] => {
  const { users } = content;
  const every = (n: number): number => Math.max(1, Math.floor(users / n));
  return [
    fill('callerid', users, { mode: "'prepend'", callerdisplay: "'User ' || i", type: "'callfilter'", typeval: 'i' }),
    ...['noanswer', 'busy', 'congestion', 'chanunavail'].map((event) =>
      fill('dialaction', users, {
        event: literal(event),
        category: "'user'",
        categoryval: 'i::text',
        action: "CASE WHEN i % 5 > 0 THEN 'voicemail' ELSE 'none' END::dialaction_action",
        actionarg1: 'CASE WHEN i % 5 > 0 THEN i::text END',
      }),
    ),
    fill('rightcall', 5, { name: "'right ' || i", passwd: "''", ...tenantColumn(content) }),
    fill('rightcallexten', 20, { rightcallid: '1 + i % 5', exten: "'0' || i || '.'" }),
    fill('rightcallmember', every(2), { rightcallid: '1 + i % 5', type: "'user'", typeval: 'i::text' }),
    fill('callfilter', every(20), {
      name: "'filter ' || i",
      type: "'bosssecretary'",
      bosssecretary: "'secretary-simult'",
      callfrom: "'all'",
      ...tenantColumn(content),
    }),
    ...['boss', 'secretary'].map((role, at) =>
      fill('callfiltermember', every(20), {
        callfilterid: 'i',
        typeval: `(i * 2 - ${at})::text`,
        bstype: literal(role),
        active: '(i % 2)',
      }),
    ),
    fill('pickup', 10, { id: 'i', name: "'pickup ' || i", ...tenantColumn(content) }),
    fill('pickupmember', users, { pickupid: '1 + i % 10', category: "'member'", membertype: "'user'", memberid: 'i' }),
    fill('schedule', 5, { name: "'hours ' || i", timezone: "'Europe/Paris'", ...tenantColumn(content) }),
    fill('schedule_time', 20, {
      schedule_id: '1 + i % 5',
      hours: "'08:00-18:00'",
      weekdays: "'1-5'",
      monthdays: "'1-31'",
      months: "'1-12'",
    }),
    fill('schedule_path', every(10), { schedule_id: '1 + i % 5', path: "'user'", pathid: 'i' }),
    fill('paging', 5, { number: '(40000 + i)::text', ...tenantColumn(content) }),
    fill('paginguser', every(10), { pagingid: '1 + i % 5', userfeaturesid: 'i', caller: '0' }),
  ];
};

/** Users, lines, numbers, mailboxes and what belongs to them. */
export const peopleRows = (content: Content): readonly string[] => {
  const { users, era } = content;
  return [
    ...contexts(content),
    ...(era === 'xivo' ? sipOfXivo(users) : sipOfWazo(content)),
    fill(
      'voicemail',
      users,
      {
        uniqueid: 'i',
        context: "'default'",
        mailbox: EXTENSION,
        password: '(1000 + i % 9000)::text',
        fullname: `${first} || ' ' || ${last}`,
        options:
          "CASE WHEN i % 7 = 0 THEN ARRAY[ARRAY['saycid', 'yes'], ARRAY['vm \"odd\"', 'comma, brace } \\']] ELSE '{}' END::varchar[][]",
      },
      'WHERE i % 5 > 0',
    ),
    fill('func_key_template', users, { private: 'true', ...tenantColumn(content) }),
    fill('userfeatures', users, userColumns(content)),
    fill('linefeatures', users, lineColumns(content)),
    fill('user_line', users, { user_id: 'i', line_id: 'i', main_user: 'true', main_line: 'true' }),
    fill('extensions', users, { context: "'default'", exten: EXTENSION, type: "'user'", typeval: 'i::text' }),
    fill('line_extension', users, { line_id: 'i', extension_id: 'i', main_extension: 'true' }),
    ...belongings(content),
    fill('staticvoicemail', 153, {
      filename: "'voicemail.conf'",
      category: "CASE WHEN i < 20 THEN 'general' ELSE 'zonemessages' END",
      var_name: "'option' || i",
      var_val: texts,
    }),
    fill('staticiax', 51, {
      filename: "'iax.conf'",
      category: "'general'",
      var_name: "'option' || i",
      var_val: "'no'",
    }),
  ];
};
