/** docs/rules.md and the sources name the same rules, obstacles, notices and answers, with the same facts. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { rulesWithSentence } from './sentences.ts';
import { anyHappenings, anySettings, anyStart, play } from './testing/lives.ts';

const here = import.meta.dirname;
const page = readFileSync(join(here, '../../docs/rules.md'), 'utf8');

const sources = readdirSync(here, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.startsWith('testing'))
  .map((name) => readFileSync(join(here, name), 'utf8'))
  .join('\n');

const sectionOf = (heading: string): string => page.split(/^## /m).find((part) => part.startsWith(heading)) ?? '';
const rowsOf = (heading: string): readonly (readonly string[])[] =>
  sectionOf(heading)
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
const namesOf = (heading: string): readonly string[] =>
  rowsOf(heading)
    .map(([name = '']) => name.replaceAll('`', ''))
    .toSorted();
const found = (pattern: RegExp): readonly string[] =>
  [...new Set([...sources.matchAll(pattern)].map((match) => match[1] ?? ''))].toSorted();

const reasons = found(/because\(\s*d,\s*'([a-z-]+)'/g);

describe('docs/rules.md', () => {
  test('has a row for every reason, and for no other', () => {
    assert.ok(reasons.length > 25);
    assert.deepEqual(namesOf('Reasons'), reasons);
  });
  test('has a row for every obstacle, and for no other', () => {
    assert.deepEqual(namesOf('Obstacles'), found(/\bobstacle\(\s*'([a-z-]+)'/g));
  });
  test('has a row for every lack, and for no other', () => {
    const lacks = found(/\b(?:lacks\(|missing\.push\(\{ rule:)\s*'([a-z-]+)'/g);
    const obstacles = namesOf('Obstacles');
    assert.deepEqual(
      namesOf('Lacks'),
      lacks.filter((name) => !obstacles.includes(name)),
    );
  });
  test('has a row for every notice, and for no other', () => {
    const closing = ['handover', 'stop', 'yield', 'lost'].map((why) => `closing-${why}`);
    const names = found(/notify\(\s*d,[^,]+,\s*['`]([^'`]+)['`]/g).flatMap((name) =>
      name.includes('$') ? closing : [name],
    );
    assert.deepEqual(namesOf('Notices'), names.toSorted());
  });
  test('has a row for every answer, and for no other', () => {
    const answers = found(/reply\(\s*d,\s*(?:e|errand)\.id,\s*(?:true|false),\s*'([a-z-]+)'/g);
    assert.deepEqual(namesOf('Answers'), answers);
  });
  test('names every fact that a reason carries', () => {
    const factsByRule = new Map(
      rowsOf('Reasons').map(([name = '', , facts = '']) => [name.replaceAll('`', ''), facts]),
    );
    const missing = new Set<string>();
    const lives = fc.property(anySettings, anyStart, anyHappenings, (s, first, happenings) => {
      play(s, first, happenings, (_before, _event, decision) => {
        for (const { rule, facts } of decision.reasons) {
          for (const fact of Object.keys(facts)) {
            if (!factsByRule.get(rule)?.includes(`\`${fact}\``)) missing.add(`${rule}: ${fact}`);
          }
        }
      });
    });
    fc.assert(lives, { numRuns: 150, seed: 11 });
    assert.deepEqual([...missing], []);
  });
  test('has no cell left empty where a reason or notice means something', () => {
    for (const heading of ['Reasons', 'Obstacles', 'Lacks', 'Notices', 'Answers']) {
      for (const [name, meaning = ''] of rowsOf(heading)) assert.ok(meaning.length > 3, `${name}`);
    }
  });
});

test('every reason has a sentence, and every sentence a reason', () => {
  assert.deepEqual(rulesWithSentence().toSorted(), reasons);
});
