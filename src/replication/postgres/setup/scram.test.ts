import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPlainPassword, scramVerifier, verifierFits } from './scram.ts';

test('a verifier fits its password and no other, and never holds it', () => {
  const verifier = scramVerifier('correct-horse');
  assert.match(verifier, /^SCRAM-SHA-256\$4096:/);
  assert.ok(!verifier.includes('horse'));
  assert.notEqual(scramVerifier('correct-horse'), verifier);
  assert.equal(verifierFits(verifier, 'correct-horse'), true);
  for (const other of ['correct-horsf', '', 'correct-horse ']) assert.equal(verifierFits(verifier, other), false);
  for (const stored of [null, '', 'md5abc', 'correct-horse', `${verifier}x$`])
    assert.equal(verifierFits(stored, 'correct-horse'), false);
});

test('only what SASLprep leaves alone is fit for a password', () => {
  for (const fit of ['12345678', 'a'.repeat(200), '~!@#$%^&*()']) assert.equal(isPlainPassword(fit), true);
  for (const unfit of ['1234567', 'a'.repeat(201), 'with space', 'unsichtbar­', 'pässword', 'new\nline1'])
    assert.equal(isPlainPassword(unfit), false);
});
