import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createConcerned } from './concerned.ts';
import { createRsyncReader } from './rsync.ts';

test('of what a run changed one path for each pattern is told, names that look like words of rsync among them', () => {
  const concerned = createConcerned(['/a/ext*', '*.wav', '/gone']);
  const reader = createRsyncReader(
    '/a/',
    () => undefined,
    (name) => concerned.see(`/a/${name}`),
  );
  reader.take('>d/\n>extensions.conf\n>extensions_more.conf\n>Number of deleted files: 9\n');
  reader.take('deleting moh/x.wav\ndeleting moh/y.wav\ndeleting moh/\n>other');
  reader.take('\n');
  assert.deepEqual(concerned.take(), ['/a/extensions.conf', '/a/moh/x.wav']);
  assert.deepEqual(concerned.take(), []);
  concerned.see('/a/ext2');
  assert.deepEqual(concerned.take(), ['/a/ext2']);
  assert.equal(reader.counts().changed, 0);
});
