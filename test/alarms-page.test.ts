import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { phrasesEn } from '../src/alarms/core/phrases-en.ts';
import { noticeTitlesFr } from '../src/alarms/core/phrases-fr.ts';
import { reference } from '../src/alarms/reference.ts';

test('docs/alarms.md has each alarm and what to do: `node src/alarms/reference.ts` writes it', async () => {
  const page = await readFile('docs/alarms.md', 'utf8');
  assert.ok(page.endsWith(reference()));
});

/** A notice in a source: its level and its code. */
const NOTICES = [
  /(?:notify|say|tell)\(\s*(?:\w+,\s*)?'(alarm|warning)',\s*'([a-z-]+)'/g,
  /level:\s*'(alarm|warning)',\s*code:\s*'([a-z-]+)'/g,
];

/** What needs no sentence of its own here. */
const WITHOUT = [
  // Seen in the facts, and told by a condition that has one.
  /^(alone|telephony-down|nobody-serves|memory-not-kept|halted|flapping|checkpoints-lost|replicator-ended|journal)$/,
  // Of data: its text ends with the remedy, which `dualtone status` shows as well.
  /^(database|mysql|files|merge|reload|collected)-/,
  // A process beside the agent, which starts it again; telephony does not notice.
  /^(alarms|checker|driller|replicator|reporter|switcher|web)-(ended|odd)$/,
  // Its text is the fault's own, with its remedy.
  /^preflight$/,
  /-not-kept$/,
];

test('every alarm and warning that the sources tell has its own “what to do”, in both languages', async () => {
  const found = new Map<string, string>();
  for (const file of globSync('src/**/*.ts').filter((path) => !/\.test\.ts$|\/testing\//.test(path))) {
    const source = await readFile(file, 'utf8');
    for (const pattern of NOTICES) for (const [, , code = ''] of source.matchAll(pattern)) found.set(code, file);
  }
  assert.ok(found.size > 35, `${found.size}: the patterns do not see them`);
  const wanting = [...found].filter(
    ([code]) =>
      !WITHOUT.some((pattern) => pattern.test(code)) &&
      !(`notice.${code}` in phrasesEn && (code === 'step-failed' || code in noticeTitlesFr)),
  );
  assert.deepEqual(wanting, []);
});
