import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { WebWork } from '../../contract.ts';
import { workResults } from '../testing/work-results.ts';
import { outcomeOf } from './outcome.ts';

const NAMES: readonly WebWork['name'][] = [
  'check',
  'replicate',
  'merge-preview',
  'merge-run',
  'merge-undo',
  'merge-report',
  'loss',
  'forecast',
  'sync-init',
  'sync-remove',
];

test('the results of the agent are read as they are', () => {
  const runs = outcomeOf('replicate', workResults['replicate']);
  assert.ok(runs.kind === 'runs');
  assert.deepEqual(
    runs.runs.map(({ stream, changed, warnings }) => [stream, changed, warnings.length]),
    [
      ['files', 14, 1],
      ['voicemail', 2, 0],
    ],
  );
  const merge = outcomeOf('merge-report', workResults['merge-report']);
  assert.ok(merge.kind === 'merge');
  assert.equal(merge.merge.parts[1]?.pending[0]?.id, 'c-7');
  assert.equal(merge.merge.parts[1]?.conflicts[0]?.id, 'user 12');
  assert.deepEqual(merge.merge.failed, [{ part: 'voicemail', message: 'The disk is full.' }]);
});

test('checks are counted over both nodes', () => {
  const finding = (outcome: string) => ({ finding: { outcome } });
  const outcome = outcomeOf('check', {
    readiness: { state: 'degraded', text: 'One warning.' },
    own: { results: [finding('pass'), finding('fail')] },
    other: { results: [finding('pass'), finding('unknown'), finding('not-applicable')] },
  });
  assert.deepEqual(outcome, {
    kind: 'checks',
    checks: { state: 'degraded', text: 'One warning.', pass: 2, fail: 1, unknown: 1, none: 1 },
  });
});

test('whatever an answer is, the page has words for it', () => {
  fc.assert(
    fc.property(fc.constantFrom(...NAMES), fc.jsonValue(), (name, value) => {
      assert.equal(typeof outcomeOf(name, value).kind, 'string');
    }),
  );
});
