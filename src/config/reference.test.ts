import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BEGIN, checkpointKeys, nodeKeys, reference } from './reference.ts';

const DOCUMENT = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

test('docs/configuration.md has every key with type, default and meaning', () => {
  const keys = [...nodeKeys(), ...checkpointKeys()];
  assert.ok(keys.length > 100);
  for (const key of keys)
    assert.ok(key.type !== '' && key.text !== '', `${key.path} has no type or description in the schema`);
  assert.equal(
    DOCUMENT.slice(DOCUMENT.indexOf(BEGIN)),
    reference(),
    'run `node src/config/reference.ts` to write the reference anew',
  );
});
