import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import * as fc from 'fast-check';
import { freePort } from '../../test/free-port.ts';
import { createFrameReader, encodeFrame } from './frames.ts';
import { generateKey, type PairKey, parseKey } from './key.ts';
import { createPeerStream, type PeerStream, type PeerStreamOptions } from './stream.ts';

const newKey = (): PairKey => {
  const key = parseKey(generateKey());
  assert.ok(key.ok);
  return key.value;
};

const KEY = newKey();

const node = (
  context: TestContext,
  self: 'main' | 'standby',
  port: number,
  more: Partial<PeerStreamOptions> = {},
): PeerStream => {
  const stream = createPeerStream({
    self,
    peer: self === 'main' ? 'standby' : 'main',
    key: KEY,
    listen: { address: '127.0.0.1', port },
    remote: { address: '127.0.0.1', port },
    retryMs: 10,
    ...more,
  });
  context.after(() => stream.close());
  return stream;
};

const connected = (stream: PeerStream): Promise<void> =>
  new Promise((resolve) => stream.channel('hello').onConnected(resolve));
const trouble = (stream: PeerStream): Promise<string> => new Promise((resolve) => stream.onTrouble(resolve));

test('two nodes find each other, speak both ways on channels of their own, and again after a restart', async (context) => {
  const port = await freePort();
  const main = node(context, 'main', port);
  assert.ok((await main.open()).ok);
  const standby = node(context, 'standby', port);
  const both = [connected(main), connected(standby)];
  assert.ok((await standby.open()).ok);
  await Promise.all(both);
  const got = new Promise<unknown>((resolve) => standby.channel('contacts').onMessage((message) => resolve(message)));
  const other = new Promise<unknown>((resolve) => main.channel('other').onMessage((message) => resolve(message)));
  assert.ok(main.channel('contacts').send({ a: ['é', 1, null] }));
  assert.ok(standby.channel('other').send('yes'));
  assert.deepEqual(await Promise.all([got, other]), [{ a: ['é', 1, null] }, 'yes']);
  const lost = trouble(main);
  const back = connected(main);
  await standby.close();
  await lost;
  assert.ok(!main.connected() && !main.channel('contacts').send(1));
  const reborn = node(context, 'standby', port);
  assert.ok((await reborn.open()).ok);
  await back;
  assert.ok(main.connected());
});

test('another key, a wrong role, and plain TCP do not get in', async (context) => {
  const port = await freePort();
  const standby = node(context, 'standby', port);
  assert.ok((await standby.open()).ok);
  const foreign = node(context, 'main', port, { key: newKey() });
  const told = [trouble(foreign), trouble(standby)];
  await foreign.open();
  await Promise.all(told);
  assert.ok(!standby.connected() && !foreign.connected());
  await foreign.close();
  const twin = node(context, 'main', port, { peer: 'main' });
  const refused = trouble(twin);
  await twin.open();
  await refused;
  assert.ok(!standby.connected());
  const plain = connect(port, '127.0.0.1');
  plain.write('GET / HTTP/1.0\r\n\r\n');
  plain.on('error', () => undefined).resume();
  await once(plain, 'close');
  assert.ok(!standby.connected());
});

test('what is said is not to be read on the way', async (context) => {
  const [port, middlePort] = [await freePort(), await freePort()];
  const seen: Buffer[] = [];
  const sockets: Socket[] = [];
  const middle = createServer((inward) => {
    const outward = connect(port, '127.0.0.1');
    sockets.push(inward, outward);
    for (const [from, to] of [
      [inward, outward],
      [outward, inward],
    ] as const) {
      from.on('data', (bytes: Buffer) => {
        seen.push(bytes);
        to.write(bytes);
      });
      from.on('error', () => undefined).on('close', () => to.destroy());
    }
  });
  middle.listen(middlePort, '127.0.0.1');
  await once(middle, 'listening');
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    middle.close();
  });
  const standby = node(context, 'standby', port);
  await standby.open();
  const main = node(context, 'main', port, { remote: { address: '127.0.0.1', port: middlePort } });
  const up = connected(main);
  await main.open();
  await up;
  const got = new Promise<unknown>((resolve) => standby.channel('c').onMessage((message) => resolve(message)));
  main.channel('c').send('sip:anna@10.0.0.7');
  assert.equal(await got, 'sip:anna@10.0.0.7');
  const wire = Buffer.concat(seen).toString('latin1');
  assert.ok(wire.length > 200 && !wire.includes('anna'));
});

test('a receiver that is slow holds the sender back, in order, and one that reads nothing ends the connection', async (context) => {
  const port = await freePort();
  const standby = node(context, 'standby', port);
  await standby.open();
  const main = node(context, 'main', port, { limits: { maxQueueBytes: 4 * 1024 ** 2, aliveMs: 60_000 } });
  const up = connected(main);
  await main.open();
  await up;
  const seen: number[] = [];
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const done = new Promise<void>((resolve) => {
    standby.channel('c').onMessage(async (message) => {
      if (seen.length === 0) await held;
      seen.push((message as { count: number }).count);
      if (seen.length === 20) resolve();
    });
  });
  for (let count = 0; count < 20; count += 1) assert.ok(main.channel('c').send({ count, filler: 'x'.repeat(10_000) }));
  release();
  await done;
  assert.deepEqual(
    seen,
    Array.from({ length: 20 }, (_, index) => index),
  );
  standby.channel('never').onMessage(() => new Promise<void>(() => undefined));
  let sent = 0;
  while (main.channel('never').send('x'.repeat(500_000))) {
    sent += 1;
    assert.ok(sent < 1000, 'the queue has no bound');
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(!main.connected());
});

test('frames survive any cutting, and what is too long or no JSON ends the connection', () => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue(), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 20 })),
      (messages, cuts) => {
        const all = Buffer.concat(messages.map(encodeFrame));
        const reader = createFrameReader(1 << 20);
        const got: unknown[] = [];
        let at = 0;
        const sizes = [...cuts, all.length];
        for (const size of sizes) {
          reader.push(all.subarray(at, at + size));
          at += size;
          for (let next = reader.next(); next !== null; next = reader.next()) got.push(next.message);
        }
        assert.deepEqual(got, JSON.parse(JSON.stringify(messages)));
      },
    ),
  );
  const long = createFrameReader(100);
  long.push(Buffer.from([0, 0, 1, 0]));
  assert.throws(() => long.next(), /over 100/);
  const odd = createFrameReader(100);
  odd.push(Buffer.from([0, 0, 0, 1, 0x7b]));
  assert.throws(() => odd.next());
});

test('a silent connection is given up', async (context) => {
  const port = await freePort();
  const standby = node(context, 'standby', port, { limits: { aliveMs: 40 } });
  await standby.open();
  const main = node(context, 'main', port, { limits: { aliveMs: 10_000 } });
  const up = connected(standby);
  await main.open();
  await up;
  assert.match(await trouble(standby), /silence/);
});
