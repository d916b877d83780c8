import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Facts } from '../../alarms/protocol.ts';
import type { Clock, Notifier } from '../../ports.ts';
import { systemClock } from '../../time/clock.ts';
import { createAlarmTeller, toldBy } from './alarms.ts';

/** A process of alarms of few words: it answers with what it was told; keeps notices, or not; dies when asked to. */
const script = (keeps: boolean): string => `
let told = [];
const say = (m) => process.stdout.write(JSON.stringify(m) + '\\n');
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const m = JSON.parse(line);
  if (m.type !== 'ask') { told.push(m); if (${keeps} && m.type === 'notice') say({ type: 'kept', life: m.life, number: m.number }); return; }
  if (m.ask.channel === 'die') process.exit(7);
  say({ type: 'done', id: m.id, result: { ok: true, value: told } });
}).on('close', () => process.exit(0));
`;

const never = new AbortController().signal;
const FACTS = { kind: 'checkpoint', name: 'cp1' } as unknown as Facts;

const aside = () => {
  const codes: string[] = [];
  let wake = (): void => undefined;
  const notifier: Notifier = {
    notify: ({ code }) => {
      codes.push(code);
      wake();
    },
  };
  const ended = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  return { codes, notifier, ended };
};

interface Told {
  readonly type: string;
  readonly number?: number;
  readonly code?: string;
}

test('notices reach both, and what is not kept is told to the next process again', { timeout: 20_000 }, async () => {
  for (const keeps of [false, true]) {
    const { codes, notifier, ended } = aside();
    const restarted = Promise.withResolvers<void>();
    const clock: Clock = {
      ...systemClock,
      at: (at, fire) =>
        systemClock.at(at, () => {
          fire();
          restarted.resolve();
        }),
    };
    const alarms = createAlarmTeller([process.execPath, '-e', script(keeps)], clock, notifier);
    const both = toldBy(notifier, alarms);
    both.notify({ kind: 'notify', level: 'alarm', code: 'before-its-start', text: 'x' });
    alarms.start({ facts: () => FACTS, paced: false, note: () => undefined });
    both.notify({ kind: 'notify', level: 'alarm', code: 'while-it-runs', text: 'x' });
    alarms.look();
    const first = await alarms.ask({ name: 'alarm-list' }, never);
    assert.ok(first.ok);
    assert.deepEqual(
      (first.value as readonly Told[]).map(({ type, number }) => `${type} ${number ?? ''}`),
      ['notice 1', 'notice 2', 'facts '],
    );
    const death = ended();
    const dead = await alarms.ask({ name: 'alarm-test', channel: 'die' }, never);
    assert.equal(dead.ok ? '' : dead.error.code, 'alarms-ended');
    await death;
    assert.deepEqual(codes, ['before-its-start', 'while-it-runs', 'alarms-ended']);
    const off = await alarms.ask({ name: 'alarm-list' }, never);
    assert.equal(off.ok ? '' : off.error.code, 'alarms-not-running');
    await restarted.promise;
    const again = await alarms.ask({ name: 'alarm-list' }, never);
    assert.ok(again.ok);
    assert.deepEqual(
      (again.value as readonly Told[]).map(({ code }) => code),
      keeps ? [] : ['before-its-start', 'while-it-runs'],
    );
    await alarms.stop();
  }
});

test('facts are told at most each second, and sooner after a notice', { timeout: 10_000 }, async () => {
  const { notifier } = aside();
  let now = 1000;
  const clock = { ...systemClock, now: () => now };
  const alarms = createAlarmTeller([process.execPath, '-e', script(true)], clock, notifier);
  let asked = 0;
  const facts = (): Facts => {
    asked += 1;
    return FACTS;
  };
  alarms.start({ facts, paced: false, note: () => undefined });
  for (let step = 0; step < 100; step += 1) {
    now += 10;
    alarms.look();
  }
  assert.equal(asked, 1);
  now += 100;
  alarms.look();
  assert.equal(asked, 2);
  alarms.notify({ kind: 'notify', level: 'alarm', code: 'x', text: 'x' });
  now += 60;
  alarms.look();
  assert.equal(asked, 3);
  await alarms.stop();
});

test('a process that does not read makes the agent neither wait nor grow', { timeout: 20_000 }, async () => {
  const { notifier } = aside();
  const alarms = createAlarmTeller(
    [process.execPath, '-e', 'setInterval(() => undefined, 1000)'],
    systemClock,
    notifier,
  );
  alarms.start({ facts: () => FACTS, paced: false, note: () => undefined });
  const before = process.memoryUsage().rss;
  // Who waited for the reader would never come out of this loop.
  for (let count = 0; count < 20_000; count += 1)
    alarms.notify({ kind: 'notify', level: 'alarm', code: 'gate-failed', text: 'x'.repeat(500) });
  assert.ok(process.memoryUsage().rss - before < 60e6);
  await alarms.stop();
});
