import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitNotice } from './order.ts';

test('before a wait for calls a person hears what is waited for, and how to have it at once', () => {
  assert.equal(waitNotice(0, '30m'), null);
  assert.match(waitNotice(1, '30m') ?? '', /^1 call is up: .* after 30m at the latest\.\n .*without --when-idle/);
  assert.match(waitNotice(12, '2h') ?? '', /^12 calls are up/);
  assert.match(waitNotice(-1, '30m') ?? '', /is not known, so service moves only when 30m are over/);
});
