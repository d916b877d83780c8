import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { builtProgram } from './built.ts';

const root = join(import.meta.dirname, '..', '..');

/** A program of one source, as its builder leaves it. */
const built = (t: { after(end: () => void): void }): { readonly at: string; readonly source: string } => {
  const at = mkdtempSync(join(tmpdir(), 'dualtone-built-'));
  t.after(() => rmSync(at, { recursive: true }));
  const source = join(at, 'source.ts');
  mkdirSync(join(at, 'dist'));
  writeFileSync(source, 'export {};');
  const { mtimeMs, size } = statSync(source);
  writeFileSync(join(at, 'dist', 'agent.mjs'), 'export {};');
  writeFileSync(join(at, 'dist', 'agent.json'), JSON.stringify({ stampByPath: { 'source.ts': `${mtimeMs} ${size}` } }));
  return { at, source };
};

test('a built program is used while its sources are what it was made of', (t) => {
  const { at, source } = built(t);
  assert.equal(builtProgram('agent', at), pathToFileURL(join(at, 'dist', 'agent.mjs')).href);
  assert.equal(builtProgram('checkpoint', at), null, 'this one was not built');
  writeFileSync(source, 'export { };');
  assert.equal(builtProgram('agent', at), null, 'a source has changed');
  rmSync(source);
  assert.equal(builtProgram('agent', at), null, 'a source has gone');
});

test('what says nothing of its sources is not used', (t) => {
  const { at } = built(t);
  for (const text of ['', '{}', 'null', '[1]', '{"stampByPath":null}']) {
    writeFileSync(join(at, 'dist', 'agent.json'), text);
    assert.equal(builtProgram('agent', at), null, text);
  }
});

test('the builder makes what each of the programs then is', async () => {
  execFileSync(process.execPath, [join(root, 'scripts', 'build-program.mjs'), '--if-needed']);
  const runByName = {
    agent: 'runNode',
    checkpoint: 'runCheckpoint',
    replicator: 'runReplicator',
    switcher: 'runSwitcher',
  } as const;
  for (const [name, run] of Object.entries(runByName)) {
    const built = builtProgram(name as keyof typeof runByName);
    assert.ok(built !== null, name);
    assert.deepEqual(Object.keys((await import(built)) as object), [run]);
  }
});
