import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fail, ok } from '../core/result.ts';
import { createQuestions } from './questions.ts';

const refused = () => fail('refused', 'It is not there.', 'Ask again.');
const gone = fail('gone', 'It ended.', 'Ask again.');
const never = new AbortController().signal;

test('each has its own answer, with its progress, and what comes for none is nothing', async () => {
  const questions = createQuestions<number>();
  const ids: string[] = [];
  const progress: number[] = [];
  const ask = (onProgress?: (done: number) => void) =>
    questions.ask((id) => ids.push(id) > 0, refused, {
      signal: never,
      onAbort: () => null,
      ...(onProgress === undefined ? {} : { onProgress }),
    });
  const [one, two] = [ask(), ask((done) => progress.push(done))];
  const [first = '', second = ''] = ids;
  assert.notEqual(first, second);
  questions.progressed(first, 1);
  questions.progressed(second, 2);
  questions.progressed('none', 3);
  questions.answered('none', ok('nobody'));
  questions.answered(second, ok('two'));
  questions.answered(first, ok('one'));
  questions.progressed(second, 4);
  assert.deepEqual([await one, await two, progress], [ok('one'), ok('two'), [2]]);
});

test('what cannot be told is refused, and who is gone answers nothing', async () => {
  const questions = createQuestions();
  const asked = { signal: never, onAbort: () => null };
  assert.deepEqual(await questions.ask(() => false, refused, asked), refused());
  const all = [1, 2].map(() => questions.ask(() => true, refused, asked));
  questions.failAll(gone);
  assert.deepEqual(await Promise.all(all), [gone, gone]);
});

test('who gives up hears so at once, or waits for the answer that says so', async () => {
  const questions = createQuestions();
  const cancel = new AbortController();
  const called: string[] = [];
  const atOnce = questions.ask(() => true, refused, { signal: cancel.signal, onAbort: () => gone });
  let waitingId = '';
  const waits = questions.ask(
    (id) => {
      waitingId = id;
      return true;
    },
    refused,
    {
      signal: cancel.signal,
      onAbort: (id) => {
        called.push(id);
        return null;
      },
    },
  );
  cancel.abort();
  assert.deepEqual(await atOnce, gone);
  assert.deepEqual(called, [waitingId]);
  questions.answered(waitingId, ok('called off'));
  assert.deepEqual(await waits, ok('called off'));
});
