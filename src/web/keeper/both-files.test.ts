import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, test } from 'node:test';
import { parseConfig } from '../../config/parse.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { type AskOther, createBothFiles } from './both-files.ts';
import { createConfigFile } from './config-file.ts';
import type { SettingsAsk } from './settings-process.ts';

let folder = '';
const HOLD = [{ path: 'failback.hold', value: '3m' }] as const;
const fileOf = (name: string): string => readFileSync(join(folder, `${name}.yaml`), 'utf8');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dualtone-both-'));
  writeFileSync(join(folder, 'pair.key'), `${Buffer.alloc(32, 7).toString('base64')}\n`, { mode: 0o600 });
  const own = (role: string, [name, there]: readonly [string, string]): string =>
    `node: { role: ${role}, name: ${name}, address: 127.0.0.1 }\npeer: { name: ${there}, address: 127.0.0.2 }\nkey-file: ${folder}/pair.key\nstate-dir: ${folder}/${name}\nrun-dir: ${folder}/${name}-run\nprobes: { ami: null }\nstreams: { astdb: { enabled: false } }\nfailback: { hold: 90s } # of ${name}\n`;
  writeFileSync(join(folder, 'one.yaml'), own('main', ['one', 'other']));
  writeFileSync(join(folder, 'other.yaml'), own('standby', ['other', 'one']));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (name: string, audits: string[] = []) => {
  const path = join(folder, `${name}.yaml`);
  const parsed = parseConfig(readFileSync(path, 'utf8'));
  assert.ok(parsed.ok);
  return createConfigFile(path, parsed.config, (by, what) => audits.push(`${by} ${what}`));
};

/** The very program that the other node's agent starts. */
const program: AskOther = async (by, ask) => {
  const bin = join(import.meta.dirname, '..', '..', '..', 'bin', 'dualtone.ts');
  const child = spawn(process.execPath, [bin, 'settings', '--config', join(folder, 'other.yaml')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(`${JSON.stringify({ by, ask })}\n`);
  return JSON.parse(await text(child.stdout)) as Result<unknown>;
};

const must = <T>(result: Result<T>): T => {
  if (!result.ok) assert.fail(`${result.error.code}: ${result.error.message}`);
  return result.value;
};
const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.error.code);

test('one change is shown for both files, written in both with their comments, and taken back in both', async () => {
  const before = [fileOf('one'), fileOf('other')];
  const audits: string[] = [];
  const own = open('one', audits);
  const both = createBothFiles(own, program);
  const { base } = must(await own.view());
  const shown = must(await both.preview(HOLD, base, 'anna'));
  const expected = [{ path: 'failback.hold', from: '90s', to: '3m' }];
  assert.deepEqual([shown.here.effective, shown.there.effective], [expected, expected]);
  assert.deepEqual([fileOf('one'), fileOf('other')], before);
  const written = must(await both.write({ changes: HOLD, base, otherBase: shown.otherBase }, 'anna'));
  assert.match(fileOf('one'), /hold: 3m \} # of one/);
  assert.match(fileOf('other'), /hold: 3m \} # of other/);
  assert.deepEqual(audits, ['anna config-change']);
  must(await both.undo(written.base, 'anna'));
  assert.deepEqual([fileOf('one'), fileOf('other')], before);
});

/** Both in this process: `meddle` may answer in the other's place, or change what is there. */
const world = async (meddle: (ask: SettingsAsk) => Result<unknown> | null) => {
  const [own, other] = [open('one'), open('other')];
  const look = async (view: ReturnType<typeof other.view>) => {
    const found = await view;
    return found.ok ? ok({ base: found.value.base, formerAt: found.value.formerAt, paths: [] }) : found;
  };
  const both = createBothFiles(own, async (by, ask) => {
    const given = meddle(ask);
    if (given !== null) return given;
    if (ask.name === 'look') return look(other.view());
    if (ask.name === 'undo') return look(other.undo(ask.base, by));
    return ask.name === 'write' ? look(other.write(ask.changes, ask.base, by)) : other.preview(ask.changes, ask.base);
  });
  const [{ base }, { base: otherBase }] = [must(await own.view()), must(await other.view())];
  return { both, request: { changes: HOLD, base, otherBase } };
};

const unheard = fail('settings-unheard', 'x.', 'x.');

test('where either file cannot be written, neither has the change', async () => {
  const before = [fileOf('one'), fileOf('other')];
  const deaf = await world(() => unheard);
  assert.equal(codeOf(await deaf.both.preview(HOLD, deaf.request.base, 'anna')), 'settings-unheard');
  assert.equal(codeOf(await deaf.both.write(deaf.request, 'anna')), 'settings-unheard');
  const stale = await world(() => null);
  assert.equal(
    codeOf(await stale.both.write({ ...stale.request, otherBase: '0'.repeat(64) }, 'a')),
    'config-changed-since',
  );
  assert.equal(codeOf(await stale.both.write({ ...stale.request, base: '0'.repeat(64) }, 'a')), 'config-changed-since');
  const soon = [{ path: 'failback.hold', value: 'soon' }];
  assert.equal(codeOf(await stale.both.write({ ...stale.request, changes: soon }, 'a')), 'config-invalid');
  assert.deepEqual([fileOf('one'), fileOf('other')], before);
});

test('this node’s file is changed by hand while the other’s is written: the other’s is put back', async () => {
  const before = fileOf('other');
  const meddled = await world(({ name }) => {
    if (name === 'write') writeFileSync(join(folder, 'one.yaml'), `${fileOf('one')}# by hand\n`);
    return null;
  });
  assert.equal(codeOf(await meddled.both.write(meddled.request, 'anna')), 'config-changed-since');
  assert.equal(fileOf('other'), before);
});

test('where it cannot be put back, that is said, and where to do it', async () => {
  const lost = await world(({ name }) => {
    if (name === 'write') writeFileSync(join(folder, 'one.yaml'), `${fileOf('one')}# by hand\n`);
    return name === 'undo' ? unheard : null;
  });
  assert.equal(codeOf(await lost.both.write(lost.request, 'anna')), 'settings-half');
});

test('the program answers nothing but what is a question about the file', async () => {
  const odd = { name: 'write', base: '0'.repeat(64), changes: [{ path: '../x', value: 1 }] } as unknown as SettingsAsk;
  assert.equal(codeOf(await program('anna', odd)), 'settings-odd');
  const { base } = must(await open('other').view());
  const key = { name: 'write', base, changes: [{ path: 'key-file', value: '/etc/shadow' }] } as const;
  assert.equal(codeOf(await program('anna', { ...key, changes: [...key.changes] })), 'config-not-editable');
});
