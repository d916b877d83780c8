import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type WholeOptions, writeWhole, writeWholeSync } from './whole.ts';

const folderFor = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'dualtone-files-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
};

type Write = (path: string, content: string | Uint8Array, options?: WholeOptions) => Promise<void> | void;
const ways: readonly (readonly [string, Write])[] = [
  ['at once', writeWholeSync],
  ['beside', writeWhole],
];

for (const [name, write] of ways) {
  test(`${name}: the new stands in the old one's place, with the mode that was asked, whatever the mask`, async (t) => {
    const path = join(folderFor(t), 'a', 'b', 'file');
    const mask = process.umask(0o077);
    t.after(() => process.umask(mask));
    await write(path, 'old', { folderMode: 0o700 });
    assert.equal(statSync(path).mode & 0o7777, 0o600);
    const before = statSync(path).ino;
    await write(path, Buffer.from([0xff, 0x00]), { mode: 0o644, isDurable: false });
    assert.deepEqual([...readFileSync(path)], [0xff, 0x00]);
    assert.equal(statSync(path).mode & 0o7777, 0o644);
    assert.notEqual(statSync(path).ino, before);
  });

  test(`${name}: what lies where it is made is never written through`, async (t) => {
    const folder = folderFor(t);
    const [path, victim] = [join(folder, 'file'), join(folder, 'victim')];
    writeFileSync(victim, 'mine');
    symlinkSync(victim, `${path}.new`);
    await write(path, 'new');
    assert.equal(readFileSync(victim, 'utf8'), 'mine');
    assert.equal(readFileSync(path, 'utf8'), 'new');
    assert.deepEqual(readdirSync(folder).toSorted(), ['file', 'victim']);
  });

  test(`${name}: refused, the old one stands and nothing is left beside it`, async (t) => {
    const folder = folderFor(t);
    const path = join(folder, 'file');
    // A folder that is not empty cannot be replaced.
    mkdirSync(join(path, 'inner'), { recursive: true });
    await assert.rejects(async () => write(path, 'new'), { syscall: 'rename' });
    assert.deepEqual(readdirSync(folder), ['file']);
  });
}
