import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fail, ok, type Result } from '../core/result.ts';
import type { Run } from '../process/run.ts';
import type { Change } from './change.ts';
import { type Changes, openChanges } from './changes.ts';
import { createWorld, type World } from './world.ts';

const folderFor = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'dualtone-changes-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
};

const must = <T>(result: Result<T>): T => {
  if (!result.ok) assert.fail(result.error.message);
  return result.value;
};

const noProgram: Run = () => Promise.resolve(fail('program-missing', 'There is none.', 'None.'));

/** systemd as the commands see it. */
const createUnits = () => {
  const units = new Map<string, { enabled: boolean; active: boolean }>();
  const calls: string[] = [];
  const run: Run = async ([program = '', ...args]) => {
    const [verb = '', ...rest] = args;
    const unit = units.get(rest.at(-1) ?? '') ?? { enabled: false, active: false };
    calls.push([program, ...args].join(' '));
    if (verb === 'enable') unit.enabled = true;
    if (verb === 'disable') unit.enabled = false;
    if (verb === 'start' || verb === 'restart') unit.active = true;
    if (verb === 'stop') unit.active = false;
    units.set(rest.at(-1) ?? '', unit);
    const isYes = verb === 'is-enabled' ? unit.enabled : verb === 'is-active' ? unit.active : true;
    return ok({ exitCode: isYes ? 0 : 1, endedBy: null, stdout: '', stderr: '', tookMs: 1 });
  };
  return { run, units, calls };
};

const fileChange = (path: string, text: string, isSecret = false): Change => ({
  kind: 'file',
  path,
  text,
  mode: isSecret ? 0o600 : 0o644,
  secret: isSecret,
  after: null,
  like: null,
});

const open = (folder: string, world: World = createWorld(noProgram)): Changes =>
  must(openChanges(join(folder, 'state', 'changes.json'), world));

const look = (folder: string): Record<string, string | null> =>
  Object.fromEntries(
    ['old', 'new', 'dir/inner'].map((name) => [
      name,
      existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : null,
    ]),
  );

const changesIn = (folder: string): readonly Change[] => [
  { kind: 'directory', path: join(folder, 'dir'), mode: 0o755 },
  fileChange(join(folder, 'old'), 'ours'),
  fileChange(join(folder, 'new'), 'ours too', true),
  fileChange(join(folder, 'dir/inner'), 'and this'),
];

test('what was there comes back byte for byte with its mode, also after the thing was changed twice by us', async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, 'old'), 'theirs, with ünïcode\n');
  chmodSync(join(folder, 'old'), 0o640);
  const before = look(folder);
  const changes = open(folder);
  must(await changes.apply(changesIn(folder), 'test'));
  must(await changes.commit());
  assert.equal(statSync(join(folder, 'new')).mode & 0o777, 0o600);
  must(await changes.apply([fileChange(join(folder, 'old'), 'ours again')], 'test'));
  must(await changes.commit());
  assert.equal(statSync(join(folder, 'state/changes.json')).mode & 0o777, 0o600);
  assert.ok(!readFileSync(join(folder, 'state/changes.json'), 'utf8').includes('ours too'), 'a secret is kept twice');
  must(await open(folder).undo(false));
  assert.deepEqual(look(folder), before);
  assert.equal(statSync(join(folder, 'old')).mode & 0o777, 0o640);
  assert.ok(!existsSync(join(folder, 'dir')) && !existsSync(join(folder, 'state/changes.json')));
});

