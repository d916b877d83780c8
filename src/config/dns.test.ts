import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSwitching } from './config.ts';
import { parseConfig } from './parse.ts';

const BASE = 'node: { role: main, name: a, address: 10.0.0.1 }\npeer: { name: b, address: 10.0.0.2 }\n';
const SIP = '{ name: sip.example.org, type: CNAME, main: [pbx1.example.org], standby: [pbx2.example.org] }';
const dns = (records: string, more = ''): string =>
  `${BASE}switches: { dns: { server: { address: 192.0.2.53 }, zone: example.org, records: [${records}]${more} } }\n`;

/** Problems as `path: message`; each has its line and a next step. */
const bad = (records: string, more = ''): string => {
  const parsed = parseConfig(dns(records, more));
  assert.ok(!parsed.ok, 'accepted');
  assert.ok(parsed.problems.every(({ remedy, line }) => remedy !== '' && line === 3));
  return parsed.problems.map(({ path, message }) => `${path}: ${message}`).join('\n');
};

test('names that follow service are read with their defaults', () => {
  const parsed = parseConfig(
    dns(
      `${SIP}, { name: _sip._udp.example.org, type: SRV, ttl: 1h, main: [10 50 5060 pbx1.example.org], standby: [10 50 5060 pbx2.example.org] }`,
    ),
  );
  assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.problems));
  const found = parsed.config.switches.dns;
  assert.ok(found !== null && isSwitching(parsed.config));
  assert.deepEqual(found.server, { address: '192.0.2.53', port: 53 });
  assert.deepEqual([found.others, found.keyFile, found.epochName], [[], '/etc/dualtone/dns.key', null]);
  assert.equal(found.records[0]?.ttlMs, 30_000);
  assert.match(parsed.notes.join(), /_sip\._udp\.example\.org SRV may be kept for 1h/);
});

test('records that no server would take, or that move nobody, are refused where they stand', () => {
  const AT = 'switches.dns.records[0]';
  const a = (main: string, standby: string, more = ''): string =>
    `{ name: pbx.example.org, type: A, main: [${main}], standby: [${standby}]${more} }`;
  assert.ok(bad(a('192.0.2.256', '192.0.2.2')).startsWith(`${AT}.main[0]: "192.0.2.256" is no A record`));
  assert.ok(bad(a('192.0.2.1', '192.0.2.1')).startsWith(`${AT}.standby: both sides are the same`));
  assert.ok(bad(a('192.0.2.1, 192.0.2.1', '192.0.2.2')).startsWith(`${AT}.main: a value is given twice`));
  assert.ok(bad(a('192.0.2.1', '192.0.2.2', ', ttl: 1500ms')).startsWith(`${AT}.ttl: 1500ms is not a whole`));
  assert.ok(bad(SIP.replace('sip.example.org', 'sip.example.net')).startsWith(`${AT}.name: sip.example.net is not in`));
  assert.ok(
    bad(SIP.replace('[pbx1.example.org]', '[a.example.org, b.example.org]')).startsWith(`${AT}.main: a name has one`),
  );
  assert.ok(bad(SIP.replace('[pbx1.example.org]', '[pbx1]')).startsWith(`${AT}.main[0]: "pbx1" is no whole name`));
  const srv = '{ name: s.example.org, type: SRV, main: [10 50 5060 pbx1], standby: [10 50 5060 pbx2.example.org] }';
  assert.ok(bad(srv).startsWith(`${AT}.main[0]: "pbx1" is no whole name`));
  assert.ok(
    bad(SIP.replace('[pbx1.example.org]', '[SIP.example.org.]')).startsWith(
      `${AT}.main[0]: sip.example.org would lead`,
    ),
  );
  assert.ok(
    bad(SIP.replace('sip.example.org', 'Example.org.')).startsWith(`${AT}.type: Example.org. is the zone itself`),
  );
  assert.match(bad(`${SIP}, ${SIP}`), /records\[1\]: sip\.example\.org CNAME is given twice/);
  const beside = a('192.0.2.1', '192.0.2.2').replace('pbx.example.org', 'SIP.example.org.');
  assert.match(bad(`${SIP}, ${beside}`), /records\[1\]\.type: a CNAME of SIP\.example\.org\. cannot stand beside/);
  assert.match(bad(SIP, ', epoch-name: sip.example.org'), /epoch-name: sip\.example\.org is a CNAME/);
  assert.match(bad(SIP, ', epoch-name: t.example.com'), /epoch-name: t\.example\.com is not in the zone/);
  assert.match(bad(SIP.replace('sip.', '"sip..').replace('org, type', 'org", type')), /records\[0\]\.name/);
});
