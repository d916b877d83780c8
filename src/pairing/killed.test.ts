/** Either process is killed at every other of its durable writes, before or after it; then both are run again. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { beginInviting } from './inviting.ts';
import { joinWith } from './joining.ts';
import { openRecord } from './surroundings.ts';
import { createMachine, mainAnswers, standbyAnswers, type TestMachine, testFolder } from './testing/machine.ts';

const folder = testFolder();
after(() => folder.remove());

const program = join(import.meta.dirname, 'testing', 'dying.ts');

interface Dying {
  readonly token: Promise<string>;
  readonly ended: Promise<{ readonly killed: boolean; readonly out: string }>;
}

const begin = (machine: TestMachine, at: number, when: string, ...rest: readonly string[]): Dying => {
  const child = spawn(process.execPath, [program, machine.folder, String(at), when, ...rest], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // The sources are compiled once, not for each death.
    env: { ...process.env, NODE_COMPILE_CACHE: join(folder.path, 'compiled') },
  });
  const first = Promise.withResolvers<string>();
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    if (out.includes('\n')) first.resolve(out.split('\n')[0] ?? '');
  });
  const ended = new Promise<{ killed: boolean; out: string }>((resolve) =>
    child.once('close', (_, signal) => {
      first.resolve('');
      resolve({ killed: signal === 'SIGKILL', out });
    }),
  );
  return { token: first.promise, ended };
};

/** Once more from the start, by both, as a person would. */
const runAgain = async (main: TestMachine, standby: TestMachine, at: string): Promise<void> => {
  const inviting = await beginInviting(mainAnswers, main.around);
  if (!inviting.ok) assert.fail(`${at}: ${inviting.error.code}`);
  const joined = await joinWith(inviting.value.tokens[0]?.token ?? '', standbyAnswers, standby.around);
  if (!joined.ok) assert.fail(`${at}: ${joined.error.code}: ${joined.error.message}`);
  assert.ok((await inviting.value.ended).ok);
  assert.equal(main.files()?.['pair.key'], standby.files()?.['pair.key']);
  assert.ok(main.files()?.['dualtone.yaml']?.includes('pin: sha256:'));
};

/** Nothing of a pair, or all of it: never a part. */
const assertWholeOrNothing = async (machine: TestMachine, at: string): Promise<void> => {
  const recovered = await openRecord(machine.around);
  assert.ok(recovered.ok, at);
  const names = Object.keys(machine.files() ?? {}).filter((name) => name !== 'identity.key');
  assert.ok(names.length === 0 || names.length === 2, `${at}: ${names.join(', ')}`);
};

test('the joining process is killed at its writes: it has all or nothing, and a second try makes the pair', async () => {
  let at = 0;
  for (let hasLived = false; !hasLived; at += 2) {
    const [main, standby] = [createMachine(folder.path, `j${at}a`), createMachine(folder.path, `j${at}b`)];
    const inviting = await beginInviting(mainAnswers, main.around);
    assert.ok(inviting.ok);
    const child = begin(standby, at, at % 4 === 0 ? 'before' : 'after', 'join', inviting.value.tokens[0]?.token ?? '');
    const { killed, out } = await child.ended;
    await inviting.value.cancel();
    await inviting.value.ended;
    await assertWholeOrNothing(standby, `killed at ${at}`);
    hasLived = !killed;
    if (hasLived) assert.equal(out, 'joined');
    await runAgain(main, standby, `killed at ${at}`);
  }
  assert.ok(at > 8, `only ${at} writes were seen`);
});

test('the inviting process is killed at its writes: the other has all or nothing, and a second try makes the pair', async () => {
  let at = 1;
  for (let hasLived = false; !hasLived; at += 2) {
    const [main, standby] = [createMachine(folder.path, `i${at}a`), createMachine(folder.path, `i${at}b`)];
    const child = begin(main, at, at % 4 === 0 ? 'before' : 'after', 'invite');
    const token = await child.token;
    // Shorter than for people: whoever waits for a dead machine waits all of it.
    if (token !== '') {
      const joined = await joinWith(token, { ...standbyAnswers, resumeMs: 700 }, standby.around);
      if (joined.ok) assert.equal((await child.ended).killed, false, `joined, and killed at ${at}`);
    }
    const { killed } = await child.ended;
    await assertWholeOrNothing(main, `killed at ${at}`);
    await assertWholeOrNothing(standby, `killed at ${at}`);
    hasLived = !killed;
    await runAgain(main, standby, `killed at ${at}`);
  }
  assert.ok(at > 8, `only ${at} writes were seen`);
});
