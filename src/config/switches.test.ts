import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSwitching } from './config.ts';
import { parseConfig } from './parse.ts';
import { planOf } from './settings.ts';

const BASE = 'node: { role: main, name: a, address: 10.0.0.1 }\npeer: { name: b, address: 10.0.0.2 }\n';
const EDGE = 'address: 192.0.2.9, main: { xivo: 10.0.0.1 }, standby: { xivo: 10.0.0.2 }';

/** Problems as `path: message`; each has its line and a next step. */
const bad = (switches: string): readonly string[] => {
  const parsed = parseConfig(`${BASE}switches: ${switches}\n`);
  assert.ok(!parsed.ok, 'accepted');
  assert.ok(parsed.problems.every(({ remedy, line }) => remedy !== '' && line === 3));
  return parsed.problems.map(({ path, message }) => `${path}: ${message}`);
};

const good = (switches: string) => {
  const parsed = parseConfig(`${BASE}switches: ${switches}\n`);
  assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.problems));
  return parsed.config;
};

test('what is switched outside is read with its defaults, and is no step that telephony waits for', () => {
  const plain = parseConfig(BASE);
  assert.ok(plain.ok);
  assert.equal(isSwitching(plain.config), false);
  const all = good(
    `{ edge: { ${EDGE} }, contact-centre: { main: { address: 10.0.0.3 } }, berofos: { boxes: [{ name: fos1, address: 10.0.0.4 }] } }`,
  );
  assert.equal(isSwitching(all), true);
  assert.equal(all.switches.edge?.upTimeMs, 120_000);
  assert.equal(all.switches.contactCentre?.service, 'xuc');
  assert.equal(all.switches.contactCentre?.standby, null);
  assert.deepEqual(all.switches.berofos?.boxes[0], { name: 'fos1', address: '10.0.0.4', port: 80, loginFile: null });
  assert.deepEqual(planOf(all), planOf(plain.config));
});

test('sides that are the same, or crossed, and boxes given twice are refused where they stand', () => {
  assert.deepEqual(bad('{ edge: { address: 192.0.2.9, main: { xivo: "fd00::1" }, standby: { xivo: "fd00:0::1" } } }'), [
    "switches.edge.standby.xivo: fd00:0::1 is also the main's: there would be nothing to switch",
  ]);
  assert.deepEqual(
    bad(
      '{ edge: { address: 192.0.2.9, main: { xivo: 10.0.0.1, contact-centre: 10.0.0.3 }, standby: { xivo: 10.0.0.2 } } }',
    ),
    ['switches.edge.standby.contact-centre: one side has a contact centre and the other none'],
  );
  assert.deepEqual(
    bad(
      '{ edge: { address: 192.0.2.9, main: { xivo: 10.0.0.1, contact-centre: 10.0.0.3 }, standby: { xivo: 10.0.0.3, contact-centre: 10.0.0.4 } } }',
    ),
    ["switches.edge: one side's node is the other side's contact centre: a list could not be switched back"],
  );
  const box = (name: string, address: string): string => `{ name: ${name}, address: ${address} }`;
  assert.deepEqual(bad(`{ berofos: { boxes: [${box('a', '10.0.0.4')}, ${box('b', '10.0.0.4')}] } }`), [
    'switches.berofos.boxes[1]: a box b or one at 10.0.0.4 port 80 is given twice',
  ]);
  // One contact centre for both sides is a site's right.
  good(
    '{ edge: { address: 192.0.2.9, main: { xivo: 10.0.0.1, contact-centre: 10.0.0.3 }, standby: { xivo: 10.0.0.2, contact-centre: 10.0.0.3 } } }',
  );
});

test('a contact centre without hosts, stopped under the other side, or with an odd pattern or service is refused', () => {
  assert.deepEqual(bad('{ contact-centre: {} }'), ['switches.contact-centre: neither side has a host']);
  assert.deepEqual(
    bad('{ contact-centre: { passive: stop, main: { address: 10.0.0.3 }, standby: { address: 10.0.0.3 } } }'),
    [
      'switches.contact-centre.passive: both sides share one host: the passive side would stop what the active one uses',
    ],
  );
  assert.match(
    bad('{ contact-centre: { main: { address: 10.0.0.3 }, ready-log: "(" } }').join(),
    /contact-centre\.ready-log: "\(" is not a regular expression/,
  );
  assert.match(bad('{ contact-centre: { main: { address: 10.0.0.3 }, service: "xuc; reboot" } }').join(), /service/);
  for (const users of ['javascript:alert(1)', '"<b>cc</b>"', '"cc 1"', '""'])
    assert.match(bad(`{ contact-centre: { main: { address: 10.0.0.3, users: ${users} } } }`).join(), /main\.users/);
  for (const users of ['cc1.example.org', 'https://cc.example.org/ccagent', '10.0.0.3'])
    assert.equal(
      good(`{ contact-centre: { main: { address: 10.0.0.3, users: "${users}" } } }`).switches.contactCentre?.main
        ?.users,
      users,
    );
  assert.match(bad('{ edge: { address: edge.example.org } }').join(), /is not an IPv4 or IPv6 address/);
});
