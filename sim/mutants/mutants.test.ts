import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { mutants } from './all.ts';
import { mutate } from './try.ts';

const root = join(import.meta.dirname, '../..');

test('every guard that a mutant takes away stands where the mutant looks for it', () => {
  assert.ok(mutants.length >= 25);
  for (const mutant of mutants) {
    const source = readFileSync(join(root, mutant.file), 'utf8');
    assert.notEqual(mutate(source, mutant), source, mutant.name);
  }
});

test('a guard that has gone is noticed', () => {
  const [first] = mutants;
  assert.ok(first !== undefined);
  assert.throws(() => mutate('', first), /stands 0 times/);
});
