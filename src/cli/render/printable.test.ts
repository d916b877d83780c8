import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable } from './printable.ts';

test('no name begins a line, steers the terminal or turns what follows it', () => {
  assert.equal(printable('a table `x\nok\r\u001b[2J\u009b\u202e`'), 'a table `x\\nok\\u000d\\u001b[2J\\u009b\\u202e`');
  assert.equal(printable('Größe 5 µs – «ok»'), 'Größe 5 µs – «ok»');
});
