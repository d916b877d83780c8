import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { generateIdentity, type Identity, parseIdentity } from './identity.ts';
import { createPeerStream, type PeerStream, type PeerStreamOptions } from './stream.ts';

const fresh = (): Identity => {
  const parsed = parseIdentity(generateIdentity());
  if (!parsed.ok) assert.fail(parsed.error.message);
  return parsed.value;
};

const key = createSecretKey(randomBytes(32));
const [main, standby, stranger] = [fresh(), fresh(), fresh()];
const PORT = 24_577;
const [mainAt, standbyAt] = [
  { address: '127.0.5.2', port: PORT },
  { address: '127.0.5.3', port: PORT },
];

const streamOf = (self: 'main' | 'standby', pinned: PeerStreamOptions['pinned']): PeerStream => {
  const [listen, remote] = self === 'main' ? [mainAt, standbyAt] : [standbyAt, mainAt];
  const peer = self === 'main' ? 'standby' : 'main';
  return createPeerStream({
    self,
    peer,
    key,
    listen,
    remote,
    retryMs: 20,
    ...(pinned === undefined ? {} : { pinned }),
  });
};

/** Resolves with the first word of these about why there is no connection, or when there is one. */
const firstWord = (streams: readonly PeerStream[]): Promise<string> =>
  new Promise((resolve) => {
    for (const stream of streams) {
      stream.onTrouble(resolve);
      stream.channel('test').onConnected(() => resolve('connected'));
    }
  });

const tryBoth = async (one: PeerStream, other: PeerStream, judge: 'main' | 'standby'): Promise<string> => {
  const word = firstWord([judge === 'main' ? one : other]);
  const opened = await other.open();
  assert.ok(opened.ok);
  await one.open();
  const said = await word;
  await Promise.all([one.close(), other.close()]);
  return said;
};

test('two that have each other pinned talk, and data arrives', async () => {
  const one = streamOf('main', { identity: main, peer: standby.pin });
  const other = streamOf('standby', { identity: standby, peer: main.pin });
  const arrived = new Promise((resolve) => other.channel('data').onMessage(resolve));
  one.channel('data').onConnected(() => one.channel('data').send({ n: 1 }));
  assert.ok((await other.open()).ok);
  await one.open();
  assert.deepEqual(await arrived, { n: 1 });
  await Promise.all([one.close(), other.close()]);
});

test('a machine with another key is refused by the one that listens, and by the one that dials; the pair’s key alone is not enough', async () => {
  const cases: readonly (readonly [
    PeerStreamOptions['pinned'],
    PeerStreamOptions['pinned'],
    'main' | 'standby',
    RegExp,
  ])[] = [
    [
      { identity: stranger, peer: standby.pin },
      { identity: standby, peer: main.pin },
      'standby',
      /does not have the key that is pinned/,
    ],
    [
      { identity: main, peer: standby.pin },
      { identity: stranger, peer: main.pin },
      'main',
      /does not have the key that is pinned/,
    ],
    [null, { identity: standby, peer: main.pin }, 'standby', /./],
    [{ identity: main, peer: standby.pin }, null, 'main', /./],
  ];
  for (const [one, other, judge, expected] of cases) {
    const said = await tryBoth(streamOf('main', one), streamOf('standby', other), judge);
    assert.notEqual(said, 'connected');
    assert.match(said, expected);
  }
});

test('the machine at the other end is replaced: channels stay, the former one is let in no more', async () => {
  for (const role of ['main', 'standby'] as const) {
    const there = role === 'main' ? 'standby' : 'main';
    const [own, others] = role === 'main' ? [main, standby] : [standby, main];
    const stays = streamOf(role, { identity: own, peer: others.pin });
    const former = streamOf(there, { identity: others, peer: own.pin });
    const met = new Promise<void>((resolve) => stays.channel('data').onConnected(resolve));
    for (const each of [stays, former]) assert.ok((await each.open()).ok);
    await met;
    const remote = role === 'main' ? standbyAt : mainAt;
    assert.ok((await stays.renew({ key, pinned: { identity: own, peer: stranger.pin }, remote })).ok);
    assert.equal(stays.connected(), false);
    await former.close();
    const fresh = streamOf(there, { identity: stranger, peer: own.pin });
    const arrived = new Promise((resolve) => fresh.channel('data').onMessage(resolve));
    stays.channel('data').onConnected(() => stays.channel('data').send({ n: role }));
    assert.ok((await fresh.open()).ok);
    assert.deepEqual(await arrived, { n: role });
    await Promise.all([stays.close(), fresh.close()]);
  }
});
