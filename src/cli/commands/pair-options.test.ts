import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCheckpoint, readLife, readPlace, readRole } from './pair-options.ts';

const read = (result: { readonly ok: boolean }): unknown =>
  'value' in result ? result.value : 'error' in result ? (result.error as { code: string }).code : null;

test('addresses are read with and without a port, in both families', () => {
  const cases = [
    ['10.0.0.1', { address: '10.0.0.1', port: null }],
    ['10.0.0.1:4578', { address: '10.0.0.1', port: 4578 }],
    ['fd00::1', { address: 'fd00::1', port: null }],
    ['[fd00::1]:4578', { address: 'fd00::1', port: 4578 }],
    ['10.0.0.1:99999', 'option-wrong'],
    ['10.0.0', 'option-wrong'],
    ['pbx1', 'option-wrong'],
    ['-oProxyCommand=x', 'option-wrong'],
    ['', 'option-wrong'],
  ] as const;
  for (const [text, expected] of cases) assert.deepEqual(read(readPlace(text)), expected, text);
});

test('old words for roles are understood, other words are not', () => {
  assert.deepEqual(
    ['main', 'master', 'Slave', 'standby'].map((word) => read(readRole(word))),
    ['main', 'main', 'standby', 'standby'],
  );
  assert.equal(read(readRole('disabled')), 'option-wrong');
});

test('checkpoints and lives of tokens', () => {
  assert.deepEqual(read(readCheckpoint('cp1=10.0.0.3')), { name: 'cp1', address: '10.0.0.3', port: 4577 });
  for (const text of ['cp1', '=10.0.0.3', 'cp1=there', 'CP=10.0.0.3'])
    assert.equal(read(readCheckpoint(text)), 'option-wrong', text);
  assert.equal(read(readLife('10m')), 600_000);
  for (const text of ['10', '1s', '25h', '']) assert.equal(read(readLife(text)), 'option-wrong', text);
});
