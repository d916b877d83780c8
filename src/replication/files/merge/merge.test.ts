import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import * as fc from 'fast-check';
import type { Result } from '../../../core/result.ts';
import { localSources, putFile, putTree, readTree, type Tree } from '../testing/trees.ts';
import { manifest, writeManifests } from './manifest.ts';
import { createFileMerge } from './merge.ts';
import type { FileMergeReport } from './report.ts';

let base = '';
let count = 0;
before(() => {
  base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'dualtone-merge-'));
});
after(() => rmSync(base, { recursive: true, force: true }));

const options = { signal: new AbortController().signal, onProgress: () => undefined };
const value = <T>(result: Result<T>): T => {
  if (!result.ok) assert.fail(`${result.error.code} ${result.error.message}`);
  return result.value;
};

/** A merge over three trees: what lay before, what is here, what is there. */
const make = async (lay: Tree | null, here: Tree, there: Tree) => {
  count += 1;
  const root = join(base, String(count));
  const paths = {
    here: join(root, 'here'),
    there: join(root, 'there'),
    before: join(root, 'before.json'),
    folder: join(root, 'merge'),
  };
  putTree(paths.here, here);
  putTree(paths.there, there);
  if (lay !== null) {
    const at = join(root, 'lay');
    putTree(at, lay);
    const listed = value(await manifest([at]));
    value(writeManifests(paths.before, new Map([[paths.here, listed.get(at) ?? null]])));
  }
  const sources = localSources(paths.here, paths.there, lay === null ? null : paths.before);
  return {
    ...paths,
    merge: createFileMerge({ directories: [paths.here], kept: [join(paths.here, 'own')] }, sources, paths.folder),
  };
};

const texts = (report: FileMergeReport): readonly string[] =>
  report.conflicts.map(({ item, text }) => `${item.split('/here/')[1]}: ${text.split(':')[0]}`);

test('each case: new, changed, deleted, both changed, and what only the main changed', async () => {
  const lay = { same: 's', changed: 'c1', gone: 'g1', both: 'b1', kept: 'k1', mine: 'm1', 'd/e/f': 'deep' };
  const here = { ...lay, both: 'b-here', kept: 'k-here', mine: 'm-here', only: 'main' };
  const there = { same: 's', changed: 'c2', both: 'b-there', mine: 'm1', 'new/rec.wav': 'message', link: '@same' };
  const made = await make(lay, here, there);
  const preview = value(await made.merge.preview(options));
  assert.equal(preview.count, 6);
  assert.deepEqual(readTree(made.here), here);
  const report = value(await made.merge.run(options));
  const expected = {
    same: 's',
    changed: 'c2',
    both: 'b-here',
    'both.from-standby': 'b-there',
    kept: 'k-here',
    mine: 'm-here',
    only: 'main',
    'new/rec.wav': 'message',
    link: '@same',
  };
  assert.deepEqual(readTree(made.here), expected);
  assert.equal(existsSync(join(made.here, 'd')), false);
  assert.deepEqual([report.count, report.left], [6, 0]);
  assert.deepEqual(texts(report), [
    'both: changed on both nodes',
    'kept: deleted on the standby and changed on the main',
  ]);
  const again = value(await made.merge.run(options));
  assert.deepEqual(again, report);
  assert.deepEqual(readTree(made.here), expected);
  const undone = value(await made.merge.undo(options));
  assert.deepEqual([undone.count, undone.warnings], [0, []]);
  assert.deepEqual(readTree(made.here), here);
  value(await made.merge.run(options));
  assert.deepEqual(readTree(made.here), expected);
  value(made.merge.forget());
  assert.equal(existsSync(made.folder), false);
});

test('a second pass brings what came after the first, and what a person deleted meanwhile stays deleted', async () => {
  const made = await make({}, {}, { a: '1', b: '1' });
  value(await made.merge.run(options));
  putFile(made.there, 'a', '2');
  putFile(made.there, 'c', '1');
  rmSync(join(made.here, 'b'));
  const report = value(await made.merge.run(options));
  assert.deepEqual(readTree(made.here), { a: '2', c: '1' });
  assert.deepEqual(report.conflicts, []);
  value(await made.merge.undo(options));
  assert.deepEqual(readTree(made.here), {});
});

test('the same content on both sides is no conflict; what is changed after the merge survives its undo', async () => {
  const made = await make({ f: 'x' }, { f: 'same' }, { f: 'same', g: 'new' });
  putFile(made.there, 'f', 'same');
  writeFileSync(join(made.here, 'f'), 'same');
  assert.deepEqual(value(await made.merge.run(options)).conflicts, []);
  writeFileSync(join(made.here, 'g'), 'worked on');
  const undone = value(await made.merge.undo(options));
  assert.match(undone.warnings[0] ?? '', /^g was changed after the merge/);
  assert.deepEqual(readTree(made.here), { f: 'same', g: 'worked on' });
});

test('without knowing what lay before, nothing is deleted and both versions are kept', async () => {
  const made = await make(null, { a: '1', b: 'here' }, { b: 'standby', c: '3' });
  const report = value(await made.merge.run(options));
  assert.deepEqual(readTree(made.here), { a: '1', b: 'here', 'b.from-standby': 'standby', c: '3' });
  assert.match(report.warnings[0] ?? '', /not known/);
});

test('a directory that is missing at one side is left as it is, never emptied', async () => {
  const made = await make({ a: '1' }, { a: '1' }, { a: '1' });
  rmSync(made.there, { recursive: true });
  const report = value(await made.merge.run(options));
  assert.deepEqual(readTree(made.here), { a: '1' });
  assert.match(report.warnings[0] ?? '', /missing on the standby/);
});

