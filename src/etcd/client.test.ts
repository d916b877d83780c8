/** Members that answer torn, late, too much, or as something else: a clear fault, in bounded time, and the next member is asked. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ok } from '../core/result.ts';
import { createEtcdClient } from './client.ts';
import { makeAuthority, makeCertificate } from './testing/certificates.ts';

const folder = mkdtempSync(join(tmpdir(), 'dualtone-etcd-client-'));
const header = { cluster_id: '14841639068965178418', revision: '7' };
const standing = { header, kvs: [{ mod_revision: '5', value: Buffer.from('mine').toString('base64') }] };

/** How a member answers all but the login. */
type Manner = (response: ServerResponse) => void;

const json =
  (value: unknown): Manner =>
  (response) =>
    void response.end(JSON.stringify(value));

const MANNERS = {
  well: json(standing),
  'put-elsewhere': json({ header, responses: [{ response_range: { kvs: standing.kvs } }] }),
  torn: (response) => void response.end(JSON.stringify(standing).slice(0, 40)),
  page: (response) => void response.end('<html>It works!</html>'),
  empty: (response) => void response.end(),
  'another-thing': json({ header: { cluster_id: 7 }, kvs: 'many' }),
  'too-long': json({ ...standing, more: 'x'.repeat(300_000) }),
  broken: (response) => {
    response.writeHead(200, { 'content-length': '1000' });
    // What was asked is read, and the beginning of the answer is on its way, before the connection goes.
    response.req.once('end', () => response.write('{"header":', () => response.destroy()));
  },
  late: () => undefined,
} as const satisfies Readonly<Record<string, Manner>>;

const members = new Map<string, { readonly server: Server; asked: number }>();
const endpointOf = (name: keyof typeof MANNERS): string =>
  `https://127.0.0.1:${(members.get(name)?.server.address() as AddressInfo | undefined)?.port}`;

const serve = async (name: string, manner: Manner): Promise<void> => {
  const own = { cert: readFileSync(join(folder, 'member.pem')), key: readFileSync(join(folder, 'member.key')) };
  const server = createServer(own, (request, response) => {
    if (request.url === '/v3/auth/authenticate') {
      request.resume();
      return json({ header, token: 'a.1' })(response);
    }
    const member = members.get(name);
    if (member !== undefined) member.asked += 1;
    manner(response);
    request.resume();
  });
  members.set(name, { server, asked: 0 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
};

before(async () => {
  makeAuthority(folder);
  makeCertificate(folder, 'member', 2);
  await Promise.all(Object.entries(MANNERS).map(([name, manner]) => serve(name, manner)));
});

after(() => {
  for (const { server } of members.values()) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true });
});

const clientAt = (names: readonly (keyof typeof MANNERS)[], timeoutMs = 4000) => {
  const authority = readFileSync(join(folder, 'ca.pem'), 'utf8');
  const access = () => ok({ authority, certificate: null, key: null, user: 'office', password: 'x' });
  return createEtcdClient({ endpoints: names.map(endpointOf), access, timeoutMs });
};

for (const [name, code, words] of [
  ['torn', 'etcd-malformed', /https:\/\/127\.0\.0\.1:\d+ answers is not etcd’s: no JSON, or half of one/],
  ['page', 'etcd-malformed', /no JSON, or half of one/],
  ['empty', 'etcd-malformed', /no JSON, or half of one/],
  ['another-thing', 'etcd-malformed', /no cluster in its header/],
  ['too-long', 'etcd-malformed', /more than 262144 bytes/],
  ['broken', 'etcd-unreachable', /the connection broke within the answer/],
] as const)
  test(`an answer that is ${name}: ${code}, and with another member beside it, that one's`, async () => {
    const alone = clientAt([name]);
    for (const asked of [await alone.read('/a'), await alone.put('/a', 'x', 5)]) {
      assert.equal(asked.ok ? 'ok' : asked.error.code, code);
      assert.match(asked.ok ? '' : asked.error.message, words);
      assert.ok(!asked.ok && asked.error.remedy.length > 20);
    }
    alone.close();
    const both = clientAt([name, 'well']);
    const told = await both.read('/a');
    assert.deepEqual(told.ok && told.value.key, { revision: 5, value: 'mine' });
    const askedSoFar = members.get(name)?.asked;
    assert.ok((await both.read('/a')).ok);
    assert.equal(members.get(name)?.asked, askedSoFar, 'whoever answered well is asked on');
    both.close();
  });

test('a member that never answers costs half of the time, and all of it where there is no other', async () => {
  const both = clientAt(['late', 'well'], 600);
  assert.ok((await both.read('/a')).ok);
  both.close();
  const began = performance.now();
  const alone = clientAt(['late'], 300);
  const asked = await alone.read('/a');
  assert.equal(asked.ok ? 'ok' : asked.error.code, 'etcd-timeout');
  assert.match(asked.ok ? '' : asked.error.message, /did not answer within \d+ ms/);
  assert.ok(performance.now() - began < 5000);
  alone.close();
});

test('a put that was torn may have been carried out: the next member shows what stands there, and it counts as not put', async () => {
  const client = clientAt(['torn', 'put-elsewhere']);
  const put = await client.put('/a', 'mine', 4);
  assert.deepEqual(put.ok && { isPut: put.value.isPut, key: put.value.key }, {
    isPut: false,
    key: { revision: 5, value: 'mine' },
  });
  client.close();
});
