import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTime } from '../../agent/testing/time.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Talk } from '../../replication/talk.ts';
import { createChangeTeller } from './change-teller.ts';

test('what could not be told is told later, with what came meanwhile, once', async () => {
  const time = createTime();
  const told: unknown[] = [];
  let connected = false;
  let answer: Result<unknown> = ok(null);
  const talk: Talk = {
    ask: async (question, parameters) => {
      if (!connected) return fail('peer-not-connected', 'It is not there.', 'Wait.');
      told.push([question, parameters]);
      return answer;
    },
    answer: () => undefined,
    onConnected: () => undefined,
    stop: () => undefined,
  };
  const teller = createChangeTeller(talk, time.clock);
  teller.tell({ tables: ['queue'] });
  await time.pass(11_000);
  teller.tell({ files: ['/etc/asterisk/extensions.conf'] });
  assert.deepEqual(told, []);
  connected = true;
  await time.pass(11_000);
  assert.deepEqual(told, [['changed', { tables: ['queue'], files: ['/etc/asterisk/extensions.conf'] }]]);
  await time.pass(60_000);
  assert.equal(told.length, 1);
  answer = fail('peer-question-unknown', 'An older version.', 'Update it.');
  teller.tell({ tables: ['queue'] });
  await time.pass(60_000);
  assert.equal(told.length, 2);
  assert.equal(time.waiting(), 0);
  teller.stop();
  teller.tell({ tables: ['queue'] });
  await time.pass(60_000);
  assert.equal(told.length, 2);
});