test('links out of the directory are not brought, and links here are not followed', async () => {
  const outside = join(base, 'outside');
  mkdirSync(outside, { recursive: true });
  const made = await make({}, {}, { evil: '@/etc/passwd', up: '@../../x', 'dir/f': 'content', ok: '@dir/f' });
  symlinkSync(outside, join(made.here, 'dir'));
  const report = value(await made.merge.run(options));
  assert.deepEqual(readdirSync(outside), []);
  assert.deepEqual(report.warnings.map((text) => text.split(' ')[0] ?? '').toSorted(), ['evil', 'up']);
  assert.deepEqual(Object.keys(readTree(made.here)).toSorted(), ['dir', 'dir.from-standby/f', 'ok']);
});

test('a file where the other side has a folder, and the other way round: both are kept', async () => {
  const made = await make({}, { a: 'file', 'b/inner': 'x' }, { 'a/inner': 'y', b: 'file there' });
  const report = value(await made.merge.run(options));
  assert.deepEqual(readTree(made.here), {
    a: 'file',
    'a.from-standby/inner': 'y',
    'b/inner': 'x',
    'b.from-standby': 'file there',
  });
  assert.equal(report.conflicts.length, 2);
  assert.deepEqual(value(await made.merge.run(options)), report);
  value(await made.merge.undo(options));
  assert.deepEqual(readTree(made.here), { a: 'file', 'b/inner': 'x' });
});

test('what each node keeps stays as it is here, whatever the standby has there', async () => {
  const lay = { a: '1', 'own/gone': 'g', 'own/both': 'b' };
  const here = { ...lay, 'own/both': 'here' };
  const made = await make(lay, here, { a: '2', 'own/both': 'there', 'own/new': 'n', 'own.conf': 'home' });
  const report = value(await made.merge.run(options));
  assert.deepEqual([report.count, report.left, report.conflicts], [2, 0, []]);
  assert.deepEqual(readTree(made.here), { ...here, a: '2', 'own.conf': 'home' });
});

test('what changes while it is merged is left for the next run', async () => {
  const made = await make({}, {}, { a: '1', b: '1' });
  const sources = localSources(made.here, made.there, made.before);
  const merge = createFileMerge(
    { directories: [made.here], kept: [] },
    {
      ...sources,
      fetch: async (directory, staging, fetchOptions) => {
        putFile(made.there, 'a', 'changed');
        putFile(made.here, 'b', 'in between');
        return sources.fetch(directory, staging, fetchOptions);
      },
    },
    made.folder,
  );
  const first = value(await merge.run(options));
  assert.deepEqual([first.count, first.left], [0, 2]);
  const second = value(await made.merge.run(options));
  assert.equal(second.left, 0);
  assert.deepEqual(readTree(made.here), { a: 'changed', b: 'in between', 'b.from-standby': '1' });
});

const anyTree = fc.dictionary(fc.constantFrom('a', 'b', 'c/d', 'c/e', 'x'), fc.constantFrom('1', '22', '333', '@a'), {
  maxKeys: 5,
});

test('property: with real files nothing is lost, nothing comes twice, a second run does nothing, and undo is exact', async () => {
  await fc.assert(
    fc.asyncProperty(anyTree, anyTree, anyTree, async (lay, here, there) => {
      const made = await make(lay, here, there);
      const original = readTree(made.here);
      value(await made.merge.run(options));
      const merged = readTree(made.here);
      for (const [name, content] of Object.entries(there))
        if (lay[name] !== content) assert.ok(Object.values(merged).includes(content), `${name} is lost`);
      for (const [name, content] of Object.entries(here)) {
        const untouched = there[name] === lay[name] || lay[name] !== content;
        if (untouched) assert.equal(merged[name], content, `${name} was not to be touched`);
      }
      value(await made.merge.run(options));
      assert.deepEqual(readTree(made.here), merged);
      value(await made.merge.undo(options));
      assert.deepEqual(readTree(made.here), original);
      rmSync(join(made.here, '..'), { recursive: true });
    }),
    { numRuns: 60 },
  );
});

const MERGE = new URL('../testing/merge-main.ts', import.meta.url).pathname;

test('killed anywhere and begun again, a merge and its undo end as if never cut', { timeout: 120_000 }, async () => {
  const lay: Record<string, string> = {};
  const there: Record<string, string> = {};
  for (let i = 0; i < 400; i += 1) {
    lay[`f${i}`] = `${i}`;
    if (i % 4 !== 0) there[`f${i}`] = i % 4 === 1 ? `${i} changed` : `${i}`;
    there[`new/${i}`] = `new ${i}`;
  }
  const made = await make(lay, lay, there);
  const original = readTree(made.here);
  const other = await make(lay, lay, there);
  value(await other.merge.run(options));
  const expected = readTree(other.here);
  for (const [what, goal] of [
    ['run', expected],
    ['undo', original],
  ] as const) {
    for (const dots of [1, 3, 6]) {
      const child = spawn(process.execPath, [MERGE, made.here, made.there, made.before, made.folder, what], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let seen = 0;
      child.stdout.on('data', (chunk: Buffer) => {
        seen += chunk.length;
        if (seen >= dots) child.kill('SIGKILL');
      });
      await once(child, 'exit');
    }
    value(what === 'run' ? await made.merge.run(options) : await made.merge.undo(options));
    assert.deepEqual(readTree(made.here), goal);
    const litter = readdirSync(made.here, { recursive: true }).filter((name) =>
      String(name).includes('.dualtone-merge-'),
    );
    assert.deepEqual(litter, []);
  }
});
