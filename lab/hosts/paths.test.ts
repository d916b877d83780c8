import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeToDisk } from './paths.ts';

let root: string;
before(() => {
  root = mkdtempSync(join(tmpdir(), 'dualtone-paths-'));
});
after(() => rmSync(root, { recursive: true, force: true }));

test('what a host has removed can be written again, a folder and a file', async () => {
  const [tree, upper] = [join(root, 'tree'), join(root, 'upper')];
  mkdirSync(join(tree, 'etc/gone'), { recursive: true, mode: 0o750 });
  writeFileSync(join(tree, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
  writeFileSync(join(tree, 'etc/file'), 'of the tree');
  mkdirSync(join(upper, 'etc'), { recursive: true });
  // As overlayfs marks what was removed.
  for (const name of ['gone', 'file']) execFileSync('mknod', [join(upper, 'etc', name), 'c', '0', '0']);
  for (const path of ['/etc/gone/new', '/etc/file']) {
    assert.deepEqual(await writeToDisk(tree, upper, path, 'again'), { ok: true, value: undefined });
    assert.equal(readFileSync(join(upper, path), 'utf8'), 'again');
  }
  assert.equal(statSync(join(upper, 'etc/gone')).mode & 0o777, statSync(join(tree, 'etc/gone')).mode & 0o777);
});

test('never through a link of the tree or of the disk', async () => {
  const [tree, upper] = [join(root, 'linked'), join(root, 'linked-upper')];
  mkdirSync(join(tree, 'etc'), { recursive: true });
  writeFileSync(join(tree, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
  execFileSync('ln', ['-s', '/tmp', join(tree, 'etc/way')]);
  const done = await writeToDisk(tree, upper, '/etc/way/file', 'x');
  assert.equal(done.ok ? '' : done.error.code, 'path-is-link');
});
