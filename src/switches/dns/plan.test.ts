import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordSet } from './message.ts';
import { byHand, type FollowingRecord, planChanges, termOf, wantedSets } from './plan.ts';

const sip: FollowingRecord = {
  name: 'SIP.example.org',
  type: 'CNAME',
  ttl: 30,
  main: ['pbx1.example.org'],
  standby: ['pbx2.example.org'],
};
const TERM = '_dualtone.example.org';
const main = wantedSets([sip], TERM, 30, { role: 'main', epoch: 4 });
const standby = wantedSets([sip], TERM, 30, { role: 'standby', epoch: 5 });

/** What would change, or the code of what stands against it. */
const plan = (seen: readonly RecordSet[], wanted = standby, epoch = 5): readonly string[] | string => {
  const planned = planChanges([sip], seen, wanted, { role: 'standby', epoch });
  return planned.ok ? planned.value.changes.map((each) => each.wanted.type) : planned.error.code;
};

test('what is so already is left alone; a name that moves takes the term with it', () => {
  assert.deepEqual(plan(standby), []);
  assert.deepEqual(plan(main), ['CNAME', 'TXT']);
  assert.deepEqual(plan([...standby.slice(0, -1), ...main.slice(-1)]), ['TXT']);
  const empty = standby.map((each) => ({ ...each, ttl: 0, data: [] }));
  assert.deepEqual(plan(empty), ['CNAME', 'TXT']);
  const slow = standby.map((each) => ({ ...each, ttl: 3600 }));
  assert.deepEqual(plan(slow), ['CNAME', 'TXT']);
});

test('a newer term, and a value that is neither side’s, are not written over', () => {
  assert.equal(plan(wantedSets([sip], TERM, 30, { role: 'main', epoch: 6 })), 'dns-newer-epoch');
  const foreign = main.map((each) => (each.type === 'CNAME' ? { ...each, data: ['spare.example.org.'] } : each));
  assert.equal(plan(foreign), 'dns-foreign-record');
});

test('only our own words are a term', () => {
  const told = (...data: string[]) => termOf({ name: `${TERM}.`, type: 'TXT', ttl: 30, data });
  assert.deepEqual(told('"dualtone epoch=4 active=main"'), { epoch: 4, role: 'main' });
  for (const odd of [
    [],
    ['"v=spf1 -all"'],
    ['"dualtone epoch=x active=main"'],
    ['"dualtone epoch=4 active=main"', '"more"'],
  ])
    assert.equal(told(...odd), null);
});

test('what a person types has no secret in it and survives a shell', () => {
  const odd = { name: 'a.example.org.', type: 'NAPTR', ttl: 30, data: [`1 1 "s" "x" "!^it's$!" .`] } as const;
  const line = byHand({ address: '192.0.2.53', port: 53 }, 'example.org', '/etc/dualtone/dns.key', [odd]);
  assert.equal(
    line,
    `printf '%s\\n' 'server 192.0.2.53 53' 'zone example.org.' 'update delete a.example.org. NAPTR' 'update add a.example.org. 30 NAPTR 1 1 "s" "x" "!^it'\\''s$!" .' 'send' | nsupdate -v -k '/etc/dualtone/dns.key'`,
  );
});
