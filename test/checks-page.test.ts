import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { createCatalogue } from '../src/checks/catalogue.ts';
import { reference } from '../src/checks/reference.ts';

test('docs/checks.md has every check as it is: `node src/checks/reference.ts` writes it', async () => {
  const page = await readFile('docs/checks.md', 'utf8');
  assert.ok(page.endsWith(reference()));
});

test('every check says what holds, and what to do where it does not, in a sentence each', () => {
  const all = createCatalogue().all();
  assert.ok(all.length > 50, `${all.length}`);
  for (const { id, about, remedy, timeoutMs, everyMs } of all) {
    assert.match(about, /^[A-Z].*\.$/, id);
    assert.match(remedy, /^[A-Z].{20,}/, id);
    assert.ok(remedy.endsWith('.'), `${id}: ${remedy}`);
    assert.ok(timeoutMs >= 1000 && everyMs >= 10_000, id);
  }
});
