import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { refuseDbReplic } from './db-replic.ts';

test('XiVO’s own sender and this one are never both on', () => {
  const directory = mkdtempSync(join(tmpdir(), 'custom-env-'));
  const path = join(directory, 'custom.env');
  const isRefused = (text: string): boolean => {
    writeFileSync(path, text);
    const looked = refuseDbReplic(path);
    return !looked.ok && looked.error.code === 'reporting-two-senders';
  };
  try {
    assert.equal(refuseDbReplic(join(directory, 'none')).ok, true);
    assert.equal(isRefused('XIVO_UUID=1\nREPORTING_DB_HOST=10.0.0.9\n'), true);
    assert.equal(isRefused('ELASTICSEARCH="10.0.0.9"\n'), true);
    assert.equal(isRefused('# REPORTING_DB_HOST=10.0.0.9\nREPORTING_DB_HOST=\nELASTICSEARCH=""\n'), false);
    assert.equal(isRefused('REPORTING_DB_HOST=10.0.0.9\nREPORTING_DB_HOST=\n'), false);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
