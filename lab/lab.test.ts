import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findCgroupRoot } from './hosts/cgroup.ts';
import { writeToDisk } from './hosts/paths.ts';
import { run, runChecked } from './process.ts';
import { mountsBelow } from './teardown.ts';
import { checkTopology, standardTopology } from './topology.ts';

test('the cgroup2 mount is found on hybrid and on plain machines', () => {
  assert.equal(
    findCgroupRoot('cgroup /sys/fs/cgroup/cpu cgroup rw 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n'),
    '/sys/fs/cgroup/unified',
  );
  assert.equal(findCgroupRoot('cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n'), '/sys/fs/cgroup');
  assert.equal(findCgroupRoot('proc /proc proc rw 0 0\n'), undefined);
});

test('only mounts below the folder are found, deepest first', () => {
  const mounts = 'a /d/x/state tmpfs rw 0 0\nb /d/x tmpfs rw 0 0\nc /d/xy tmpfs rw 0 0\nd / ext4 rw 0 0\n';
  assert.deepEqual(mountsBelow(mounts, '/d/x'), ['/d/x/state', '/d/x']);
});

test('a topology with clashing names or addresses is refused', () => {
  assert.ok(checkTopology(standardTopology({ checkpoints: 3 })).ok);
  const host = { name: 'a', kind: 'plain', octet: 50 } as const;
  for (const hosts of [
    [host, host],
    [host, { ...host, name: 'b' }],
    [{ ...host, name: 'net' }],
    [{ ...host, octet: 10 }],
    [{ ...host, octet: 255 }],
  ]) {
    assert.equal(checkTopology({ hosts }).ok, false, JSON.stringify(hosts));
  }
});

test('programs: output, exit code, time limit, absence', async () => {
  const said = await run(['cat'], { input: 'hello' });
  assert.ok(said.ok && said.value.stdout === 'hello' && said.value.code === 0);
  const failed = await runChecked(['sh', '-c', 'echo sorry >&2; exit 3']);
  assert.ok(!failed.ok && failed.error.code === 'program-failed' && failed.error.message.endsWith('3: sorry'));
  const slow = await run(['sleep', '60'], { timeoutMs: 50 });
  assert.ok(!slow.ok && slow.error.code === 'program-timeout');
  const aborted = await run(['sleep', '60'], { signal: AbortSignal.abort() });
  assert.ok(!aborted.ok && aborted.error.code === 'program-aborted');
  const missing = await run(['no-such-program-here']);
  assert.ok(!missing.ok && missing.error.code === 'program-missing');
});

const withoutRoot = process.getuid?.() === 0 ? false : 'giving files to their owner needs root';

test('a file for a host that is off takes the tree’s folder modes, and never goes through a link', {
  skip: withoutRoot,
}, async () => {
  const place = await mkdtemp(join(tmpdir(), 'dualtone-lab-'));
  try {
    const tree = join(place, 'tree');
    await runChecked(['mkdir', '-p', join(tree, 'etc/secret'), join(tree, 'usr/lib')]);
    await runChecked(['chmod', '700', join(tree, 'etc/secret')]);
    await runChecked(['ln', '-s', 'usr/lib', join(tree, 'lib')]);
    await runChecked(['cp', '/etc/passwd', join(tree, 'etc/passwd')]);
    assert.ok((await writeToDisk(tree, join(place, 'upper'), '/etc/secret/key', 'k', { mode: 0o600 })).ok);
    assert.equal((await stat(join(place, 'upper/etc/secret'))).mode & 0o777, 0o700);
    assert.equal((await stat(join(place, 'upper/etc/secret/key'))).mode & 0o777, 0o600);
    assert.equal(await readFile(join(place, 'upper/etc/secret/key'), 'utf8'), 'k');
    const linked = await writeToDisk(tree, join(place, 'upper'), '/lib/x', 'k');
    assert.ok(!linked.ok && linked.error.code === 'path-is-link');
    const unknown = await writeToDisk(tree, join(place, 'upper'), '/etc/x', 'k', { owner: 'nobody-at-all' });
    assert.ok(!unknown.ok && unknown.error.code === 'owner-unknown');
  } finally {
    await rm(place, { recursive: true });
  }
});
