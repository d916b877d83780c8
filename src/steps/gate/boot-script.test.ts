import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bootScript, removeBootScript, writeBootScript } from './boot-script.ts';
import type { GateSettings } from './rules.ts';

const settings: GateSettings = {
  slots: 8,
  sipPorts: [5060],
  iaxPort: null,
  mediaPorts: '10000-20000',
  virtualAddresses: ['192.0.2.1'],
  probedAddresses: [],
  forwarded: false,
  refuserPort: null,
};

test('the script is written whole, left alone while it is right, and taken away', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'dualtone-gate-'));
  context.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'state', 'gate.nft');
  assert.deepEqual(await writeBootScript(path, settings), { ok: true, value: undefined });
  assert.equal(await readFile(path, 'utf8'), bootScript(settings));
  const { ino } = await stat(path);
  await writeBootScript(path, settings);
  assert.equal((await stat(path)).ino, ino);
  await writeBootScript(path, { ...settings, sipPorts: [5070] });
  assert.match(await readFile(path, 'utf8'), /5070/);
  assert.deepEqual(await readdir(join(folder, 'state')), ['gate.nft']);
  assert.deepEqual(await removeBootScript(path), { ok: true, value: undefined });
  assert.deepEqual(await removeBootScript(path), { ok: true, value: undefined });
  assert.deepEqual(await readdir(join(folder, 'state')), []);
});

test('a disk that refuses is an expected failure', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'dualtone-gate-'));
  context.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'file'), '');
  const written = await writeBootScript(join(folder, 'file', 'gate.nft'), settings);
  assert.equal(written.ok ? '' : written.error.code, 'gate-script-not-written');
});
