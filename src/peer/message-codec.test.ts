import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { anyMessage } from './arbitraries.test-support.ts';
import { decodeMessage, encodeMessage, MAX_REASON } from './message-codec.ts';

test('what is encoded is decoded to the same', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      assert.deepEqual(decodeMessage(encodeMessage(message)), JSON.parse(JSON.stringify(message)));
    }),
    { numRuns: 500 },
  );
});

test('a field that is missing, too much, or of another type is refused, wherever it is', () => {
  const everyPath = (value: unknown, path: readonly string[] = []): readonly (readonly string[])[] =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, inner]) => [[...path, key], ...everyPath(inner, [...path, key])])
      : [];
  const changed = (
    value: unknown,
    [head = '', ...rest]: readonly string[],
    change: (map: Record<string, unknown>, key: string) => void,
  ): unknown => {
    const copy = { ...(value as Record<string, unknown>) };
    if (rest.length === 0) change(copy, head);
    else copy[head] = changed(copy[head], rest, change);
    return copy;
  };
  const refused = (value: unknown): boolean => decodeMessage(Buffer.from(JSON.stringify(value))) === null;
  fc.assert(
    fc.property(anyMessage, fc.nat(), (message, pick) => {
      const paths = everyPath(message);
      const path = paths[pick % paths.length] ?? [];
      assert.ok(refused(changed(message, path, (map, key) => delete map[key])), 'missing');
      assert.ok(
        refused(
          changed(message, path, (map, key) => {
            map[`${key}2`] = 1;
          }),
        ),
        'too much',
      );
      for (const odd of [[], { a: 1 }, 'x'.repeat(MAX_REASON + 1), -2, 1e300, Number.NaN]) {
        if (path.at(-1) === 'why' && odd === null) continue;
        const value = changed(message, path, (map, key) => {
          map[key] = odd;
        });
        const nullable = Number.isNaN(odd) && ['why', 'heard', 'status', 'addressee'].includes(path.at(-1) ?? '');
        assert.ok(nullable || refused(value), `${path.join('.')} = ${JSON.stringify(odd)}`);
      }
    }),
    { numRuns: 300 },
  );
});

test('no bytes make it throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => decodeMessage(Buffer.from(bytes)) === null),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(fc.json(), (text) => decodeMessage(Buffer.from(text)) === null),
    { numRuns: 500 },
  );
  assert.equal(decodeMessage(Buffer.from('{"type":"constructor"}')), null);
});
