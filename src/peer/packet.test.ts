import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { createSigner } from './packet.ts';

test('a signature is HMAC-SHA-256, whatever is signed', () => {
  const bytes = (most: number) => fc.uint8Array({ maxLength: most }).map((each) => Buffer.from(each));
  fc.assert(
    fc.property(bytes(64), bytes(3000), (key, signed) => {
      assert.deepEqual(createSigner(key)(signed), createHmac('sha256', key).update(signed).digest());
    }),
  );
  assert.throws(() => createSigner(Buffer.alloc(65)));
});
