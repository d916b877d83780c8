import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { collectFaultCodes } from './fault-codes.ts';

test('every code of an expected failure stands in docs/faults.md, and none that is gone', async () => {
  const codes = (await collectFaultCodes()).map((fault) => fault.code);
  assert.ok(codes.length > 40, `only ${codes.length} codes were found: the check does not see the sources`);
  const page = await readFile('docs/faults.md', 'utf8');
  const listed = [...page.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(([, code]) => code);
  assert.deepEqual(listed, codes);
});
