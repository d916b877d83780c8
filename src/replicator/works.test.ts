import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { configOf } from '../agent/testing/config.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { StreamRun } from '../replication/stream.ts';
import type { FromReplicator, Work } from './protocol.ts';
import { createReplicatorWorks, type ReplicatorWorks, replicate } from './works.ts';

/** Two replicators whose agents hand on what they say to each other; nothing that they would copy from or to is there. */
const pairIn = (folder: string) => {
  const told: Record<'main' | 'standby', FromReplicator[]> = { main: [], standby: [] };
  const works: Partial<Record<'main' | 'standby', ReplicatorWorks>> = {};
  const waiting = new Map<string, (message: FromReplicator) => void>();
  const start = (role: 'main' | 'standby', mode: string): ReplicatorWorks => {
    mkdirSync(join(folder, role), { recursive: true });
    const config = configOf(
      role,
      `state-dir: ${folder}/${role}
run-dir: ${folder}/${role}-run
streams:
  ssh: { key-file: ${folder}/sync }
  database: { mode: ${mode}, via: ssh, socket: ${folder}, password-file: ${folder}/none }
  files: { enabled: true, directories: [${folder}/none] }
  voicemail: { enabled: true, directory: ${folder}/none }
`,
    );
    const other = role === 'main' ? 'standby' : 'main';
    const made = createReplicatorWorks(config, (message) => {
      told[role].push(message);
      if (message.type === 'peer') setImmediate(() => works[other]?.take({ type: 'peer', message: message.message }));
      if (message.type === 'done') waiting.get(message.id)?.(message);
    });
    works[role] = made;
    return made;
  };
  const ask = (of: ReplicatorWorks, id: string, work: Work): Promise<string> =>
    new Promise((resolve) => {
      waiting.set(id, (message) => {
        if (message.type === 'done') resolve(message.result.ok ? 'ok' : message.result.error.code);
      });
      of.take({ type: 'work', id, work });
    });
  return { start, told, ask };
};

for (const mode of ['snapshot', 'continuous'])
  test(`with nothing there (${mode}) both begin, tell how it stands, answer each work with a reason, and end`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dualtone-works-'));
    const { start, told, ask } = pairIn(folder);
    const main = start('main', mode);
    const standby = start('standby', mode);
    try {
      for (const works of [main, standby]) works.start();
      main.take({ type: 'right', holding: 2, highest: 2 });
      standby.take({ type: 'right', holding: 0, highest: 2 });
      const removal = { name: 'sync-remove', preview: true, withKey: true, force: false } as const;
      assert.equal(await ask(main, '1', removal), 'ssh-key-missing');
      assert.equal(await ask(standby, '2', removal), 'sync-not-here');
      assert.equal(await ask(standby, '3', { name: 'replicate', stream: 'files' }), 'files-not-sending');
      assert.equal(
        await ask(standby, '8', { name: 'replicate', stream: null }),
        mode === 'snapshot' ? 'database-not-sending' : 'files-not-sending',
      );
      assert.equal(await ask(standby, '4', { name: 'merge-preview' }), 'merge-not-here');
      assert.equal(await ask(main, '5', { name: 'replicate', stream: 'none' }), 'stream-unknown');
      assert.equal(await ask(standby, '6', { name: 'loss' }), 'ok');
      // It serves and would send, if it knew its password.
      assert.equal(await ask(main, '7', { name: 'replicate', stream: 'database' }), 'secret-unreadable');
      const names = told.main.flatMap((message) =>
        message.type === 'status' ? [message.streams.map(({ name }) => name)] : [],
      );
      assert.deepEqual(names[0], ['database', 'files', 'voicemail']);
    } finally {
      await Promise.all([main.stop(), standby.stop()]);
      rmSync(folder, { recursive: true, force: true });
    }
  });

test('of all streams one that fails keeps no other from its turn, and each is told', async () => {
  const ran: string[] = [];
  const stream = (name: string, fault: Result<StreamRun> | null = null) => ({
    name,
    run: async (): Promise<Result<StreamRun>> => {
      ran.push(name);
      const run = { stream: name, startedAt: 1, tookMs: 1, changed: 0, bytes: 0, warnings: [], text: 'nothing' };
      return fault ?? ok(run);
    },
  });
  const full = fail('x-full', 'The disk is full.', 'Make space.');
  const options = { signal: new AbortController().signal, onProgress: () => undefined };
  const all = [stream('database', full), stream('files'), stream('voicemail', full), { name: 'mysql', run: null }];
  const done = await replicate(all, null, options);
  assert.deepEqual(ran, ['database', 'files', 'voicemail']);
  assert.ok(!done.ok);
  const { code, message, remedy, runs } = done.error as typeof done.error & { readonly runs: readonly StreamRun[] };
  assert.equal(code, 'streams-not-all');
  assert.equal(message, 'database, voicemail: The disk is full. The others were copied.');
  assert.equal(remedy, 'Make space.');
  assert.deepEqual(
    runs.map((run) => run.stream),
    ['files'],
  );
  assert.deepEqual(await replicate(all, 'database', options), full);
});
