import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../config/parse.ts';
import { fail } from '../core/result.ts';
import type { Clock } from '../ports.ts';
import type { Channel, Message, Outcome } from './channel.ts';
import { siteOf } from './compose.ts';
import { createEngine, type EngineParts } from './engine.ts';
import { type AlarmStore, createAlarmStore } from './store.ts';
import { createTestClock } from './testing/clock.ts';
import { alarmSettings, nodeFacts, WALL } from './testing/facts.ts';

const DOWN = nodeFacts({ server: 'this', telephony: { verdict: 'down', reason: 'gone' } });

const begin = (
  change: Partial<EngineParts> = {},
  channel: (message: Message) => Promise<Outcome> = async () => ({ outcome: 'delivered', why: '' }),
) => {
  const directory = mkdtempSync(join(tmpdir(), 'dualtone-alarms-'));
  const path = join(directory, 'alarms', 'state.json');
  const { clock, pass } = createTestClock();
  const sent: Message[] = [];
  const kept: string[] = [];
  const said: string[] = [];
  const tried: string[] = [];
  const mail: Channel = {
    name: 'mail',
    kind: 'email',
    send: (message) => {
      sent.push(message);
      return channel(message);
    },
  };
  const parts: EngineParts = {
    settings: alarmSettings(),
    text: () => ({ site: 'Hotel', language: 'en', timeZone: 'UTC' }),
    channels: [mail],
    store: createAlarmStore(path),
    clock,
    instance: () => 'inst',
    onKept: (life, number) => kept.push(`${life}:${number}`),
    onTried: (delivered, { id, text }) => tried.push(`${delivered} ${id} ${text.slice(0, 5)}`),
    onSay: (_level, code) => said.push(code),
    ...change,
  };
  return { directory, path, parts, clock, pass, sent, kept, said, tried, engine: createEngine(parts) };
};

const notice = (number: number) =>
  ({ type: 'notice', life: 5, number, wall: WALL, level: 'alarm', code: 'gate-failed', text: 'No.' }) as const;

