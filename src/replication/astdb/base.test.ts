import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { type FakeManager, startFakeManager } from '../../ami/testing/fake-manager.ts';
import type { Clock } from '../../ports.ts';
import { type ContactsBase, createContactsBase } from './base.ts';
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
let base: ContactsBase;
beforeEach(async () => {
  manager = await startFakeManager();
  base = createContactsBase({ host: '127.0.0.1', port: manager.port, user: 'dualtone', secret: 's3cret' }, clock);
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
const key = '1001;@90f0ae5b0b6d463eabb1e71a827d13ec';
const value =
  '{"via_addr":"127.0.0.1","qualify_timeout":"3.000000","qualify_2xx_only":"false","call_id":"1-1488@127.0.0.1","reg_server":"","prune_on_boot":"no","path":"","endpoint":"1001","via_port":"6001","authenticate_qualify":"no","uri":"sip:1001@127.0.0.1:6001;ob","qualify_frequency":"0","user_agent":"Yealink SIP-T46S 66.86.0.15 \\"x\\"","expiration_time":"1795248563","outbound_proxy":""}';

test('the key and the end of a contact, as Asterisk writes them', () => {
  assert.equal(contactKey('1001', uri), key);
  assert.equal(expiryOf(value), 1_795_248_563_000);
  assert.equal(expiryOf('{"expiration_time":1795248563}'), 1_795_248_563_000);
  assert.equal(expiryOf('{"user_agent":"x"}'), null);
  assert.equal(livesAt(value, 1_795_248_562_999), true);
  assert.equal(livesAt(value, 1_795_248_563_000), false);
});

test('the difference of two tables, and what expiry means for it', async () => {
  const lives = (n: number): string => `{"expiration_time":"${n}"}`;
  const before = new Map([
    ['same', lives(9)],
    ['changed', lives(8)],
    ['vanished', lives(9)],
    ['expired', lives(1)],
    ['shortened', lives(9)],
  ]);
  const after = new Map([
    ['same', lives(9)],
    ['changed', lives(9)],
    ['shortened', lives(2)],
    ['new', lives(9)],
    ['newButOver', lives(2)],
  ]);
  const change = differenceOf(before, after, 5_000);
  assert.deepEqual(
    change.put.map((one) => one.key),
    ['changed', 'new'],
  );
  assert.deepEqual(change.delete, ['vanished', 'shortened']);
  const aAndB = await digestOf(
    new Map([
      ['a', lives(9)],
      ['b', lives(7)],
    ]),
    5_000,
  );
  const another = await digestOf(
    new Map([
      ['b', lives(7)],
      ['c', lives(4)],
      ['a', lives(9)],
    ]),
    5_000,
  );
  assert.deepEqual(aAndB, another);
  assert.equal(aAndB.count, 2);
  assert.notEqual((await digestOf(after, 5_000)).digest, (await digestOf(before, 5_000)).digest);
});

test('reads, writes and deletes rows as they are', async () => {
  await open().opened;
  assert.deepEqual(await base.apply({ put: [{ key, value }], delete: ['gone;@1'] }), {
    ok: true,
    value: { refused: 0 },
  });
  assert.equal(manager.valueByPath.get(`/registrar/contact/${key}`), value);
  assert.deepEqual(await base.read(key), { ok: true, value });
  assert.deepEqual(await base.readAll(), { ok: true, value: new Map([[key, value]]) });
  assert.deepEqual(await base.apply({ put: [], delete: [key] }), { ok: true, value: { refused: 0 } });
  assert.deepEqual(await base.read(key), { ok: true, value: null });
});

test('a row that is too long for the manager costs only itself', async () => {
  await open().opened;
  const long = `{"user_agent":"${'x'.repeat(1_100)}","expiration_time":"1795248563"}`;
  assert.deepEqual(
    await base.apply({
      put: [
        { key: 'long;@1', value: long },
        { key, value },
      ],
      delete: [],
    }),
    { ok: true, value: { refused: 1 } },
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
  const done = await base.apply({ put: [{ key, value }], delete: [] });
  assert.equal(done.ok ? '' : done.error.code, 'ami-permission');
  assert.match(base.trouble() ?? '', /Permission denied/);
});
