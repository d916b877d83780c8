/** The watchdog over the stages of the tests. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { execute } from '../scripts/execute.ts';

const node = process.execPath;

const ran = async (program: string, mostMs = 20_000) => {
  const lines: string[] = [];
  const said: string[] = [];
  const code = await execute(
    [node, '-e', program],
    mostMs,
    (text) => lines.push(text),
    (text) => said.push(text),
  );
  return { code, lines, said };
};

/** Gone, or dead and not yet collected by whoever must. */
const gone = async (pid: number): Promise<boolean> => {
  for (let left = 200; left > 0; left -= 1) {
    if (!existsSync(`/proc/${pid}/exe`)) return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
};

test('a program that ends gives its exit code and its lines', async () => {
  assert.deepEqual(await ran('console.log("a\\nb"); process.exitCode = 3'), { code: 3, lines: ['a', 'b'], said: [] });
  assert.equal((await ran('process.kill(process.pid, "SIGKILL")')).code, 1);
});

test('one that hangs fails by the name of its test, and nothing that it started lives on', {
  timeout: 20_000,
}, async () => {
  const program = `
    const child = require('node:child_process').spawn('sleep', ['60'], { stdio: 'inherit' });
    console.log('# Subtest: the one that hangs');
    console.log(child.pid);
    setInterval(() => {}, 1000);`;
  const { code, lines, said } = await ran(program, 1500);
  assert.equal(code, 1);
  assert.deepEqual(said, ['  did not end within 2 s, and was killed; the last test told of: the one that hangs']);
  assert.ok(await gone(Number(lines[1])), `the program's child ${lines[1]} lives on`);
});

test('one that ended and left its output to a daemon is not waited for without end', { timeout: 20_000 }, async () => {
  const program = `
    const child = require('node:child_process').spawn('sleep', ['60'], { stdio: 'inherit' });
    child.unref();
    console.log(child.pid);`;
  const { code, lines, said } = await ran(program, 1500);
  assert.equal(code, 1);
  assert.equal(said.length, 1);
  assert.ok(await gone(Number(lines[0])));
});
