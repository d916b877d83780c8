import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { type FakeManager, startFakeManager } from '../../ami/testing/fake-manager.ts';
import type { Clock } from '../../ports.ts';
import { type AstDbBase, createAstDbBase } from './base.ts';
import { contactKey, differenceOf, digestOf, expiryOf, livesAt } from './rows.ts';

const clock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  at: (at, fire) => {
    const timer = setTimeout(fire, Math.max(0, at - performance.now()));
    return () => clearTimeout(timer);
  },
};

let manager: FakeManager;
let base: AstDbBase;
beforeEach(async () => {
  manager = await startFakeManager();
  // As without the class `command`; what needs it is tried with a real Asterisk.
  manager.refusalByAction.set('Command', 'Permission denied');
  base = createAstDbBase(
    {
      manager: { host: '127.0.0.1', port: manager.port, user: 'dualtone', secret: 's3cret' },
      ari: null,
      rules: { include: ['*'], exclude: ['SECRET'] },
    },
    clock,
  );
});
afterEach(async () => {
  await base.stop();
  await manager.stop();
});

/** Resolves when Asterisk is reached, and again each time that is renewed. */
const open = (onChanged: (key: string) => void = () => undefined) => {
  let tell: () => void = () => undefined;
  let opened = new Promise<void>((resolve) => {
    tell = resolve;
  });
  base.start({ onOpen: () => tell(), onChanged });
  return {
    opened,
    again: (): Promise<void> => {
      opened = new Promise<void>((resolve) => {
        tell = resolve;
      });
      return opened;
    },
  };
};

// As Asterisk 22 wrote it.
const uri = 'sip:1001@127.0.0.1:6001;ob';
const key = 'registrar/contact/1001;@90f0ae5b0b6d463eabb1e71a827d13ec';
const value =
  '{"via_addr":"127.0.0.1","qualify_timeout":"3.000000","qualify_2xx_only":"false","call_id":"1-1488@127.0.0.1","reg_server":"","prune_on_boot":"no","path":"","endpoint":"1001","via_port":"6001","authenticate_qualify":"no","uri":"sip:1001@127.0.0.1:6001;ob","qualify_frequency":"0","user_agent":"Yealink SIP-T46S 66.86.0.15 \\"x\\"","expiration_time":"1795248563","outbound_proxy":""}';

test('the key and the end of a contact, as Asterisk writes them', () => {
  assert.equal(contactKey('1001', uri), key);
  assert.equal(expiryOf(value), 1_795_248_563_000);
  assert.equal(expiryOf('{"expiration_time":1795248563}'), 1_795_248_563_000);
  assert.equal(expiryOf('{"user_agent":"x"}'), null);
  assert.equal(livesAt({ key, value }, 1_795_248_562_999), true);
  assert.equal(livesAt({ key, value }, 1_795_248_563_000), false);
});

test('the difference of two tables, and what expiry means for it', async () => {
  const lives = (n: number): string => `{"expiration_time":"${n}"}`;
  const c = (name: string): string => `registrar/contact/${name}`;
  const before = new Map([
    [c('same'), lives(9)],
    [c('changed'), lives(8)],
    [c('vanished'), lives(9)],
    [c('expired'), lives(1)],
    [c('shortened'), lives(9)],
  ]);
  const after = new Map([
    [c('same'), lives(9)],
    [c('changed'), lives(9)],
    [c('shortened'), lives(2)],
    [c('new'), lives(9)],
    [c('newButOver'), lives(2)],
  ]);
  const change = await differenceOf(before, after, 5_000);
  assert.deepEqual(
    change.put.map((one) => one.key),
    [c('changed'), c('new')],
  );
  assert.deepEqual(change.delete, [c('vanished'), c('shortened')]);
  const aAndB = await digestOf(
    new Map([
      [c('a'), lives(9)],
      [c('b'), lives(7)],
    ]),
    5_000,
  );
  const another = await digestOf(
    new Map([
      [c('b'), lives(7)],
      [c('c'), lives(4)],
      [c('a'), lives(9)],
    ]),
    5_000,
  );
  assert.deepEqual(aAndB, another);
  assert.equal(aAndB.count, 2);
  assert.notEqual((await digestOf(after, 5_000)).digest, (await digestOf(before, 5_000)).digest);
});

test('reads, writes and deletes rows as they are', async () => {
  await open().opened;
  assert.deepEqual(await base.apply({ put: [{ key, value, isNew: true }], delete: ['registrar/contact/gone;@1'] }), {
    ok: true,
    value: { refused: [] },
  });
  assert.equal(manager.valueByPath.get(`/${key}`), value);
  assert.deepEqual(await base.read(key), { ok: true, value });
  assert.deepEqual(await base.readAll(), { ok: true, value: new Map([[key, value]]) });
  assert.deepEqual(await base.apply({ put: [], delete: [key] }), { ok: true, value: { refused: [] } });
  assert.deepEqual(await base.read(key), { ok: true, value: null });
});

test('a row that is too long for the manager costs only itself', async () => {
  await open().opened;
  const long = `{"user_agent":"${'x'.repeat(1_100)}","expiration_time":"1795248563"}`;
  assert.deepEqual(
    await base.apply({
      put: [
        { key: 'registrar/contact/long;@1', value: long, isNew: true },
        { key, value, isNew: true },
      ],
      delete: [],
    }),
    { ok: true, value: { refused: ['registrar/contact/long;@1'] } },
  );
  assert.equal(manager.valueByPath.size, 1);
});

test('tells which row changed', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  await open(resolve).opened;
  manager.emit('PeerStatus', { Peer: 'PJSIP/1001' });
  manager.emit('ContactStatus', { URI: uri, ContactStatus: 'NonQualified', AOR: '1001', EndpointName: '1001' });
  assert.equal(await promise, key);
});

test('comes back when Asterisk does, and says meanwhile why not', async () => {
  const opening = open();
  await opening.opened;
  const again = opening.again();
  await manager.kill();
  const read = await base.readAll();
  assert.equal(read.ok, false);
  await manager.revive();
  await again;
  assert.equal(base.trouble(), null);
});

test('a permission that is missing is said', async () => {
  await open().opened;
  manager.refusalByAction.set('DBPut', 'Permission denied');
  const done = await base.apply({ put: [{ key, value, isNew: true }], delete: [] });
  assert.equal(done.ok ? '' : done.error.code, 'ami-permission');
  assert.match(base.trouble() ?? '', /Permission denied/);
});
