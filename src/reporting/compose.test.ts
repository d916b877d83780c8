import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../config/parse.ts';
import { refuseFollowing } from './compose.ts';

const of = (database: string) => {
  const parsed = parseConfig(
    `node: { role: main, name: a, address: 10.0.0.1 }\npeer: { name: b, address: 10.0.0.2 }\nstreams: { database: ${database} }\n`,
  );
  assert.ok(parsed.ok);
  const refused = refuseFollowing(parsed.config);
  return refused.ok ? 'sent' : refused.error.code;
};

test('a table that follows to the other node is sent by neither', () => {
  assert.equal(of('{ mode: snapshot }'), 'reporting-table-follows');
  assert.equal(of('{ mode: off }'), 'sent');
  const events = 'events: [{ table: cel, time: eventtime }]';
  assert.equal(of(`{ mode: snapshot, ${events} }`), 'reporting-table-follows');
  assert.equal(of(`{ mode: snapshot, ${events}, exclude: ["queue_l*"] }`), 'sent');
});
