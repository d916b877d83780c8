import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { bulkBody, judgeBulk } from './bulk.ts';

const item = (id: string, status: number) => ({ create: { _id: id, status, error: { type: 't', reason: 'r' } } });

test('a bulk request is lines of JSON with a line end after the last', () => {
  assert.equal(
    bulkBody('i', [{ id: 'a/1', text: '{"x":"\\n"}' }]),
    '{"create":{"_index":"i","_id":"a/1"}}\n{"x":"\\n"}\n',
  );
});

test('all that comes after an item to be tried again is tried again', () => {
  const verdict = judgeBulk(['1', '2', '3', '4', '5'], {
    errors: true,
    items: [item('1', 201), item('2', 409), item('3', 400), item('4', 429), item('5', 201)],
  });
  assert.deepEqual(verdict, {
    settled: 3,
    created: 1,
    known: 1,
    refused: [{ index: 2, reason: 't: r' }],
    later: '429 t: r',
  });
});

test('what does not speak of exactly these documents is no answer', () => {
  const good = { errors: false, items: [item('1', 201)] };
  assert.notEqual(judgeBulk(['1'], good), null);
  const odd = [
    null,
    7,
    [],
    {},
    { items: [] },
    { errors: false, items: {} },
    { errors: false, items: [item('2', 201)] },
  ];
  for (const each of [
    ...odd,
    { errors: false, items: [item('1', 201), item('1', 201)] },
    { errors: false, items: [{}] },
  ])
    assert.equal(judgeBulk(['1'], each), null, JSON.stringify(each));
});

test('whatever is answered, nothing is settled that is not said to be', () => {
  const status = fc.constantFrom(200, 201, 409, 400, 413, 429, 500, 503, 403, 404);
  fc.assert(
    fc.property(fc.array(status, { minLength: 1, maxLength: 8 }), (list) => {
      const ids = list.map((_one, index) => `${index}`);
      const verdict = judgeBulk(ids, { errors: true, items: list.map((each, index) => item(`${index}`, each)) });
      assert.ok(verdict !== null);
      const first = list.findIndex((each) => ![200, 201, 409, 400, 413].includes(each));
      assert.equal(verdict.settled, first === -1 ? list.length : first);
      assert.equal(verdict.created + verdict.known + verdict.refused.length, verdict.settled);
      assert.equal(verdict.later === null, first === -1);
    }),
  );
  fc.assert(fc.property(fc.anything(), (answer) => assert.doesNotThrow(() => judgeBulk(['1'], answer))));
});
