import assert from 'node:assert/strict';
import { test } from 'node:test';
import { followsBy } from './families.ts';

test('a family with all that is below it; `*` for any letters', () => {
  const follows = followsBy({ include: ['DND', 'AMPUSER/*/cf*', 'registrar/contact', 'CF?'], exclude: ['DND/1*'] });
  for (const path of ['DND/200', 'AMPUSER/100/cfb', 'AMPUSER/1/cf/x', 'registrar/contact/1;@2', 'CF?/1', 'DND/2\nx']) {
    assert.equal(follows(path), true, path);
  }
  for (const path of ['DND/1', 'DND/100', 'DNDX/2', 'dnd/2', 'AMPUSER/100/name', 'registrar', 'CFU/1', 'x/DND/2']) {
    assert.equal(follows(path), false, path);
  }
});

test('what is true on one node only never follows; nothing included is nothing', () => {
  const all = followsBy({ include: ['*', 'pbx/UUID'], exclude: [] });
  assert.equal(all('anything/at all'), true);
  for (const path of ['pbx/UUID', 'dundi/secret', 'subscription_persistence/x', 'MediaCache/x', 'dualtone/long']) {
    assert.equal(all(path), false, path);
  }
  assert.equal(followsBy({ include: [], exclude: [] })('DND/1'), false);
});
