import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { afterEach, describe, test } from 'node:test';
import { createPipeProgram, type PipeProgram } from './pipe-program.ts';

/** Speaks as `nft -i` does: silent about what it understands, a complaint about everything else; `pid` and `stall` for the test. */
const PROGRAM = `
const say = (text) => require('node:fs').writeSync(2, text);
let asked = 0;
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'fine') return;
  if (line === 'pid') return say('Error: pid ' + process.pid + '\\n');
  if (line === 'die') process.exit(1);
  if (line === 'stall') return process.kill(process.pid, 'SIGSTOP');
  if (line === 'slowly') { say('Error: half a'); return setTimeout(() => say(' line\\n'), 20); }
  say('Error: unknown\\n' + line + '\\n^^^\\n');
});`;

const complaintIn = (said: string): string => said.match(/^Error: (?!unknown).*$/m)?.[0] ?? '';

let open: PipeProgram | null = null;
const create = (over: { timeoutMs?: number; recycleAfter?: number } = {}): PipeProgram => {
  open = createPipeProgram({
    argv: [process.execPath, '-e', PROGRAM],
    timeoutMs: over.timeoutMs ?? 5000,
    recycleAfter: over.recycleAfter ?? 1000,
    complaintIn,
  });
  return open;
};
afterEach(() => open?.close());

const answer = async (program: PipeProgram, line: string): Promise<string> => {
  const result = await program.ask(line);
  return result.ok ? result.value : result.error.code;
};

describe('a program fed through a pipe', () => {
  test('answers in order, complaints with the line that they are about', async () => {
    const program = create();
    const lines = ['fine', 'pid', 'fine', 'fine', 'pid'];
    const answers = await Promise.all(lines.map((line) => answer(program, line)));
    assert.deepEqual(
      answers.map((each) => each.replace(/\d+/, 'N')),
      ['', 'Error: pid N', '', '', 'Error: pid N'],
    );
  });

  test('a stalled child is killed at the deadline, what waited fails, and the next line goes to a fresh one', async () => {
    // Long enough for a fresh child to come up on a busy machine.
    const program = create({ timeoutMs: 4000 });
    const first = await answer(program, 'pid');
    const startedAt = performance.now();
    const answers = await Promise.all([answer(program, 'stall'), answer(program, 'fine')]);
    assert.deepEqual(answers, ['pipe-program-timeout', 'pipe-program-timeout']);
    assert.ok(performance.now() - startedAt < 8000);
    const second = await answer(program, 'pid');
    assert.match(second, /^Error: pid \d+$/);
    assert.notEqual(second, first);
  });

  test('a child that dies fails what it was given, and is replaced', async () => {
    const program = create();
    assert.equal(await answer(program, 'die'), 'pipe-program-ended');
    assert.equal(await answer(program, 'fine'), '');
  });

  test('a missing program is a fault each time, never an exception', async () => {
    const program = createPipeProgram({ argv: ['/nowhere/nft', '-i'], timeoutMs: 500, recycleAfter: 10, complaintIn });
    for (let i = 0; i < 2; i += 1) assert.equal(await answer(program, 'fine'), 'program-missing');
    await program.close();
  });

  test('a fresh child takes over after so many lines, and none is lost', async () => {
    const program = create({ recycleAfter: 3 });
    const pids = new Set<string>();
    for (let i = 0; i < 9; i += 1) pids.add(await answer(program, 'pid'));
    assert.equal(pids.size, 3);
  });

  test('a closed one says so', async () => {
    const program = create();
    assert.equal(await answer(program, 'fine'), '');
    await program.close();
    assert.equal(await answer(program, 'fine'), 'pipe-program-closed');
  });
});
