import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barLine } from './bar.ts';

test('a run is shown in one line, whatever its table is called, and never beyond its end', () => {
  assert.equal(barLine({ what: 'comparison', done: 0, total: null }), 'comparison');
  assert.equal(
    barLine({ what: 'userfeatures', done: 3, total: 6 }),
    `[${'='.repeat(12)}${' '.repeat(12)}] userfeatures 3/6`,
  );
  assert.equal(barLine({ what: 'a\n\u001b[2J', done: 9, total: 6 }), `[${'='.repeat(24)}] a\\n\\u001b[2J 9/6`);
  assert.equal(barLine({ what: 'x', done: 0, total: 0 }), `[${' '.repeat(24)}] x 0/0`);
});
