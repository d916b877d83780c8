import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../time/clock.ts';
import { createReplicator, type ReplicatorListeners } from './replicator.ts';

/** A replicator of few words: answers work with what it was told, dies when asked to. */
const SCRIPT = `
let told = [];
const say = (m) => process.stdout.write(JSON.stringify(m) + '\\n');
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const m = JSON.parse(line);
  if (m.type !== 'work') { told.push(m); if (m.type === 'right') say({ type: 'status', streams: [], merge: null, loss: null }); return; }
  if (m.work.stream === 'die') process.exit(7);
  if (m.work.stream === 'odd') process.stdout.write('not json\\n');
  say({ type: 'progress', id: m.id, progress: { what: 'rows', done: 1, total: 2 } });
  say({ type: 'done', id: m.id, result: { ok: true, value: told } });
}).on('close', () => process.exit(0));
`;

const listening = () => {
  const said: string[] = [];
  const waiting: { readonly code: string; readonly resolve: () => void }[] = [];
  const listeners: ReplicatorListeners = {
    note: () => undefined,
    say: (_level, code) => {
      said.push(code);
      for (const each of waiting) if (each.code === code) each.resolve();
    },
    mayReturn: () => undefined,
    settled: () => undefined,
    toPeer: () => undefined,
  };
  const heard = (code: string): Promise<void> =>
    new Promise((resolve) => {
      waiting.push({ code, resolve });
    });
  return { said, listeners, heard };
};

const never = new AbortController().signal;
const replicate = (stream: string) => ({ name: 'replicate', stream }) as const;

test('it is told the right and the terms from its start on, does work, and ends with its input', async () => {
  const { listeners } = listening();
  const replicator = createReplicator([process.execPath, '-e', SCRIPT], systemClock, listeners);
  replicator.setRight({ holding: 2, highest: 2 });
  replicator.setTerms([{ epoch: 3, from: 1, to: 2, settled: false }]);
  replicator.start();
  const seen: unknown[] = [];
  const done = await replicator.work(replicate('database'), (progress) => seen.push(progress), never);
  assert.deepEqual(seen, [{ what: 'rows', done: 1, total: 2 }]);
  assert.deepEqual(done, {
    ok: true,
    value: [
      { type: 'terms', terms: [{ epoch: 3, from: 1, to: 2, settled: false }] },
      { type: 'right', holding: 2, highest: 2 },
    ],
  });
  assert.deepEqual(replicator.status(), { streams: [], merge: null, loss: null });
  await replicator.stop();
  const late = await replicator.work(replicate('database'), () => undefined, never);
  assert.ok(!late.ok && late.error.code === 'replicator-not-running');
});

test('dead, it is told and started again, and what was asked of it has an answer', async () => {
  const { listeners, heard, said } = listening();
  const replicator = createReplicator([process.execPath, '-e', SCRIPT], systemClock, listeners);
  replicator.setRight({ holding: 0, highest: 5 });
  replicator.start();
  const died = heard('replicator-ended');
  const done = await replicator.work(replicate('die'), () => undefined, never);
  assert.ok(!done.ok && done.error.code === 'replicator-ended');
  await died;
  assert.match(replicator.trouble() ?? '', /exit code 7/);
  // The new one is there when it knows the right.
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = (): void => {
    if (replicator.status() !== null) resolve();
    else systemClock.at(systemClock.now() + 20, look);
  };
  look();
  await promise;
  const again = await replicator.work(replicate('odd'), () => undefined, never);
  assert.ok(again.ok);
  assert.deepEqual(said, ['replicator-ended', 'replicator-odd']);
  await replicator.stop();
});

test('a program that is not there is told', async () => {
  const { listeners, heard } = listening();
  const replicator = createReplicator(['/nowhere/dualtone'], systemClock, listeners);
  const told = heard('replicator-ended');
  replicator.start();
  await told;
  assert.match(replicator.trouble() ?? '', /ENOENT/);
  await replicator.stop();
});
