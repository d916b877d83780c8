import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { mayReceive } from './receive.ts';

const judged = (boot: unknown, terms: unknown): string => {
  const dir = mkdtempSync(join(tmpdir(), 'dualtone-receive-'));
  try {
    if (boot !== undefined) writeFileSync(join(dir, 'boot.json'), JSON.stringify(boot));
    if (terms !== undefined) writeFileSync(join(dir, 'terms.json'), JSON.stringify(terms));
    const may = mayReceive({ runDir: dir, stateDir: dir });
    return may.ok ? 'may' : may.error.message;
  } finally {
    rmSync(dir, { recursive: true });
  }
};

const passive = { bootId: 'x', memory: { holding: 0 } };

test('a passive node that has collected nothing may be overwritten', () => {
  assert.equal(judged(passive, undefined), 'may');
  assert.equal(judged(passive, [{ epoch: 3, from: 1, to: 2, settled: true }]), 'may');
});
test('a node that serves, has collected, or is not known may not', () => {
  assert.match(judged({ bootId: 'x', memory: { holding: 3 } }, undefined), /it serves under epoch 3/);
  assert.match(judged(passive, [{ epoch: 3, from: 1, to: 2, settled: false }]), /not at home yet/);
  assert.match(judged(undefined, undefined), /has not run/);
  assert.match(judged({ memory: null }, undefined), /has not run/);
});
