import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTime } from '../agent/testing/time.ts';
import { fail, ok } from '../core/result.ts';
import { createTalk } from './talk.ts';

const open = () => {
  const time = createTime();
  const sent: unknown[] = [];
  let hear: (message: unknown) => void = () => undefined;
  let connected = (): void => undefined;
  const world = { takes: true };
  const talk = createTalk(
    {
      send: (message) => {
        if (world.takes) sent.push(message);
        return world.takes;
      },
      onMessage: (listener) => {
        hear = listener;
      },
      onConnected: (listener) => {
        connected = listener;
      },
    },
    time.clock,
  );
  return { time, sent, world, talk, hear: (message: unknown) => hear(message), connected: () => connected() };
};

const lastId = (sent: readonly unknown[]): unknown => (sent.at(-1) as { readonly ask?: unknown }).ask;

const codeOf = async (asked: ReturnType<ReturnType<typeof open>['talk']['ask']>): Promise<string> => {
  const answer = await asked;
  return answer.ok ? 'ok' : answer.error.code;
};

test('another version: a question that is not known, and an answer that is not understood, are told as such', async () => {
  const { talk, sent, hear } = open();
  hear({ ask: 7, question: 'of a later version', parameters: null });
  hear({ ask: 8, question: 5 });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(
    sent.map((message) => (message as { error: { code: string } }).error.code),
    ['peer-question-unknown', 'peer-question-unknown'],
  );
  const odd = talk.ask('a', null, 1000);
  hear({ answer: lastId(sent), ok: false, error: 'no' });
  assert.equal(await codeOf(odd), 'peer-bad-answer');
  const refused = talk.ask('a', null, 1000);
  hear({ answer: lastId(sent), ...fail('database-guarded', 'Not now.', 'Wait.') });
  assert.equal(await codeOf(refused), 'database-guarded');
  for (const nonsense of [null, 'x', [], { answer: 99, ok: true }, { answer: 'a' }]) hear(nonsense);
});

test('a peer that is gone, silent, or connected anew: each wait has its end', async () => {
  const { time, talk, sent, world, hear, connected } = open();
  world.takes = false;
  assert.equal(await codeOf(talk.ask('a', null, 1000)), 'peer-not-connected');
  world.takes = true;
  const silent = talk.ask('a', null, 1000);
  await time.pass(1100);
  assert.equal(await codeOf(silent), 'peer-no-answer');
  const former = talk.ask('a', null, 1000);
  connected();
  assert.equal(await codeOf(former), 'peer-not-connected');
  const last = talk.ask('a', null, 60_000);
  talk.stop();
  hear({ answer: lastId(sent), ok: true, value: 1 });
  assert.equal(await codeOf(last), 'peer-not-connected');
  assert.equal(time.waiting(), 0);
});

test('an answerer answers each time it is asked, with a value or its fault', async () => {
  const { talk, sent, hear } = open();
  talk.answer('double', async (n) => (typeof n === 'number' ? ok(n * 2) : fail('odd', 'Not a number.', 'Give one.')));
  hear({ ask: 1, question: 'double', parameters: 4 });
  hear({ ask: 2, question: 'double', parameters: null });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(sent[0], { answer: 1, ok: true, value: 8 });
  assert.equal((sent[1] as { ok: boolean }).ok, false);
});

test('an answer to what was asked in a former life answers nothing in this one', async () => {
  const [former, present] = [open(), open()];
  void former.talk.ask('a', null, 1000);
  const asked = present.talk.ask('b', null, 1000);
  present.hear({ answer: lastId(former.sent), ok: true, value: 'of the former' });
  present.hear({ answer: lastId(present.sent), ok: true, value: 'of this one' });
  assert.deepEqual(await asked, ok('of this one'));
  former.talk.stop();
});
