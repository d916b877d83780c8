import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doBlock, qualify, quoteName, quoteNames, quoteValue } from './identifier.ts';

test('names are quoted whatever they hold', () => {
  assert.equal(quoteName('queue-call "x"; DROP TABLE y --'), '"queue-call ""x""; DROP TABLE y --"');
  assert.equal(qualify('public', 'Queue'), '"public"."Queue"');
  assert.equal(quoteNames(['a', 'b-c'], 't'), 't."a", t."b-c"');
  assert.throws(() => quoteName('a\0b'));
  assert.throws(() => quoteName(''));
});

test('values are quoted alike under both readings of a backslash', () => {
  assert.equal(quoteValue("it's"), "'it''s'");
  assert.equal(quoteValue("\\'; DROP"), "E'\\\\''; DROP'");
  assert.throws(() => quoteValue('a\0'));
});

test('a block ends where it ends, whatever names it holds', () => {
  assert.equal(doBlock(`drop table ${quoteName("x$d$'")};`), `do 'begin drop table "x$d$''"; end'`);
});
