import { type Content, fill, literal, oneOf, rows } from '../content.ts';
import { tenantColumn } from './people.ts';

const lastByte = ({ node }: Content): string => (node === 'main' ? '11' : '12');

/** What each host has for itself; the two nodes' differ. */
export const hostRows = (content: Content): readonly string[] => {
  const { era, node } = content;
  const byte = lastByte(content);
  return [
    rows(
      'netiface',
      'ifname, networktype, type, family, method, address, netmask, gateway',
      `'eth0', 'voip', 'iface', 'inet', 'static', '192.0.2.${byte}', '255.255.255.0', '192.0.2.1'`,
    ),
    rows('resolvconf', 'hostname, domain, nameserver1', `'pbx-${node}', 'example.org', '192.0.2.53'`),
    rows('mail', 'mydomain, origin', `'example.org', 'pbx-${node}.example.org'`),
    rows('dhcp', `active, pool_start, pool_end`, `${node === 'main' ? 1 : 0}, '192.0.2.100', '192.0.2.200'`),
    rows('provisioning', 'net4_ip, http_port', `'192.0.2.${byte}', 8667`),
    rows('monitoring', 'alert_emails', `'${node}@example.org'`),
    rows(
      'infos',
      `uuid, ${era === 'xivo' ? 'xivo' : 'wazo'}_version`,
      `pg_temp.uuid_of('infos-${node}', 1)::text, '${era === 'xivo' ? '16.16' : '25.14'}'`,
    ),
    fill('session', 3, {
      sessid: `md5('${node}' || i)`,
      start: '1767225600 + i',
      expire: '1767229200 + i',
      identifier: "'root'",
      data: "decode(md5('data' || i), 'hex') || '\\x00ff0a5c'::bytea",
    }),
    fill('accesswebservice', 10, {
      name: "'service-' || i",
      login: "'service-' || i",
      passwd: `md5('${node}' || i)`,
      acl: "ARRAY['confd.#', 'auth.users.*.\"read\"', 'a,b']",
    }),
    rows('accessfeatures', 'host', "'192.0.2.0/24'"),
    rows('alembic_version', 'version_num', `'${era === 'xivo' ? '24abfc26dddd' : '4f1d5e3a9c21'}'`),
  ];
};

/** Trunks, calls in and out, and the small rest. */
export const systemRows = (content: Content): readonly string[] => [
  fill('usercustom', 2, { name: "'dahdi' || i", interface: "'DAHDI/g' || i", ...tenantColumn(content) }),
  fill('useriax', 2, { name: "'iax' || i", type: "'friend'", ...tenantColumn(content) }),
  fill('trunkfeatures', 2, { protocol: "'iax'", protocolid: 'i', context: "'from-extern'", ...tenantColumn(content) }),
  fill('incall', 50, {
    exten: "'01020304' || lpad(i::text, 2, '0')",
    context: "'from-extern'",
    ...tenantColumn(content),
  }),
  fill('dialaction', 50, {
    event: "'answer'",
    category: "'incall'",
    categoryval: 'i::text',
    action: "'user'",
    actionarg1: '(1 + i % 10)::text',
  }),
  fill('outcall', 5, { name: "'out ' || i", context: "'to-extern'", ...tenantColumn(content) }),
  fill('outcalltrunk', 5, { outcallid: 'i', trunkfeaturesid: '1 + i % 2' }),
  fill('dialpattern', 10, { type: "'outcall'", typeid: '1 + i % 5', exten: "'0' || i || 'XXXXXXXX'" }),
  fill('sccpgeneralsettings', 6, { option_name: "'option' || i", option_value: "'value'" }),
  fill('musiconhold', 6, {
    filename: "'musiconhold.conf'",
    category: "'default'",
    var_name: oneOf(['mode', 'application', 'random', 'directory'], 'i'),
    var_val: "'files'",
  }),
  fill('features', 40, {
    filename: "'features.conf'",
    category: "CASE WHEN i < 25 THEN 'general' ELSE 'featuremap' END",
    var_name: "'feature' || i",
    var_val: "'*' || i",
  }),
  fill('ivr', 1, { name: literal('welcome – "1"'), ...tenantColumn(content) }),
  fill('ivr_choice', 9, { ivr_id: '1', exten: 'i::text' }),
];
