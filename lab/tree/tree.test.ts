import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fail } from '../../src/core/result.ts';
import { builderArgv } from './build.ts';
import { pickAptOptions, pickMirror } from './mirror.ts';
import { recipeKey, recipes, recipesByKind } from './recipe.ts';
import { ensureTree } from './tree.ts';

test('the mirror is Debian main of this machine, not security, not somebody else’s archive', () => {
  const targets = [
    'Nobody|Nobody|main|https://packages.example/other/|Packages',
    'Debian|Debian-Security|main|http://mirror.example/debian-security/|Packages',
    'Debian|Debian|contrib|http://mirror.example/contrib/|Packages',
    'Debian|Debian|main|http://mirror.example/debian/|Packages',
  ];
  assert.equal(pickMirror(targets.join('\n')), 'http://mirror.example/debian');
  assert.equal(pickMirror(targets.slice(0, 3).join('\n')), undefined);
});

test('of apt’s settings only those that reach and accept the mirror are carried', () => {
  const dump = [
    'APT::Architecture "amd64";',
    'Acquire::http::Proxy "http://proxy.example:3128";',
    'Acquire::Check-Valid-Until "false";',
    'Acquire::AllowInsecureRepositories "true";',
    'DPkg::Post-Invoke:: "touch /x";',
  ];
  assert.deepEqual(pickAptOptions(dump.join('\n')), [dump[1], dump[2]]);
});

test('the builder never turns signatures off', () => {
  for (const recipe of Object.values(recipesByKind).flat()) {
    const argv = builderArgv(recipe, { uri: 'http://mirror.example/debian', aptOptions: [] }, '/tmp/root');
    assert.doesNotMatch(argv.join(' '), /insecure|trusted|allow-unauth|no-check/i);
    assert.ok(argv.some((word) => word.startsWith('--include=') && word.includes('asterisk')));
  }
});

test('a changed recipe is another tree', () => {
  const [recipe] = recipes;
  assert.ok(recipe !== undefined);
  assert.equal(recipeKey(recipe), recipeKey({ ...recipe }));
  assert.notEqual(recipeKey(recipe), recipeKey({ ...recipe, packages: [...recipe.packages, 'sngrep'] }));
});

test('a XiVO has a tree of its own, with what the usual one lacks', () => {
  const usual = recipesByKind.usual.map(recipeKey);
  for (const recipe of recipesByKind.xivo) {
    assert.ok(!usual.includes(recipeKey(recipe)));
    for (const name of ['monit', 'isc-dhcp-server']) assert.ok(recipe.packages.includes(name), name);
  }
  const [first] = recipesByKind.xivo;
  assert.ok(first !== undefined);
  const argv = builderArgv(first, { uri: 'http://mirror.example/debian', aptOptions: [] }, '/tmp/root');
  assert.deepEqual(argv.slice(-2), [
    'deb http://mirror.example/debian sid main',
    'deb http://mirror.example/debian bookworm main',
  ]);
});

test('an unknown suite is a fault with the known ones', async () => {
  assert.deepEqual(
    await ensureTree({ suite: 'woody' }),
    fail('suite-unknown', 'no recipe for suite woody', 'use sid or bullseye'),
  );
});
