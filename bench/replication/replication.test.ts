import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Machine } from '../machine.ts';
import { replicationSection, snapshotReached } from '../report/replication.ts';
import type { Measured } from '../results.ts';
import { usedOf } from './processor.ts';
import type { ReplicationLine } from './replication.ts';
import type { SnapshotLine } from './snapshot.ts';

const line = (changes: Partial<SnapshotLine>): SnapshotLine => ({
  what: 'snapshot/1000/same',
  run: 1,
  others_percent: 0,
  ours_ms: 50,
  original_ms: 100,
  ratio: 0.5,
  ours_processor_ms: 40,
  original_processor_ms: 80,
  ours_reader_ms: 2,
  original_reader_ms: 90,
  ours_exclusive_ms: 0,
  original_exclusive_ms: 80,
  rows_written: 0,
  ...changes,
});

test('a snapshot has reached its goal when it is not slower and locks for a tenth at most', () => {
  assert.equal(snapshotReached([line({}), line({ ratio: 0.9 }), line({ ratio: 3 })]), true);
  assert.equal(snapshotReached([line({ ratio: 1.1 })]), false);
  assert.equal(snapshotReached([line({ ours_exclusive_ms: 8 })]), true);
  assert.equal(snapshotReached([line({ ours_exclusive_ms: 8.1 }), line({ original_exclusive_ms: 500 })]), false);
});

const machine: Machine = { processor: 'Test', processors: 2, memoryGib: 4, kernel: '6.1', node: 'v24' };
const measured = (lines: readonly ReplicationLine[]): readonly Measured<ReplicationLine>[] =>
  lines.map((each) => ({ line: each, session: { session: '2026-01-02T03:04:05.000Z', machine, commit: 'abc' } }));

test('the report tells each figure with its rival and what was not measured', () => {
  const merge = { what: 'merge/events/1000000', run: 1, others_percent: 0, rows: 1e6, ours_ms: 61_000, again_rows: 0 };
  const section = replicationSection(measured([line({}), merge]));
  assert.match(
    section,
    /\| 1 000 users, nothing has changed \| 50 \| 100 \| 0.50 \/ 0.50 \| 40 \/ 80 \| 0 \/ 80 \| 2.0 \/ 90 \| 1 \| yes, with 1 of 10 runs \|/,
  );
  assert.match(section, /\| 5 000 users, 1 % has changed \|.* not measured \|/);
  assert.match(section, /events brought home \| 120 s \| 61 s \| 61 s \| 1 \| yes, with 1 of 3 runs \|/);
  assert.match(replicationSection(measured([{ ...merge, again_rows: 5 }])), /a second merge would not be idle/);
});

test('processor time is read from what the kernel tells of a process, whatever its name', () => {
  const stat = '77 (a) b (c) S 5 77 77 0 -1 4194560 1 2 3 4 100 20 3 7 20 0 1 0 12345 1 2';
  assert.deepEqual(usedOf(stat), { parent: 5, ms: 1300 });
});