test('what is to be told is on disk before it leaves, and gone from there when it is told', async () => {
  const seen: string[] = [];
  const it = begin({}, async () => {
    seen.push(readFileSync(it.path, 'utf8'));
    return { outcome: 'delivered', why: '' };
  });
  it.engine.start();
  it.engine.facts(DOWN);
  await it.pass(12_000);
  assert.equal(it.sent.length, 1);
  assert.deepEqual(it.tried, ['true inst-1 ALARM']);
  assert.match(seen[0] ?? '', /"outbox":\{"id":"inst-1"/);
  await it.pass(100);
  assert.match(readFileSync(it.path, 'utf8'), /"outbox":null/);
  await it.engine.stop();
  rmSync(it.directory, { recursive: true });
});

test('a kill between delivery and its note repeats the message, under the same id and with the same words', async () => {
  const never = Promise.withResolvers<Outcome>();
  const it = begin({}, () => never.promise);
  it.engine.start();
  it.engine.facts(DOWN);
  await it.pass(12_000);
  // Killed: nothing more of it happens. The next one begins from the disk.
  const next = begin({ store: createAlarmStore(it.path), clock: it.clock });
  next.engine.start();
  await it.pass(100);
  assert.deepEqual([it.sent.length, next.sent.length], [1, 1]);
  assert.deepEqual(next.sent[0]?.outgoing, it.sent[0]?.outgoing);
  assert.deepEqual(next.sent[0]?.text, it.sent[0]?.text);
  await next.engine.stop();
  rmSync(it.directory, { recursive: true });
  rmSync(next.directory, { recursive: true });
});

test('a notice is said to be kept when it is, and not before', async () => {
  const it = begin();
  it.engine.start();
  it.engine.notice(notice(1));
  assert.deepEqual(it.kept, []);
  await it.pass(50);
  assert.deepEqual(it.kept, ['5:1']);
  assert.match(readFileSync(it.path, 'utf8'), /gate-failed/);
  it.engine.notice(notice(1));
  assert.deepEqual(it.kept.at(-1), '5:1', 'the agent that has not heard it hears it again');
  await it.engine.stop();
  rmSync(it.directory, { recursive: true });
});

test('with a full disk people are told from memory, once that the queue is not kept, and nothing is said to be kept', async () => {
  let full = true;
  const said: string[] = [];
  const { path, directory } = begin();
  const disk = createAlarmStore(path);
  const store: AlarmStore = {
    load: disk.load,
    save: (kept) => (full ? fail('alarm-queue-not-kept', 'Full.', 'Make space.') : disk.save(kept)),
  };
  const it = begin({ store, onSay: (_level, code) => said.push(code) });
  it.engine.start();
  it.engine.notice(notice(1));
  await it.pass(15_000);
  assert.equal(it.sent.length, 1);
  assert.deepEqual(it.kept, []);
  assert.deepEqual(said, ['alarm-queue-not-kept']);
  assert.equal(it.engine.list().queueTrouble, 'Full.');
  full = false;
  await it.pass(2000);
  assert.deepEqual(it.kept, ['5:1']);
  assert.equal(it.engine.list().queueTrouble, null);
  await it.engine.stop();
  rmSync(it.directory, { recursive: true });
  rmSync(directory, { recursive: true });
});

test('a damaged file is kept aside, and alarms begin anew', async () => {
  const it = begin();
  createAlarmStore(it.path).save({ state: JSON.parse('{}'), wall: 0 });
  writeFileSync(it.path, '{"state": {"version": 1');
  it.engine.start();
  assert.deepEqual(it.said, ['alarm-queue-damaged']);
  assert.equal(readFileSync(`${it.path}.damaged`, 'utf8'), '{"state": {"version": 1');
  it.engine.facts(DOWN);
  await it.pass(12_000);
  assert.equal(it.sent.length, 1);
  await it.engine.stop();
  rmSync(it.directory, { recursive: true });
});

test('after a long time without power waits are over, whatever the wall clock says', async () => {
  const it = begin({}, async () => ({ outcome: 'failed', why: 'no route' }));
  it.engine.start();
  it.engine.facts(DOWN);
  await it.pass(300_000);
  await it.engine.stop();
  const tries = it.sent.length;
  assert.ok(tries >= 3);
  // The machine comes back with its clock years behind: it is tried, at the latest after the usual wait.
  const late: Clock = { ...it.clock, wall: () => 0 };
  const next = begin({ store: createAlarmStore(it.path), clock: late });
  next.engine.start();
  await it.pass(700_000);
  assert.equal(next.sent[0]?.outgoing.id, 'inst-1');
  await next.engine.stop();
  rmSync(it.directory, { recursive: true });
  rmSync(next.directory, { recursive: true });
});

test('what is open and how the channels do can be seen', async () => {
  const it = begin({}, async () => ({ outcome: 'failed', why: 'no route' }));
  it.engine.start();
  it.engine.facts(DOWN);
  await it.pass(60_000);
  const { alarms, channels } = it.engine.list();
  assert.deepEqual(
    alarms.map(({ code, toldTo }) => [code, toldTo]),
    [
      ['telephony-down', ['mail']],
      ['agent-stalled', ['mail']],
      // Nobody else is there to tell it.
      ['channel-failing', []],
    ],
  );
  const [mail] = channels;
  assert.deepEqual([mail?.sending, mail?.tries, mail?.trouble], ['inst-1', 3, 'no route']);
  await it.engine.stop();
  rmSync(it.directory, { recursive: true });
});

test('a test goes at once by each channel, beside the queue, and says what came of it', async () => {
  const it = begin({}, async ({ test: isTest }) =>
    isTest ? { outcome: 'delivered', why: '' } : { outcome: 'failed', why: 'no' },
  );
  it.engine.start();
  it.engine.facts(DOWN);
  await it.pass(12_000);
  const tested = await it.engine.test('mail');
  assert.deepEqual(tested, { ok: true, value: [{ channel: 'mail', delivered: true, why: '', tookMs: 0 }] });
  assert.match(it.sent.at(-1)?.text.subject ?? '', /^INFO Hotel: a test: alarms arrive here/);
  const absent = await it.engine.test('sms');
  assert.equal(absent.ok ? '' : absent.error.code, 'alarm-channel-unknown');
  await it.engine.stop();
  rmSync(it.directory, { recursive: true });
});

test('without a name of its own the pair is called by its nodes as they are now: a lost one was replaced', async () => {
  const parsed = parseConfig(
    `node: { role: standby, name: pbx2, address: 10.0.0.2 }
peer: { name: pbx1, address: 10.0.0.1 }
`,
  );
  assert.ok(parsed.ok);
  const it = begin({ text: (facts) => ({ site: siteOf(parsed.config, facts), language: 'en', timeZone: 'UTC' }) });
  it.engine.start();
  const subject = async (): Promise<string> => {
    await it.engine.test(null);
    return it.sent.at(-1)?.text.subject ?? '';
  };
  assert.match(await subject(), /^INFO pbx1\/pbx2: /);
  it.engine.facts(nodeFacts({ peer: { role: 'main', name: 'pbx9' } }));
  assert.match(await subject(), /^INFO pbx9\/pbx2: /);
  await it.engine.stop();
  rmSync(it.directory, { recursive: true });
});

test('after its end nothing is written, since the next process may have begun', async () => {
  const answer = Promise.withResolvers<Outcome>();
  const it = begin({}, () => answer.promise);
  it.engine.start();
  it.engine.facts(DOWN);
  await it.pass(12_000);
  const ended = it.engine.stop();
  writeFileSync(it.path, "the next one's");
  answer.resolve({ outcome: 'delivered', why: '' });
  await ended;
  it.engine.notice(notice(1));
  await it.pass(5000);
  assert.equal(readFileSync(it.path, 'utf8'), "the next one's");
  rmSync(it.directory, { recursive: true });
});
