/** Against real BIND and real Knot: each takes the updates, the other follows it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { freePort } from '../../../test/free-port.ts';
import type { Role } from '../../core/words.ts';
import { createDns, type Dns, type DnsOptions } from './dns.ts';
import { update } from './name-server.ts';
import type { FollowingRecord } from './plan.ts';
import { dig, keyText, type Make, startServer, ZONE } from './testing/servers.ts';
import { parseKey } from './tsig.ts';

const folder = mkdtempSync('/dev/shm/dualtone-dns-');
after(() => rmSync(folder, { recursive: true, force: true }));
const never = new AbortController().signal;

const record = (name: string, type: FollowingRecord['type'], main: string[], standby: string[]): FollowingRecord => ({
  name: `${name}.${ZONE}`,
  type,
  ttl: 30,
  main,
  standby,
});

const NAPTR = (service: string, target: string): string => `10 100 "s" "${service}" "" ${target}`;

const RECORDS: readonly FollowingRecord[] = [
  record('sip', 'CNAME', [`pbx1.${ZONE}`], [`pbx2.${ZONE}`]),
  record('pbx', 'A', ['192.0.2.1'], ['192.0.2.2', '192.0.2.3']),
  record('pbx', 'AAAA', ['2001:db8::1'], ['2001:DB8:0::2']),
  record('_sip._udp', 'SRV', [`10 50 5060 pbx1.${ZONE}`, `20 50 5060 pbx2.${ZONE}`], [`10 50 5060 pbx2.${ZONE}`]),
  record('calls', 'NAPTR', [NAPTR('SIP+D2U', `_sip._udp.${ZONE}`)], [NAPTR('SIP+D2T', `_sip._tcp.${ZONE}`)]),
];

/** As it stands while the main is active; `calls` is not there yet. */
const LINES = `sip IN CNAME pbx1
pbx IN A 192.0.2.1
pbx IN AAAA 2001:db8::1
_sip._udp IN SRV 10 50 5060 pbx1
_sip._udp IN SRV 20 50 5060 pbx2
taken IN A 192.0.2.9
post IN MX 10 pbx1
alias IN CNAME pbx1
* IN TXT "v=spf1 -all"
elsewhere IN A 203.0.113.7`;

const keyFile = join(folder, 'dns.key');
writeFileSync(keyFile, keyText('dualtone'), { mode: 0o600 });

const dnsAt = (port: number, others: readonly number[], change: Partial<DnsOptions> = {}): Dns =>
  createDns({
    server: { address: '127.0.0.1', port },
    others: others.map((each) => ({ address: '127.0.0.1', port: each })),
    zone: ZONE,
    records: RECORDS,
    epochName: `_dualtone.${ZONE}`,
    keyFile,
    key: () => parseKey(keyText('dualtone')),
    timeoutMs: 2000,
    settleMs: 8000,
    everyMs: 20,
    wall: Date.now,
    ...change,
  });

const moved = async (dns: Dns, role: Role, epoch: number): Promise<string> => {
  const done = await dns.switchTo({ role, epoch }, never);
  if (!done.ok) assert.ok(done.error.message.endsWith('.'), done.error.message);
  return done.ok ? `changed ${done.value.changes.length}` : done.error.code;
};

const primaryOf = async (t: TestContext, make: Make, secondary: number | null) => {
  const port = await freePort();
  const options = { folder: join(folder, `${make}-${port}`), port, zone: LINES, primary: null, secondary };
  const primary = await startServer(make, options);
  t.after(primary.stop);
  return primary;
};

const pairOf = async (t: TestContext, make: Make) => {
  const port = await freePort();
  const primary = await primaryOf(t, make, port);
  const options = { folder: join(folder, `other-${port}`), port, zone: null, primary: primary.port, secondary: null };
  const other = await startServer(make === 'bind' ? 'knot' : 'bind', options);
  t.after(other.stop);
  return { primary, other };
};

