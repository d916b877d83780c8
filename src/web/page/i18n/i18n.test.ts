import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { rulesWithSentence } from '../../../core/sentences.ts';
import { createFormat } from '../../../language/format.ts';
import { lackFr, lacksInFrench } from '../../../language/lacks-fr.ts';
import { filled } from '../../../language/translator.ts';
import { en, type Key } from './en.ts';
import { fr } from './fr.ts';
import { rulesInFrench, sentenceFr } from './sentences-fr.ts';
import { createTranslator, preferred } from './translate.ts';

const keys = Object.keys(en) as readonly Key[];
const holes = (text: string): readonly string[] =>
  [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').toSorted();

test('both languages have the same keys, in the same order', () => {
  assert.deepEqual(Object.keys(fr), keys);
});

test('both languages fill in the same', () => {
  for (const key of keys) assert.deepEqual(holes(fr[key]), holes(en[key]), key);
});

test('no text is empty, and French is French', () => {
  // Words that both languages share.
  const shared = new Set('Attention|Journal|Maintenance|Mode|simulation|✓ Dualtone|! Dualtone|? Dualtone'.split('|'));
  const alike = keys.filter((key) => fr[key] === en[key] && /\p{L}{4}/u.test(fr[key].replaceAll(/\{\w+\}/g, '')));
  assert.deepEqual(
    alike.filter((key) => !shared.has(fr[key])),
    [],
  );
  for (const key of keys) assert.notEqual(fr[key].trim(), '', key);
});

test('the forms of a number come in pairs', () => {
  for (const key of keys.filter((each) => each.endsWith('_one'))) assert.ok(key.replace(/_one$/, '_other') in en, key);
});

test('French puts a space that does not break before double signs', () => {
  for (const key of keys) assert.doesNotMatch(fr[key], / [:;?!]/, key);
});

test('numbers take the form of their language', () => {
  const [english, french] = [createTranslator('en'), createTranslator('fr')];
  assert.deepEqual(
    [0, 1, 2].map((n) => english.count('calls', n)),
    ['0 calls', '1 call', '2 calls'],
  );
  assert.deepEqual(
    [0, 1, 2].map((n) => french.count('calls', n)),
    ['0 appel', '1 appel', '2 appels'],
  );
});

test('a missing parameter stays visible, a word without translation is itself', () => {
  assert.equal(filled('{a} and {b}', { a: 1 }), '1 and {b}');
  assert.equal(createTranslator('fr').word('phase', 'passive'), 'passif');
  assert.equal(createTranslator('fr').word('phase', 'unheard-of'), 'unheard-of');
});

test('the first language that the page has is taken', () => {
  assert.equal(preferred(['de-CH', 'fr-CA', 'en']), 'fr');
  assert.equal(preferred(['de']), 'en');
});

test('each rule of the core has a French sentence, and no other has', () => {
  assert.deepEqual(rulesInFrench().toSorted(), rulesWithSentence().toSorted());
  assert.equal(sentenceFr({ rule: 'unheard-of', facts: {} }), null);
  assert.match(sentenceFr({ rule: 'lease-out', facts: { epoch: 8 } }) ?? '', /bail de l’époque 8/);
});

test('each obstacle and lack of the core has a French sentence, and no other has', () => {
  const rules = readFileSync(new URL('../../../../docs/rules.md', import.meta.url), 'utf8');
  const names = ['Obstacles', 'Lacks'].flatMap((heading) => {
    const part = rules.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? '';
    return [...part.matchAll(/^\| `([a-z-]+)` /gm)].map(([, name]) => name ?? '');
  });
  assert.ok(names.length > 12);
  assert.deepEqual(lacksInFrench().toSorted(), names.toSorted());
  for (const name of names) assert.doesNotMatch(lackFr(name) ?? '', /^$| [:;?!]/, name);
});

test('spans, bytes and moments', () => {
  const [english, french] = [createFormat('en', 'UTC'), createFormat('fr', 'UTC')];
  const spans = [0, 999, 1150, 9949, 9960, 119_000, 240_000, 7_200_000, 7_800_000, 200_000_000];
  assert.deepEqual(spans.map(english.span), [
    '0 ms',
    '999 ms',
    '1.2 s',
    '9.9 s',
    '10 s',
    '119 s',
    '4 min',
    '2 h',
    '2 h 10 min',
    '2 d 7 h',
  ]);
  assert.equal(french.span(1150), '1,2 s');
  assert.equal(french.span(200_000_000), '2 j 7 h');
  assert.deepEqual([0, 999, 1500, 2_000_000].map(english.bytes), ['0 B', '999 B', '1.5 kB', '2 MB']);
  assert.equal(french.bytes(1500), '1,5 ko');
  const noon = Date.UTC(2026, 10, 21, 12, 0, 0);
  assert.equal(english.moment(noon, noon + 1000), '12:00:00');
  assert.equal(english.moment(noon - 86_400_000, noon), '20 Nov 2026, 12:00:00');
  assert.equal(english.stamp(noon + 7), '21 Nov 2026, 12:00:00.007');
});
