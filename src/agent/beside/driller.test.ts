import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createDrillStore } from '../../drill/store.ts';
import { drillReport } from '../../drill/testing/fixtures.ts';
import type { Clock } from '../../ports.ts';
import { systemClock } from '../../time/clock.ts';
import { configOf } from '../testing/config.ts';
import { createDriller } from './driller.ts';

/** Stands for `dualtone driller`: answers what it is asked, and does what the question's giver is called. */
const STAND_IN = `
const say = (...messages) => process.stdout.write(messages.map((message) => JSON.stringify(message) + '\\n').join(''));
process.stdout.on('error', () => undefined);
let done = 0;
const held = [];
say({ type: 'note', kind: 'drill', data: 'started' });
let text = '';
process.stdin.on('data', (part) => {
  text += part;
  for (let at = text.indexOf('\\n'); at >= 0; at = text.indexOf('\\n')) {
    const message = JSON.parse(text.slice(0, at));
    text = text.slice(at + 1);
    const noted = { type: 'note', kind: 'drill', data: message };
    const answer = (id) => ({ type: 'done', id, result: { ok: true, value: { pid: process.pid } } });
    done += 1;
    if (message.type === 'peer') say({ type: 'peer', message: { back: message.message } }, ...held.map(answer));
    else if (message.by === 'death') process.exit(3);
    else if (message.by === 'crossed') {
      held.push(message.id);
      say({ type: 'idle', done: done - 1 }, noted);
    }
    // One writing is read in one go: who has the answer knows that nothing is left to do.
    else say(noted, answer(message.id), ...(message.by === 'last' ? [{ type: 'idle', done }] : []));
  }
});`;

const ARGV = [process.execPath, '-e', STAND_IN];

interface Sent {
  readonly messages: unknown[];
  hear: (message: unknown) => void;
}

const begun = async (t: TestContext, more = '', clock: Clock = systemClock) => {
  const folder = mkdtempSync(join(tmpdir(), 'driller-'));
  const config = configOf('standby', `state-dir: ${folder}\n${more}`);
  const sent: Sent = { messages: [], hear: () => undefined };
  const notes: unknown[] = [];
  const said: string[] = [];
  let onNews = (): void => undefined;
  const driller = createDriller(
    config,
    ARGV,
    {
      send: (message) => {
        sent.messages.push(message);
        onNews();
        return true;
      },
      onMessage: (listener) => (sent.hear = listener),
      onConnected: () => undefined,
    },
    clock,
  );
  assert.ok(driller !== null);
  t.after(async () => {
    await driller.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const listeners = {
    note: (_: string, data: unknown) => {
      notes.push(data);
      onNews();
    },
    say: (_: string, code: string) => {
      said.push(code);
      onNews();
    },
    changed: () => undefined,
  };
  const until = (test: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      onNews = () => (test() ? resolve() : undefined);
      onNews();
    });
  return { driller, listeners, sent, notes, said, until, folder };
};

const pidOf = (value: unknown): number => (value as { readonly pid: number }).pid;
const STOP = { name: 'stop' } as const;

test('nothing makes drills where they are off', () => {
  const talk = { send: () => true, onMessage: () => undefined, onConnected: () => undefined };
  assert.equal(createDriller(configOf('standby', 'drill: { enabled: false }'), ARGV, talk, systemClock), null);
});

test('the process is started when it is asked, and another one after it had nothing to do', {
  timeout: 20_000,
}, async (t) => {
  const { driller, listeners, sent, until } = await begun(t);
  driller.start(listeners);
  const first = await driller.ask(STOP, 'somebody');
  const second = await driller.ask(STOP, 'last');
  assert.ok(first.ok && second.ok);
  assert.equal(pidOf(first.value), pidOf(second.value));
  sent.hear({ hello: 1 });
  await until(() => sent.messages.length > 0);
  const third = await driller.ask(STOP, 'somebody');
  assert.ok(third.ok);
  assert.notEqual(pidOf(third.value), pidOf(first.value));
});

test('what crosses the word that nothing is left to do is answered by the same process', {
  timeout: 20_000,
}, async (t) => {
  const { driller, listeners, sent, notes, until } = await begun(t);
  driller.start(listeners);
  const first = await driller.ask(STOP, 'somebody');
  const asked = driller.ask(STOP, 'crossed');
  await until(() => notes.length > 2);
  sent.hear({ hello: 1 });
  const crossed = await asked;
  assert.ok(first.ok && crossed.ok);
  assert.equal(pidOf(crossed.value), pidOf(first.value));
});

test('a death is told to who waits, and the process comes back', { timeout: 20_000 }, async (t) => {
  const { driller, listeners, said } = await begun(t);
  driller.start(listeners);
  const asked = await driller.ask(STOP, 'death');
  assert.ok(!asked.ok && asked.error.code === 'driller-ended');
  assert.deepEqual(said, ['driller-ended']);
});

test('an unfinished drill starts the process by itself; without one none runs', { timeout: 20_000 }, async (t) => {
  const { driller, listeners, notes, until, folder } = await begun(t);
  createDrillStore(folder).setCurrent({
    id: drillReport.id,
    kind: 'takeover',
    by: 'x',
    startedAt: 1,
    isMoved: true,
    from: { seq: 0, hash: '' },
  });
  driller.start(listeners);
  await until(() => notes.length > 0);
  assert.deepEqual(notes, ['started']);
});

/** A clock whose timers ring when told to. */
const handClock = (wall: number) => {
  const timers: { at: number; fire: () => void }[] = [];
  let now = 0;
  const clock: Clock = {
    now: () => now,
    wall: () => wall + now,
    at: (at, fire) => {
      const timer = { at, fire };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), timers.includes(timer) ? 1 : 0);
    },
  };
  const pass = (ms: number): void => {
    now += ms;
    for (const timer of timers.filter(({ at }) => at <= now)) {
      timers.splice(timers.indexOf(timer), 1);
      timer.fire();
    }
  };
  return { clock, pass };
};

test('the scheduled drill is asked for as configured, and one that is overdue is told once a day', {
  timeout: 20_000,
}, async (t) => {
  const { clock, pass } = handClock(Date.UTC(2026, 10, 22, 2, 59, 30));
  const more = 'drill: { schedule: "* * * * *", kind: takeover, remind-after: 30d }';
  const { driller, listeners, notes, said, until } = await begun(t, more, clock);
  driller.start(listeners);
  assert.ok((driller.view().nextAt ?? 0) > clock.wall());
  pass(30_000);
  await until(() => notes.length > 1);
  const options = { kind: 'takeover', withCalls: false, acceptLoss: false, anyTime: false };
  const asked = notes.slice(1).map((note) => ({ ...(note as object), id: 'any' }));
  assert.deepEqual(asked, [{ type: 'ask', id: 'any', by: 'schedule', ask: { name: 'begin', ...options } }]);
  assert.deepEqual(said, []);
  pass(30_000);
  assert.deepEqual(said, ['drill-overdue']);
});