for (const make of ['bind', 'knot'] as const) {
  describe(`${make} takes the updates`, () => {
    test('names move to and fro in one update, every server tells it, and an older term undoes nothing', {
      timeout: 20_000,
    }, async (t) => {
      const { primary, other } = await pairOf(t, make);
      const dns = dnsAt(primary.port, [other.port]);
      const shown = await dns.preview('standby', never);
      assert.ok(shown.ok && shown.value.length === 5, JSON.stringify(shown));
      assert.deepEqual(dig(primary.port, `sip.${ZONE}`, 'CNAME'), [`pbx1.${ZONE}.`], 'a preview changes nothing');
      assert.equal(await moved(dns, 'standby', 3), 'changed 5');
      for (const { port } of [primary, other]) {
        assert.deepEqual(dig(port, `sip.${ZONE}`, 'CNAME'), [`pbx2.${ZONE}.`]);
        assert.deepEqual(dig(port, `pbx.${ZONE}`, 'A'), ['192.0.2.2', '192.0.2.3']);
        assert.deepEqual(dig(port, `pbx.${ZONE}`, 'AAAA'), ['2001:db8::2']);
        assert.deepEqual(dig(port, `_sip._udp.${ZONE}`, 'SRV'), [`10 50 5060 pbx2.${ZONE}.`]);
        assert.deepEqual(dig(port, `calls.${ZONE}`, 'NAPTR'), [`10 100 "s" "SIP+D2T" "" _sip._tcp.${ZONE}.`]);
        assert.deepEqual(dig(port, `_dualtone.${ZONE}`, 'TXT'), ['"dualtone epoch=3 active=standby"']);
      }
      assert.equal(await moved(dns, 'standby', 3), 'changed 0');
      assert.equal(await moved(dns, 'main', 2), 'dns-newer-epoch');
      assert.deepEqual(dig(primary.port, `sip.${ZONE}`, 'CNAME'), [`pbx2.${ZONE}.`]);
      assert.equal(await moved(dns, 'main', 4), 'changed 5');
      assert.deepEqual(dig(other.port, `sip.${ZONE}`, 'CNAME'), [`pbx1.${ZONE}.`]);
    });

    test('two nodes at once: one update is taken whole, the other not at all', { timeout: 20_000 }, async (t) => {
      const primary = await primaryOf(t, make, null);
      const dns = dnsAt(primary.port, []);
      const ended = await Promise.all([moved(dns, 'standby', 3), moved(dns, 'main', 4), moved(dns, 'standby', 5)]);
      assert.ok(
        ended.every((each) => /^(changed \d|dns-(newer-epoch|changed-meanwhile|not-agreed))$/.test(each)),
        ended.join(),
      );
      const [term = ''] = dig(primary.port, `_dualtone.${ZONE}`, 'TXT');
      const [name = ''] = dig(primary.port, `sip.${ZONE}`, 'CNAME');
      assert.equal(
        name,
        term.includes('standby') ? `pbx2.${ZONE}.` : `pbx1.${ZONE}.`,
        'records and term are of one node',
      );
      const key = parseKey(keyText('dualtone'));
      assert.ok(key.ok);
      const stale = { name: `sip.${ZONE}`, type: 'CNAME', ttl: 30, data: ['nobody.example.org.'] } as const;
      const place = { address: '127.0.0.1', port: primary.port };
      const late = await update(place, { zone: ZONE, seen: [stale], wanted: [stale] }, key.value, Date.now() / 1000, {
        timeoutMs: 2000,
        signal: never,
      });
      assert.equal(late.ok ? '' : late.error.code, 'dns-changed-meanwhile');
    });

    test('what keeps it from coming about is named, and what a person can type works', {
      timeout: 20_000,
    }, async (t) => {
      const { primary, other } = await pairOf(t, make);
      const { port } = primary;
      const as = (change: Partial<DnsOptions>): Promise<string> => moved(dnsAt(port, [], change), 'standby', 3);
      const key = (...given: Parameters<typeof keyText>) => ({ key: () => parseKey(keyText(...given)) });
      assert.equal(await as(key('dualtone', 'd3JvbmctYnV0LXdlbGwtZm9ybWVk')), 'dns-key-wrong');
      assert.equal(await as(key('nobody', 'd3JvbmctYnV0LXdlbGwtZm9ybWVk')), 'dns-key-unknown');
      assert.equal(await as(key('stranger')), make === 'bind' ? 'dns-refused' : 'dns-key-unknown');
      for (const [offMs, way] of [
        [3_600_000, 'ahead'],
        [-3_600_000, 'behind'],
      ] as const) {
        const off = await dnsAt(port, [], { wall: () => Date.now() + offMs }).switchTo(
          { role: 'standby', epoch: 3 },
          never,
        );
        assert.ok(!off.ok && off.error.code === 'dns-clock-off', JSON.stringify(off));
        assert.match(off.error.message, new RegExp(`(3599|360[01]) s ${way}`));
      }
      const only = (record: FollowingRecord) => ({ records: [record] });
      assert.equal(await as(only(record('taken', 'CNAME', ['a.example.org'], ['b.example.org']))), 'dns-cname-beside');
      const post = only(record('post', 'CNAME', ['a.example.org'], ['b.example.org']));
      assert.equal(await as(post), 'dns-cname-beside', 'also beside data of a type that never moves');
      const before = await dnsAt(port, [], post).preview('standby', never);
      assert.equal(before.ok ? '' : before.error.code, 'dns-cname-beside', 'and before it matters');
      assert.equal(await as(only(record('alias', 'A', ['192.0.2.1'], ['192.0.2.2']))), 'dns-cname-beside');
      assert.equal(await as(only(record('elsewhere', 'A', ['192.0.2.1'], ['192.0.2.2']))), 'dns-foreign-record');
      assert.equal(await as({ zone: 'example.net', epochName: '_dualtone.example.net' }), 'dns-not-authoritative');
      assert.deepEqual(dig(port, `sip.${ZONE}`, 'CNAME'), [`pbx1.${ZONE}.`], 'nothing of it changed anything');
      const closed = await freePort();
      assert.equal(await moved(dnsAt(closed, []), 'standby', 3), 'dns-unreachable');
      await other.stop();
      const lagging = await dnsAt(port, [other.port], { settleMs: 300 }).switchTo({ role: 'standby', epoch: 3 }, never);
      assert.ok(!lagging.ok && lagging.error.code === 'dns-not-agreed', JSON.stringify(lagging));
      assert.ok(lagging.error.message.includes(`port ${other.port}`), lagging.error.message);
      const [, command = ''] = lagging.error.remedy.split('By hand: ');
      const back = command.replaceAll('pbx2', 'pbx1').replace('epoch=3 active=standby', 'epoch=4 active=main');
      execFileSync('sh', ['-c', back]);
      assert.deepEqual(dig(port, `sip.${ZONE}`, 'CNAME'), [`pbx1.${ZONE}.`]);
      assert.deepEqual(dig(port, `_dualtone.${ZONE}`, 'TXT'), ['"dualtone epoch=4 active=main"']);
    });
  });
}
