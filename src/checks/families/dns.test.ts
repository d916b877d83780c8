import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { configWith, find, type Planted, told } from '../testing/around.ts';
import { createDnsChecks, type NameRecord, type ResolveName, resolveBy } from './dns.ts';

const more = 'checks: { names: [pbx.example.test, alt.example.test] }\n';

const say = async (resolve: ResolveName, planted: Planted = { config: configWith(more) }): Promise<string> =>
  told(await find(createDnsChecks(resolve), 'dns-ttl-short', planted));

const zone =
  (records: Readonly<Record<string, readonly NameRecord[] | string>>): ResolveName =>
  async (name) => {
    const found = records[name] ?? 'ENOTFOUND';
    if (typeof found === 'string') throw Object.assign(new Error(found), { code: found });
    return found;
  };
const kept = (ttl: number): readonly NameRecord[] => [{ address: '10.0.0.10', ttl }];

test('a name that is kept for long, one that is not there, and servers that are silent', async () => {
  const good = { 'pbx.example.test': kept(30), 'alt.example.test': kept(5) };
  assert.match(await say(zone(good)), /^pass: .*pbx\.example\.test 30 s, alt\.example\.test 5 s/);
  assert.match(
    await say(zone({ ...good, 'alt.example.test': kept(31) })),
    /^fail: alt\.example\.test may be kept for 31 s/,
  );
  assert.match(await say(zone({ 'pbx.example.test': kept(5) })), /^fail: alt\.example\.test has no address/);
  assert.match(
    await say(zone({ ...good, 'pbx.example.test': 'ETIMEOUT' })),
    /^unknown: .*pbx\.example\.test: ETIMEOUT/,
  );
  assert.match(await say(zone({}), {}), /^not-applicable/);
});

test('the time is that of the answer on the wire', async () => {
  const server = createSocket('udp4');
  server.on('message', (query, from) => {
    const end = query.indexOf(0, 12) + 5;
    const isIpv4 = query.readUInt16BE(end - 4) === 1;
    const head = Buffer.from([0, 0, 0x81, 0x80, 0, 1, 0, isIpv4 ? 1 : 0, 0, 0, 0, 0]);
    query.copy(head, 0, 0, 2);
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0x0e, 0x10, 0, 4, 10, 0, 0, 10]);
    const answer = [head, query.subarray(12, end), ...(isIpv4 ? [record] : [])];
    server.send(Buffer.concat(answer), from.port, from.address);
  });
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  const resolve = resolveBy([`127.0.0.1:${server.address().port}`]);
  assert.match(await say(resolve), /^fail: pbx\.example\.test may be kept for 3600 s/);
  server.close();
  await once(server, 'close');
});
