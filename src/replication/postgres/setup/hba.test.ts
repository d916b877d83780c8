import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { findBlock, fitsHba, hbaBlock, withBlock } from './hba.ts';

const wanted = { database: 'asterisk', role: 'dualtone', peers: ['192.0.2.1', '2001:db8::1'], throughSsh: true };

test('the block goes in before everything and comes out without a byte changed', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '\n', '#', ' ', 'host', '\r', '\xff', '"') }), (rest) => {
      const block = hbaBlock(wanted);
      const found = findBlock(withBlock(rest, block));
      assert.deepEqual(found, { block, rest, first: true });
      const moved = findBlock(`host all all 0.0.0.0/0 trust\n${block}${rest}`);
      assert.equal(moved?.first, false);
      assert.equal(moved?.rest, `host all all 0.0.0.0/0 trust\n${rest}`);
    }),
  );
});

test('the role comes in by password alone, and is refused at the end by every way', () => {
  assert.equal(
    hbaBlock(wanted),
    `# >>> dualtone: written by \`dualtone database setup\`; do not edit >>>
local "asterisk" "dualtone" scram-sha-256
hostssl "asterisk" "dualtone" 192.0.2.1/32 scram-sha-256
hostssl "asterisk" "dualtone" 2001:db8::1/128 scram-sha-256
host "asterisk" "dualtone" 127.0.0.1/32 scram-sha-256
host "asterisk" "dualtone" ::1/128 scram-sha-256
local all,replication "dualtone" reject
host all,replication "dualtone" all reject
# <<< dualtone <<<
`,
  );
});

test('damaged marks are seen, and hostile names never get in', () => {
  const block = hbaBlock(wanted);
  for (const content of [
    block + block,
    block.split('\n').slice(1).join('\n'),
    block.split('\n').slice(0, 3).join('\n'),
    `x ${block}`,
  ])
    assert.equal(findBlock(content), null);
  for (const name of ['', 'a"b', 'a\nb', 'x'.repeat(64), 'a\\b']) {
    assert.equal(fitsHba(name), false);
    assert.throws(() => hbaBlock({ ...wanted, database: name }));
  }
  assert.throws(() => hbaBlock({ ...wanted, peers: ['0.0.0.0/0'] }));
});
