import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { deriveKey, generateKey, loadKey, parseKey, writeKey } from './key.ts';

const directory = mkdtempSync(join(tmpdir(), 'dualtone-key-'));
after(() => rmSync(directory, { recursive: true }));

const codeOf = (result: ReturnType<typeof loadKey>): string => (result.ok ? 'ok' : result.error.code);

test('a written key is loaded, is for its owner alone, and is not written over', () => {
  const path = join(directory, 'pair.key');
  assert.ok(writeKey(path).ok);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(codeOf(loadKey(path)), 'ok');
  const again = writeKey(path);
  assert.ok(!again.ok && again.error.code === 'key-exists');
});

test('a key that others can read, a directory, nothing, and nonsense are refused', () => {
  const path = join(directory, 'other.key');
  writeFileSync(path, generateKey(), { mode: 0o600 });
  for (const mode of [0o640, 0o604, 0o620, 0o602]) {
    chmodSync(path, mode);
    assert.equal(codeOf(loadKey(path)), 'key-readable-by-others', mode.toString(8));
  }
  chmodSync(path, 0o400);
  assert.equal(codeOf(loadKey(path)), 'ok');
  mkdirSync(join(directory, 'd'));
  assert.equal(codeOf(loadKey(join(directory, 'd'))), 'key-not-a-file');
  assert.equal(codeOf(loadKey(join(directory, 'none'))), 'key-missing');
  for (const text of [
    '',
    'dualtone-key-1 \n',
    'dualtone-key-2 AAAA\n',
    generateKey().slice(0, 40),
    `x${generateKey()}`,
  ]) {
    assert.ok(!parseKey(text).ok, text);
  }
});

test('a key of another user is refused', () => {
  const path = join(directory, 'mine.key');
  writeFileSync(path, generateKey(), { mode: 0o600 });
  const uid = statSync(path).uid;
  assert.equal(codeOf(loadKey(path, uid + 1)), uid === 0 ? 'ok' : 'key-foreign');
});

test('each direction and purpose has a key of its own', () => {
  const key = parseKey(generateKey());
  assert.ok(key.ok);
  const all = (['datagram', 'stream'] as const).flatMap((purpose) => [
    deriveKey(key.value, purpose, 'main', 'standby').toString('hex'),
    deriveKey(key.value, purpose, 'standby', 'main').toString('hex'),
    deriveKey(key.value, purpose, 'main', 'cp1').toString('hex'),
  ]);
  assert.equal(new Set(all).size, 6);
});
