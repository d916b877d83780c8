import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { asAlways, beFirst } from './priority.ts';

const textOf = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('the agent’s real time is above Asterisk’s own, and the same wherever it stands', () => {
  const asked: (readonly string[])[] = [];
  beFirst(async (argv) => {
    asked.push(argv);
    return { ok: true, value: { code: 0, stdout: '', stderr: '' } } as never;
  });
  const priority = asked[0]?.[4] ?? '';
  assert.deepEqual(asked, [['chrt', '--rr', '--all-tasks', '--pid', priority, String(process.pid)]]);
  assert.ok(Number(priority) > 10, 'Asterisk with -p has 10');
  for (const [path, words] of [
    ['bin/dualtone', `chrt --rr ${priority} true`],
    ['bin/dualtone', `first='chrt --rr ${priority}'`],
    ['bench/agent/small-pair.ts', `'chrt', '--rr', '${priority}', node`],
    ['examples/systemd/dualtone.service', `LimitRTPRIO=${priority}\n`],
    ['examples/systemd/dualtone-checkpoint.service', `LimitRTPRIO=${priority}\n`],
    ['src/checks/families/kernel.ts', `\`LimitRTPRIO=${priority}\``],
  ] as const)
    assert.ok(textOf(path).includes(words), `${path} has no ${words}`);
});

test('programs of the site are put back to the usual priority', async () => {
  const asked: (readonly string[])[] = [];
  const run = asAlways(async (argv) => {
    asked.push(argv);
    return { ok: true, value: { code: 0, stdout: '', stderr: '' } } as never;
  });
  await run(['/etc/init.d/telephony', 'start'], { timeoutMs: 1000 });
  assert.deepEqual(asked, [['chrt', '--other', '0', '/etc/init.d/telephony', 'start']]);
});
