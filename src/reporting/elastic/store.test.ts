import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Span } from '../core/words.ts';
import { withGone } from './store.ts';

test('a year of gaps: the newest stay', () => {
  let gone: readonly Span[] = [];
  for (let count = 1; count <= 1000; count += 1) gone = withGone(gone, { from: count, to: count });
  assert.equal(gone.length, 200);
  assert.equal(gone.at(-1)?.to, 1000);
  assert.equal(withGone(gone, null), gone);
});
