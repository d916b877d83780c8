import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { after, describe, test } from 'node:test';
import type { Result } from '../core/result.ts';
import { type Finished, run } from './run.ts';

const dir = mkdtempSync(join(tmpdir(), 'dualtone-run-'));
after(() => rmSync(dir, { recursive: true, force: true }));

const node = (script: string, ...args: string[]): string[] => [process.execPath, '-e', script, ...args];

const faultOf = (result: Result<Finished>): string =>
  result.ok ? `ended with ${result.value.exitCode}` : result.error.code;

const isAlive = (pid: number): boolean => {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  // A zombie that nobody reaped yet has ended.
  return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
};

describe('run', () => {
  test('gives output and exit code', async () => {
    const result = await run(node('console.log("out"); console.error("err"); process.exit(3)'), { timeoutMs: 5000 });
    assert.ok(result.ok);
    assert.equal(result.value.exitCode, 3);
    assert.equal(result.value.stdout, 'out\n');
    assert.equal(result.value.stderr, 'err\n');
  });

  test('writes the input', async () => {
    const result = await run(['cat'], { timeoutMs: 5000, input: 'line\n' });
    assert.equal(result.ok && result.value.stdout, 'line\n');
  });

  test('a program that does not read its input is no fault', async () => {
    const result = await run(['true'], { timeoutMs: 5000, input: 'x'.repeat(1_000_000) });
    assert.equal(result.ok && result.value.exitCode, 0);
  });

  test('passes nothing of the own environment but the path', async () => {
    process.env['DUALTONE_SECRET'] = 'hidden';
    const result = await run(['env'], { timeoutMs: 5000, env: { DUALTONE_ROLE: 'main' } });
    assert.ok(result.ok);
    const names = result.value.stdout
      .trim()
      .split('\n')
      .map((line) => line.slice(0, line.indexOf('=')));
    assert.deepEqual(names.toSorted(), ['DUALTONE_ROLE', 'HOME', 'LC_ALL', 'PATH']);
  });

  test('a missing program names its Debian package', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = dir;
    const result = await run(['arping', '-V'], { timeoutMs: 1000, env: { PATH: dir } });
    process.env['PATH'] = path ?? '';
    assert.equal(faultOf(result), 'program-missing');
    assert.match(result.ok ? '' : result.error.remedy, /apt-get install iputils-arping/);
  });

  test('a file that is not executable is said to be', async () => {
    assert.equal(faultOf(await run(['/etc/passwd'], { timeoutMs: 1000 })), 'program-not-allowed');
  });

  test('caps the output without stopping the program', async () => {
    const result = await run(node('process.stdout.write("x".repeat(1e6), () => console.error("all written"))'), {
      timeoutMs: 5000,
      maxOutputBytes: 1000,
    });
    assert.ok(result.ok);
    assert.equal(result.value.stdout.length, 1000);
    assert.equal(result.value.stderr, 'all written\n');
  });

  test('returns at the deadline although TERM is ignored and a grandchild holds the pipes; the group is dead', async () => {
    const script = `const child = require('node:child_process').spawn('sleep', ['60'], { stdio: 'inherit' });
      process.on('SIGTERM', () => {}); process.stdout.write(child.pid + ' ' + process.pid + '\\n'); setInterval(() => {}, 1000);`;
    const pidFile = join(dir, 'pids');
    const startedAt = performance.now();
    const result = await run(
      node(`${script} require('node:fs').writeFileSync(process.argv[1], child.pid + ' ' + process.pid)`, pidFile),
      {
        timeoutMs: 800,
      },
    );
    const tookMs = performance.now() - startedAt;
    assert.equal(faultOf(result), 'program-timeout');
    assert.ok(tookMs < 900, `took ${tookMs} ms`);
    const pids = readFileSync(pidFile, 'utf8').split(' ').map(Number);
    // The kernel delivers SIGKILL at once, the reaping takes a moment.
    const until = performance.now() + 500;
    while (pids.some(isAlive) && performance.now() < until) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(pids.filter(isAlive), []);
  });

  test('a daemon left behind with the pipes open does not hold up the answer, and lives', async () => {
    const script = `const child = require('node:child_process').spawn('sleep', ['60'], { stdio: 'inherit' });
      console.log(child.pid); child.unref(); process.exit(0)`;
    const result = await run(node(script), { timeoutMs: 5000 });
    assert.ok(result.ok);
    assert.ok(result.value.tookMs < 2000, `took ${result.value.tookMs} ms`);
    const daemon = Number(result.value.stdout);
    assert.ok(isAlive(daemon));
    process.kill(daemon, 'SIGKILL');
  });

  test('an abort stops the program', async () => {
    const controller = new AbortController();
    const pending = run(['sleep', '60'], { timeoutMs: 30_000, signal: controller.signal });
    controller.abort();
    const startedAt = performance.now();
    assert.equal(faultOf(await pending), 'program-aborted');
    assert.ok(performance.now() - startedAt < 1000);
    assert.equal(faultOf(await run(['true'], { timeoutMs: 100, signal: controller.signal })), 'program-aborted');
  });
});
