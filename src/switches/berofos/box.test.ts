import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type FakeBox, type Mood, startFakeBox } from '../testing/fake-box.ts';
import { createBox } from './box.ts';
import { parseBoxes } from './protocol.ts';

const never = new AbortController().signal;

const start = async (t: TestContext, login: string | null = 'admin:secret') => {
  const fake = await startFakeBox(login);
  t.after(fake.stop);
  return { fake, box: boxOf(fake, login) };
};

const boxOf = ({ port }: Pick<FakeBox, 'port'>, login: string | null, timeoutMs = 60_000) =>
  createBox({ name: 'fos1', host: '127.0.0.1', port, login, timeoutMs });

test('relays are set, read back, and not touched where they are right', async (t) => {
  const { fake, box } = await start(t);
  assert.deepEqual(await box.set('standby', never), { ok: true, value: { changed: true } });
  assert.deepEqual(fake.asked, ['/config.txt', '/?cmd=4&mode=0', '/config.txt']);
  assert.deepEqual(await box.set('standby', never), { ok: true, value: { changed: false } });
  assert.equal(fake.asked.length, 4);
  assert.deepEqual(await box.look(never), { ok: true, value: { relays: 'standby', scenario: 0, watchdog: 'off' } });
  assert.ok((await box.set('main', never)).ok);
  assert.equal(fake.values.get('4_mode'), '1');
});

test('the watchdog is armed and read back', async (t) => {
  const { fake, box } = await start(t, null);
  assert.ok((await box.arm(true, never)).ok);
  assert.equal(fake.values.get('6_wen'), '1');
});

const troubles: readonly (readonly [Mood, string])[] = [
  ['hangs', 'berofos-unreachable'],
  ['refuses', 'berofos-refused'],
  ['nonsense', 'berofos-odd'],
  ['stuck', 'berofos-not-switched'],
];
for (const [mood, code] of troubles) {
  test(`a box that ${mood} is ${code}, in time`, async (t) => {
    const { fake } = await start(t);
    fake.mood = mood;
    const box = boxOf(fake, 'admin:secret', mood === 'hangs' ? 300 : 60_000);
    const done = await box.set('standby', never);
    assert.equal(done.ok ? 'done' : done.error.code, code);
    assert.ok(!JSON.stringify(done).includes('secret'));
  });
}

test('bnfos.conf of the original names the boxes', () => {
  const text =
    '[general]\nhost = 9.9.9.9\n[fos1]\nmac = 00:19:32:00:11:22\nhost = 10.1.1.1\nlogin = admin:foo bar\n\n[fos2]\nmac = 0\nhost=10.1.1.2\n[fos3]\nmac = 1\n';
  assert.deepEqual(parseBoxes(text), [
    { name: 'fos1', host: '10.1.1.1', login: 'admin:foo bar' },
    { name: 'fos2', host: '10.1.1.2', login: null },
  ]);
});
