import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { type TestContext, test } from 'node:test';
import type { Message } from '../core/message.ts';
import type { Clock } from '../ports.ts';
import { generateKey, type PairKey, parseKey } from './key.ts';
import { createPeerLink, type DatagramLink } from './link.ts';
import { VERSION } from './packet.ts';
import { explainRefusal } from './refusals.ts';

const clock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  at: (at, fire) => {
    const timer = setTimeout(fire, Math.max(0, at - performance.now()));
    return () => clearTimeout(timer);
  },
};

const newKey = (): PairKey => {
  const key = parseKey(generateKey());
  assert.ok(key.ok);
  return key.value;
};

const KEY = newKey();
const RELEASE: Message = { type: 'release', role: 'main', epoch: 4, addressee: null, ordered: false };

const udp = async (context: TestContext): Promise<{ readonly socket: Socket; readonly port: number }> => {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  context.after(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  return { socket, port: socket.address().port };
};

const freePort = async (): Promise<number> => {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
};

const link = (
  context: TestContext,
  self: string,
  port: number,
  peer: readonly [string, number],
  more: { readonly key?: PairKey; readonly promiseMs?: number } = {},
): DatagramLink => {
  const made = createPeerLink({
    self,
    listen: { address: '127.0.0.1', port },
    peers: [{ name: peer[0], address: '127.0.0.1', port: peer[1] }],
    key: more.key ?? KEY,
    limits: { promiseMs: more.promiseMs ?? 600, coverMs: 572.6, longestPromiseMs: 1000, longestCoverMs: 973 },
    retryMs: 20,
    clock,
  });
  context.after(() => made.close());
  return made;
};

const heard = (each: DatagramLink): Promise<readonly [string, Message]> =>
  new Promise((resolve) => each.onMessage((from, message) => resolve([from, message])));
const refused = (each: DatagramLink): Promise<readonly [string, string]> =>
  new Promise((resolve) => each.onRefused((reason, source) => resolve([reason, source])));

/** Sends until the other has heard: the first message may fall into the handshake. */
const persist = async <T>(from: DatagramLink, to: string, until: Promise<T>): Promise<T> => {
  const timer = setInterval(() => from.send(to, RELEASE), 10);
  return until.finally(() => clearInterval(timer));
};

test('two nodes that start one after the other hear each other, and again after a restart of one', async (context) => {
  const [a, b] = [await freePort(), await freePort()];
  const main = link(context, 'main', a, ['standby', b]);
  assert.ok((await main.open()).ok);
  const standby = link(context, 'standby', b, ['main', a]);
  assert.ok((await standby.open()).ok);
  assert.deepEqual(await persist(main, 'standby', heard(standby)), ['main', RELEASE]);
  assert.deepEqual(await persist(standby, 'main', heard(main)), ['standby', RELEASE]);
  await main.close();
  const reborn = link(context, 'main', a, ['standby', b]);
  assert.ok((await reborn.open()).ok);
  assert.deepEqual(await persist(reborn, 'standby', heard(standby)), ['main', RELEASE]);
  assert.deepEqual(await persist(standby, 'main', heard(reborn)), ['standby', RELEASE]);
  assert.ok(reborn.proven('standby') && standby.proven('main'));
  assert.deepEqual(standby.refused(), {});
});

test('what is not ours is refused, counted, and told once', async (context) => {
  const { socket, port } = await udp(context);
  const own = await freePort();
  const standby = link(context, 'standby', own, ['main', port]);
  assert.ok((await standby.open()).ok);
  const told: string[] = [];
  standby.onRefused((reason) => void told.push(reason));
  const names = Buffer.concat([Buffer.from([4]), Buffer.from('main'), Buffer.from([7]), Buffer.from('standby')]);
  const packet = (...head: number[]): Buffer =>
    Buffer.concat([Buffer.from([0x44, 0x54, ...head]), names, Buffer.alloc(80)]);
  const swap = (bytes: Buffer, from: string, to: string): Buffer =>
    Buffer.from(bytes.toString('latin1').replace(from, to), 'latin1');
  const bad: readonly (readonly [string, Buffer])[] = [
    ['garbage', Buffer.from('OPTIONS sip:x SIP/2.0\r\n\r\n')],
    ['garbage', Buffer.alloc(0)],
    ['garbage', Buffer.alloc(3000, 0x44)],
    ['other-version', packet(VERSION + 1, 1)],
    ['bad-signature', packet(VERSION, 1)],
    ['stranger', swap(packet(VERSION, 1), 'main', 'mein')],
    ['not-for-me', swap(packet(VERSION, 1), 'standby', 'standbx')],
    ['own-name', swap(packet(VERSION, 1), '\u0004main', '\u0007standby')],
  ];
  const all = new Promise<void>((resolve) =>
    standby.onRefused((reason) => {
      if (reason === 'own-name') resolve();
    }),
  );
  for (const [, bytes] of bad) socket.send(bytes, own, '127.0.0.1');
  await all;
  assert.deepEqual(told, ['garbage', 'other-version', 'bad-signature', 'stranger', 'not-for-me', 'own-name']);
  assert.equal(standby.refused()['garbage 127.0.0.1'], 3);
});

test('another key and other lease times are refused with their reason, on both sides where both can know', async (context) => {
  const [a, b] = [await freePort(), await freePort()];
  const standby = link(context, 'standby', b, ['main', a]);
  const foreign = link(context, 'main', a, ['standby', b], { key: newKey() });
  const toldFirst = refused(standby);
  await standby.open();
  await foreign.open();
  assert.equal((await toldFirst)[0], 'bad-signature');
  await foreign.close();
  const other = link(context, 'main', a, ['standby', b], { promiseMs: 300 });
  const told = [
    refused(other),
    new Promise<void>((resolve) => standby.onRefused((reason) => reason === 'other-timing' && resolve())),
  ];
  await other.open();
  const [first] = await Promise.all(told);
  assert.deepEqual(first, ['other-timing', '127.0.0.1']);
  assert.ok(!standby.proven('main') && !other.proven('standby'));
  assert.match(explainRefusal('other-timing', '127.0.0.1').remedy, /timing\.promise/);
});

test('a port that is taken is a fault with a remedy', async (context) => {
  const { port } = await udp(context);
  const main = link(context, 'main', port, ['standby', 9]);
  const opened = await main.open();
  assert.ok(!opened.ok);
  assert.equal(opened.error.code, 'peer-listen');
});

test('another machine takes the place of one: it is heard by its own key, and the former one is not any more', async (context) => {
  const [own, former, next] = [await freePort(), await freePort(), await freePort()];
  const newOne = newKey();
  const main = link(context, 'main', own, ['standby', former]);
  const old = link(context, 'standby', former, ['main', own]);
  for (const each of [main, old]) assert.ok((await each.open()).ok);
  const first = heard(main);
  old.send('main', RELEASE);
  const again = setInterval(() => old.send('main', RELEASE), 20);
  await first;
  main.replace({ name: 'standby', address: '127.0.0.1', port: next, key: newOne });
  assert.equal(main.proven('standby'), false);
  const refusal = refused(main);
  assert.equal((await refusal)[0], 'bad-signature');
  clearInterval(again);
  const fresh = link(context, 'standby', next, ['main', own], { key: newOne });
  assert.ok((await fresh.open()).ok);
  const second = heard(main);
  const greeting = setInterval(() => fresh.send('main', { ...RELEASE, epoch: 9 }), 20);
  const [, message] = await second;
  clearInterval(greeting);
  assert.deepEqual(message, { ...RELEASE, epoch: 9 });
});
