/** Stories of what the pair does, reviewed as text. `UPDATE=1` writes them anew: read the difference before you commit it. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { playScenario } from './scenarios/scenario.ts';

const folder = join(import.meta.dirname, 'scenarios');
const RULE = '\n----\n';
const files = readdirSync(folder).filter((name) => name.endsWith('.txt'));

describe('scenarios', () => {
  assert.ok(files.length >= 20, 'the stories are not found');
  for (const name of files) {
    test(name.replace('.txt', ''), () => {
      const text = readFileSync(join(folder, name), 'utf8');
      const [script = '', told = ''] = text.split(RULE);
      const { narrative, failures } = playScenario(script);
      const story = `${narrative.join('\n')}\n`;
      if (process.env['UPDATE'] === '1') writeFileSync(join(folder, name), `${script}${RULE}${story}`);
      else assert.deepEqual(story.split('\n'), told.split('\n'), 'the story has changed; UPDATE=1 writes it anew');
      assert.deepEqual(failures, []);
    });
  }
});

test('an expectation that does not come true is a failure', () => {
  const { failures } = playScenario(
    'boot both\nexpect serving main within 3s\npower off main\nexpect serving standby within 100ms',
  );
  assert.equal(failures.length, 1);
});

test('words that nobody knows are refused', () => {
  assert.throws(() => playScenario('boot both\nsing a song'), /nothing is done by the words/);
  assert.throws(() => playScenario('boot both\nrun fast'), /not a span of time/);
  assert.throws(() => playScenario('boot both\nexpect the best'), /not an expectation/);
});

test('two cold nodes that are both broken do not hand service to and fro', () => {
  const script = 'telephony cold\nrestart-step none\nsettle\ncrash standby\ncrash main\nrun 20s';
  const { narrative } = playScenario(script);
  const moves = narrative.filter((line) => line.includes('its gate is open')).length;
  assert.ok(moves < 20, `${moves} moves in 20 s`);
});
