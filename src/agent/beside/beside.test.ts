import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHandClock } from '../../probes/testing/clocks.ts';
import { systemClock } from '../../time/clock.ts';
import { type BesideOptions, createBeside } from './beside.ts';

interface Said {
  readonly type: string;
  readonly text?: string;
}

/** Says again what it is told, dies or says odd things when told to. */
const ECHO = `
const say = (m) => process.stdout.write(m + '\\n');
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { type } = JSON.parse(line);
  if (type === 'die') process.exit(7);
  if (type === 'odd') { say('not json'); say('[]'); }
  if (type === 'hang') setInterval(() => undefined, 1000);
  say(line);
});
`;
const DEAF = 'setInterval(() => undefined, 1000)';

const createBench = (script: string, given: Partial<BesideOptions<Said>> = {}) => {
  const seen: string[] = [];
  const waiting: (() => void)[] = [];
  const note = (what: string): void => {
    seen.push(what);
    for (const wake of waiting.splice(0)) wake();
  };
  const beside = createBeside<Said, Said>({
    argv: [process.execPath, '-e', script],
    clock: systemClock,
    restartMs: 10,
    restartMostMs: 40,
    onMessage: ({ type }) => note(type),
    onOdd: (line) => note(`odd: ${line}`),
    onStarted: () => note('started'),
    onDied: (why, again) => note(`died: ${why}${again ? ', again' : ''}`),
    ...given,
  });
  const until = async (what: string, times = 1): Promise<void> => {
    while (seen.filter((each) => each === what).length < times)
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
  };
  return { beside, seen, until };
};

test('it is told and heard from its start on, and ends with its input', { timeout: 10_000 }, async () => {
  const { beside, seen, until } = createBench(ECHO);
  assert.deepEqual([beside.tell({ type: 'early' }), beside.trouble()], [false, 'it has not been started']);
  beside.start();
  beside.start();
  assert.deepEqual([beside.tell({ type: 'hello' }), beside.trouble()], [true, null]);
  await until('hello');
  beside.tell({ type: 'odd' });
  await until('odd');
  await beside.end(5000);
  assert.deepEqual(seen, [
    'started',
    'hello',
    'odd: not json',
    'odd: something that is no message',
    'odd',
    'died: exit code 0',
  ]);
  beside.start();
  assert.equal(beside.tell({ type: 'late' }), false);
});

test('a death brings the next after a wait that doubles, and a minute of life makes it short again', {
  timeout: 10_000,
}, async () => {
  const clock = createHandClock();
  const { beside, seen, until } = createBench(ECHO, { clock });
  const starts = (): number => seen.filter((each) => each === 'started').length;
  beside.start();
  for (const [index, waitMs] of [10, 20, 40, 40, 10].entries()) {
    const lives = index + 1;
    if (lives === 5) await clock.pass(60_001);
    beside.tell({ type: 'die' });
    await until('died: exit code 7, again', lives);
    assert.equal(beside.trouble(), 'exit code 7');
    await clock.pass(waitMs - 1);
    assert.equal(starts(), lives);
    await clock.pass(1);
    assert.equal(starts(), lives + 1);
  }
  beside.letGo();
});

test('a program that is not there dies again and again, and a start cuts the wait short', {
  timeout: 10_000,
}, async () => {
  const clock = createHandClock();
  const { beside, seen, until } = createBench('', { argv: ['/nowhere/dualtone'], clock });
  beside.startAfter(5000);
  assert.equal(clock.waiting(), 1);
  beside.start();
  assert.equal(clock.waiting(), 0);
  await until('died: spawn /nowhere/dualtone ENOENT, again');
  assert.equal(clock.waiting(), 1);
  beside.letGo();
  assert.deepEqual([clock.waiting(), seen.length], [0, 2]);
});

test('what it does not read is not told any more, and one that is silent can be killed', {
  timeout: 10_000,
}, async () => {
  const clock = createHandClock();
  const { beside, until } = createBench(DEAF, { clock, mostUnreadBytes: 200_000 });
  assert.equal(beside.silentMs(), 0);
  beside.start();
  const text = 'x'.repeat(100_000);
  let told = 0;
  while (beside.tell({ type: 'long', text })) told += 1;
  assert.ok(told >= 2 && told < 10, `${told} were told`);
  await clock.pass(30);
  assert.equal(beside.silentMs(), 30);
  beside.kill();
  await until('died: SIGKILL, again');
  assert.equal(beside.silentMs(), 0);
  beside.letGo();
});

test('at its end one that heeds nothing is killed, and one that is let go keeps nobody', {
  timeout: 10_000,
}, async () => {
  const { beside, seen, until } = createBench(ECHO);
  beside.start();
  beside.tell({ type: 'hang' });
  await until('hang');
  await beside.end(20);
  assert.equal(seen.at(-1), 'died: SIGKILL');
  const other = createBench(ECHO, { onMessage: null });
  other.beside.start();
  other.beside.letGo();
  await other.until('died: exit code 0');
});
