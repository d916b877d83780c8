import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import * as fc from 'fast-check';
import { parseConfig } from '../../config/parse.ts';
import type { Result } from '../../core/result.ts';
import { createConfigFile } from './config-file.ts';
import { diffOf } from './line-diff.ts';

let folder = '';
let path = '';
const audits: string[] = [];

const FILE = `# of the lycée
node: { role: main, name: pbx1, address: 127.0.0.1 }
peer: { name: pbx2, address: 127.0.0.2 }
key-file: KEY
probes: { ami: null }
streams: { astdb: { enabled: false } }
failback:
  hold: 90s # the phones of the gate are slow
hooks:
  - { name: bell, run: [/usr/bin/bell, --password, hunter2] }
alarms:
  channels: [{ kind: syslog, name: log }]
  rules:
    - { severity: warning, channels: [log] }
`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dualtone-config-'));
  path = join(folder, 'dualtone.yaml');
  const key = join(folder, 'pair.key');
  writeFileSync(key, `${Buffer.alloc(32, 7).toString('base64')}\n`, { mode: 0o600 });
  writeFileSync(path, FILE.replace('KEY', key));
  chmodSync(path, 0o640);
  audits.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const must = <T>(result: Result<T>): T => {
  if (!result.ok) assert.fail(`${result.error.code}: ${result.error.message}`);
  return result.value;
};
const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.error.code);

const open = () => {
  const parsed = parseConfig(readFileSync(path, 'utf8'));
  assert.ok(parsed.ok);
  return createConfigFile(path, parsed.config, (by, what, detail) => audits.push(`${by} ${what} ${detail}`));
};

test('each value says where it comes from, and no secret is in it', async () => {
  const view = must(await open().view());
  const source = (key: string) => view.settings.find((each) => each.path === key)?.source;
  assert.deepEqual(['failback.hold', 'failback.policy', 'node.name', 'timing.lease', 'hooks[0]'].map(source), [
    'file',
    'default',
    'file',
    'default',
    'file',
  ]);
  assert.ok(!JSON.stringify(view).includes('hunter2'));
  assert.deepEqual([view.pending, view.formerAt, view.problems], [false, null, []]);
  assert.ok(view.editable.some((each) => each.path === 'alarms.rules[0].severity' && each.value === 'warning'));
});

test('a preset is a source of its own', async () => {
  writeFileSync(path, readFileSync(path, 'utf8').replace('failback:', 'preset: quick\nfailback:'));
  const view = must(await open().view());
  assert.equal(view.settings.find((each) => each.path === 'timing.promise')?.source, 'preset');
});

test('a change is shown as it will be, and nothing is written before', async () => {
  const [file, before] = [open(), readFileSync(path, 'utf8')];
  const { base } = must(await file.view());
  const changes = [
    { path: 'failback.hold', value: '3m' },
    { path: 'checks.accept', value: ['disk-space'] },
  ];
  const told = must(await file.preview(changes, base));
  assert.deepEqual(told.problems, []);
  assert.deepEqual(told.effective, [
    { path: 'failback.hold', from: '90s', to: '3m' },
    { path: 'checks.accept', from: '[]', to: '[ disk-space ]' },
  ]);
  assert.ok(told.diff.some(({ sign, text }) => sign === '+' && text.includes('hold: 3m # the phones of the gate')));
  assert.ok(!JSON.stringify(told).includes('hunter2'));
  assert.equal(readFileSync(path, 'utf8'), before);
  assert.deepEqual(audits, []);
});

test('what the agent would not start with is told with its place, and never written', async () => {
  const [file, before] = [open(), readFileSync(path, 'utf8')];
  const { base } = must(await file.view());
  const changes = [{ path: 'failback.hold', value: 'soon' }];
  const [problem] = must(await file.preview(changes, base)).problems;
  assert.deepEqual([problem?.path, problem?.line], ['failback.hold', 8]);
  assert.equal(codeOf(await file.write(changes, base, 'anna')), 'config-invalid');
  assert.equal(readFileSync(path, 'utf8'), before);
});

test('it is written whole with its comments and its mode, told to the journal, and taken back', async () => {
  const [file, before] = [open(), readFileSync(path, 'utf8')];
  const { base } = must(await file.view());
  const view = must(await file.write([{ path: 'failback.hold', value: '3m' }], base, 'anna'));
  assert.match(readFileSync(path, 'utf8'), /# of the lycée[\s\S]*hold: 3m # the phones of the gate are slow/);
  assert.equal(readFileSync(`${path}.former`, 'utf8'), before);
  assert.deepEqual([statSync(path).mode & 0o777, statSync(`${path}.former`).mode & 0o777], [0o640, 0o640]);
  assert.equal(view.pending, true);
  assert.match(audits[0] ?? '', /^anna config-change changed .*: failback\.hold from 90s to 3m$/);
  const back = must(await file.undo(view.base, 'anna'));
  assert.equal(readFileSync(path, 'utf8'), before);
  assert.equal(back.pending, false);
  assert.match(audits[1] ?? '', /^anna config-undo/);
});

test('who saw an older file changes nothing', async () => {
  const file = open();
  const { base } = must(await file.view());
  writeFileSync(path, `${readFileSync(path, 'utf8')}# by hand\n`);
  const changes = [{ path: 'failback.hold', value: '3m' }];
  assert.equal(codeOf(await file.preview(changes, base)), 'config-changed-since');
  assert.equal(codeOf(await file.write(changes, base, 'anna')), 'config-changed-since');
  assert.equal(codeOf(await file.undo(base, 'anna')), 'config-changed-since');
  assert.equal(codeOf(await file.undo(must(await file.view()).base, 'anna')), 'config-no-former');
});

test('keys that decide who serves, or that name programs and files, are not for the page', async () => {
  const file = open();
  const { base } = must(await file.view());
  for (const key of [
    'key-file',
    'timing.lease',
    'hooks[0].run',
    'web.user',
    'state-dir',
    '__proto__.x',
    'arbiter.kind',
  ])
    assert.equal(codeOf(await file.preview([{ path: key, value: '/bin/sh' }], base)), 'config-not-editable', key);
  assert.ok(!existsSync(`${path}.former`));
});

test('a key that leaves the file falls back to what counts below', async () => {
  const file = open();
  const { base } = must(await file.view());
  const told = must(await file.preview([{ path: 'failback.hold', value: null }], base));
  assert.deepEqual(told.effective, [{ path: 'failback.hold', from: '90s', to: '1m' }]);
});

test('a difference holds exactly what goes and what comes', () => {
  const line = fc.constantFrom('a: 1', 'b: 2', 'c: 3', 'd: 4');
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), fc.array(line, { maxLength: 12 }), (a, b) => {
      const diff = diffOf(a.join('\n'), b.join('\n'));
      if (a.join('\n') === b.join('\n')) return assert.deepEqual(diff, []);
      const gone = diff.filter(({ sign }) => sign === '-').length;
      const come = diff.filter(({ sign }) => sign === '+').length;
      assert.equal(come - gone, Math.max(1, b.length) - Math.max(1, a.length));
    }),
  );
});
