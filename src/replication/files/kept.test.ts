import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKept, keptBelow, keptPatterns } from './kept.ts';
import { rawOfText } from './raw-path.ts';

test('what is kept is told by whole names, below its own directory alone', () => {
  const kept = ['/etc/asterisk/keys/', '/etc/asterisk/pjsip.transports.conf', '/etc/asterisk.old/keys', '/var/ü'];
  const below = keptBelow(kept, '/etc/asterisk');
  assert.deepEqual(below, ['keys', 'pjsip.transports.conf']);
  for (const path of ['keys', 'keys/a/b', 'pjsip.transports.conf']) assert.equal(isKept(below, path), true, path);
  for (const path of ['keys2', 'a/keys', 'pjsip.transports.conf.bak', ''])
    assert.equal(isKept(below, path), false, path);
  assert.equal(isKept(keptBelow(kept, '/var/'), rawOfText('ü/x')), true);
});

test('patterns for rsync stand for these letters and no others', () => {
  assert.deepEqual(keptPatterns(['a.conf', 'b*[1]?', String.raw`c\d`, String.raw`e\*`]), [
    '/a.conf',
    String.raw`/b\*\[1]\?`,
    String.raw`/c\d`,
    String.raw`/e\\\*`,
  ]);
});
