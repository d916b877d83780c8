import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('fall-silent.pl', import.meta.url));

const stateOf = (pid: number): string =>
  readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .slice(0, 1);

/** Stands for an agent. */
const agent = (t: TestContext): number => {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  return child.pid ?? 0;
};

const silence = async (pid: number, ms: string): Promise<ChildProcess> => {
  const child = spawn('perl', [PROGRAM, String(pid), ms], { stdio: ['pipe', 'pipe', 'ignore'] });
  if (child.stdout !== null) await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  return child;
};

test('it stands still, and goes on when its time is over', { timeout: 20_000 }, async (t) => {
  const pid = agent(t);
  const child = await silence(pid, '300');
  assert.equal(stateOf(pid), 'T');
  const [code] = (await once(child, 'exit')) as [number];
  assert.equal(code, 0);
  assert.notEqual(stateOf(pid), 'T');
});

test('it goes on when who began it is gone, or has it ended', { timeout: 20_000 }, async (t) => {
  for (const end of [(child: ChildProcess) => child.stdin?.end(), (child: ChildProcess) => child.kill('SIGTERM')]) {
    const pid = agent(t);
    const child = await silence(pid, '10000');
    assert.equal(stateOf(pid), 'T');
    end(child);
    await once(child, 'exit');
    assert.notEqual(stateOf(pid), 'T');
  }
});

test('what is no process, or too long, is refused, and nothing stands still', { timeout: 20_000 }, async (t) => {
  const pid = agent(t);
  for (const ms of ['10001', 'x', '-1']) {
    const child = await silence(pid, ms);
    if (child.exitCode === null) await once(child, 'exit');
    assert.notEqual(child.exitCode, 0);
    assert.notEqual(stateOf(pid), 'T');
  }
  for (const wrong of [0, -1]) {
    const child = await silence(wrong, '100');
    if (child.exitCode === null) await once(child, 'exit');
    assert.notEqual(child.exitCode, 0);
  }
});