test('what somebody has changed since is told and left, and put back only where that is wanted', async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, 'old'), 'theirs');
  const changes = open(folder);
  must(await changes.apply(changesIn(folder), 'test'));
  must(await changes.commit());
  writeFileSync(join(folder, 'old'), 'by hand');
  mkdirSync(join(folder, 'dir', 'more'));
  const lines = must(await changes.undo(false));
  assert.deepEqual(
    lines.filter(({ what }) => what === 'drift').map(({ id }) => id),
    [`file:${join(folder, 'old')}`],
  );
  assert.deepEqual(look(folder), { old: 'by hand', new: null, 'dir/inner': null });
  assert.ok(existsSync(join(folder, 'dir', 'more')), 'what others put there is theirs');
  must(await open(folder).undo(true));
  assert.equal(look(folder)['old'], 'theirs');
});

test('all or none: where one cannot be made the others are taken back', async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, 'old'), 'theirs');
  const before = look(folder);
  const changes = open(folder);
  const made = await changes.apply([...changesIn(folder), fileChange(join(folder, 'nowhere/x'), 'x')], 'test');
  assert.equal(made.ok ? 'made' : made.error.code, 'file-not-written');
  assert.deepEqual(look(folder), before);
  assert.equal(must(await changes.recover()), false);
});

test('a process that dies before, in or after any change: the next one finds all as it was', async (t) => {
  const all = changesIn('/');
  for (let at = 0; at < all.length * 2; at += 1) {
    const folder = folderFor(t);
    writeFileSync(join(folder, 'old'), 'theirs');
    const before = look(folder);
    const world = createWorld(noProgram);
    let made = 0;
    const dying: World = {
      ...world,
      make: async (change) => {
        const dies = Math.floor(at / 2) === made;
        made += 1;
        if (dies && at % 2 === 0) return new Promise(() => undefined);
        const done = await world.make(change);
        return dies ? new Promise(() => undefined) : done;
      },
    };
    void open(folder, dying).apply(changesIn(folder), 'test');
    // What a promise that never ends leaves is what a dead process leaves.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    assert.ok(made === Math.floor(at / 2) + 1, `${made}`);
    assert.equal(must(await open(folder).recover()), true);
    assert.deepEqual(look(folder), before, `died at ${at}`);
    const again = open(folder);
    must(await again.apply(changesIn(folder), 'test'));
    must(await again.commit());
    assert.equal(look(folder)['new'], 'ours too');
  }
});

test('units are as they were, and what only running leaves behind goes with the last', async (t) => {
  const folder = folderFor(t);
  const { run, units, calls } = createUnits();
  units.set('b.service', { enabled: true, active: true });
  const changes = open(folder, createWorld(run));
  const wanted: readonly Change[] = [
    { kind: 'remainder', name: 'the gate', remove: ['nft', 'delete', 'table'] },
    { kind: 'unit', unit: 'a.service', start: 'start' },
    { kind: 'unit', unit: 'b.service', start: 'restart' },
  ];
  must(await changes.apply(wanted, 'test'));
  must(await changes.rollback());
  assert.ok(!calls.includes('nft delete table'), 'a failed attempt must not open what others need closed');
  must(await changes.apply(wanted, 'test'));
  must(await changes.commit());
  assert.deepEqual(
    [units.get('a.service'), units.get('b.service')],
    [
      { enabled: true, active: true },
      { enabled: true, active: true },
    ],
  );
  must(await changes.undo(false));
  assert.deepEqual(
    [units.get('a.service'), units.get('b.service')],
    [
      { enabled: false, active: false },
      { enabled: true, active: true },
    ],
  );
  assert.equal(calls.at(-1), 'nft delete table');
});

test('a damaged record stops everything, and is left as it is', (t) => {
  const folder = folderFor(t);
  mkdirSync(join(folder, 'state'));
  for (const text of ['', '{}', '{"version":2,"entries":[],"batch":null}']) {
    writeFileSync(join(folder, 'state/changes.json'), text);
    const opened = openChanges(join(folder, 'state/changes.json'), createWorld(noProgram));
    assert.equal(opened.ok ? 'opened' : opened.error.code, 'change-record-unusable');
    assert.equal(readFileSync(join(folder, 'state/changes.json'), 'utf8'), text);
  }
});
