import assert from 'node:assert/strict';
import { SocketAddress } from 'node:net';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { newSecret, parseToken, printToken, proofOf, sameProof, type Token, tokenName } from './token.ts';

const tokens: fc.Arbitrary<Token> = fc.record({
  kind: fc.constantFrom('node', 'checkpoint'),
  address: fc.oneof(
    fc.ipV4(),
    fc.ipV6().map((address) => new SocketAddress({ address, family: 'ipv6' }).address),
  ),
  port: fc.integer({ min: 1, max: 65_535 }),
  pin: fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((bytes) => `sha256:${Buffer.from(bytes).toString('base64url')}`),
  secret: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes)),
  untilSeconds: fc.nat({ max: 0xffff_ffff }),
});

test('a token is read as it was printed, with white space around it', () => {
  fc.assert(
    fc.property(tokens, (token) => {
      const read = parseToken(` ${printToken(token)}\n`);
      assert.ok(read.ok);
      assert.deepEqual(read.value, { ...token });
    }),
  );
});

test('a token with a letter changed, lost or added is none', () => {
  fc.assert(
    fc.property(tokens, fc.nat(), fc.constantFrom('change', 'lose', 'add'), (token, where, how) => {
      const text = printToken(token);
      const at = 4 + (where % (text.length - 4));
      // The last letter has bits that mean nothing.
      if (at === text.length - 1 && how === 'change') return;
      const letter = text[at] === 'A' ? 'B' : 'A';
      const spoilt = text.slice(0, at) + (how === 'lose' ? '' : letter) + text.slice(how === 'add' ? at : at + 1);
      const read = parseToken(spoilt);
      assert.equal(read.ok ? 'read' : read.error.code, 'pairing-token-malformed');
    }),
  );
});

test('a proof holds on one connection, between two keys, in one direction', () => {
  const secret = newSecret();
  const binding = { exported: Buffer.alloc(32, 1), inviter: 'sha256:a', joiner: 'sha256:b' };
  const proof = proofOf(secret, 'joiner', binding);
  assert.ok(sameProof(proof, proofOf(secret, 'joiner', binding)));
  const others = [
    proofOf(secret, 'inviter', binding),
    proofOf(secret, 'joiner', { ...binding, exported: Buffer.alloc(32, 2) }),
    proofOf(secret, 'joiner', { ...binding, joiner: 'sha256:c' }),
    proofOf(secret, 'joiner', { ...binding, inviter: 'sha256:c' }),
    proofOf(newSecret(), 'joiner', binding),
    '',
  ];
  for (const other of others) assert.equal(sameProof(proof, other), false);
  assert.ok(!tokenName(secret).includes(secret.toString('hex').slice(0, 8)));
});
