import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { parseEnv } from './env-file.ts';
import { differingSettings, digestSettings } from './settings-digest.ts';
import { type EdgeSides, planEdge } from './target.ts';

/** Addresses that are prefixes of one another, which a textual substitution corrupts. */
const sides: EdgeSides = {
  main: { xivo: '10.0.0.1', cc: '10.0.0.10' },
  standby: { xivo: '10.0.0.11', cc: '10.0.0.110' },
};

const FILE = `# Edge of the site: XIVO_HOST=10.0.0.1 was the first one
XIVO_HOST=10.0.0.1
XIVOCC_HOST="10.0.0.10"   # the contact centre, formerly 10.0.0.1
  export TURN_ALLOWED_PEERS='10.0.0.1,10.0.0.10, 10.0.0.100 10.0.0.1/32'
XIVO_MDS_HOST_DEFAULT = 10.0.0.1 # 10.0.0.1
TURN_SERVER_SECRET="a#b=10.0.0.1"
EMPTY=
FQDN=edge.example.org\r
`;

const planned = (text: string, to: 'main' | 'standby' = 'standby') => {
  const plan = planEdge(text, sides, to);
  if (!plan.ok) assert.fail(plan.error.message);
  return plan.value;
};

describe('the four values of Edge', () => {
  test('change by key; comments, quoting, blanks, line ends and all other values stay byte for byte', () => {
    const { text, changes } = planned(FILE);
    assert.equal(
      text,
      `# Edge of the site: XIVO_HOST=10.0.0.1 was the first one
XIVO_HOST=10.0.0.11
XIVOCC_HOST="10.0.0.110"   # the contact centre, formerly 10.0.0.1
  export TURN_ALLOWED_PEERS='10.0.0.11,10.0.0.110, 10.0.0.100 10.0.0.11/32'
XIVO_MDS_HOST_DEFAULT = 10.0.0.11 # 10.0.0.1
TURN_SERVER_SECRET="a#b=10.0.0.1"
EMPTY=
FQDN=edge.example.org\r
`,
    );
    assert.deepEqual(
      changes.map(({ key }) => key),
      ['XIVO_HOST', 'XIVOCC_HOST', 'TURN_ALLOWED_PEERS', 'XIVO_MDS_HOST_DEFAULT'],
    );
  });

  test('there and back is the same file, and a second time changes nothing', () => {
    const there = planned(FILE).text;
    assert.deepEqual(planned(there).changes, []);
    assert.equal(planned(there, 'main').text, FILE);
  });

  test('a list that permits both sides is left as it is', () => {
    const both = FILE.replace("'10.0.0.1,", "'10.0.0.11,10.0.0.1,");
    assert.ok(
      !planned(both).changes.some(
        ({ key, to }) => key === 'TURN_ALLOWED_PEERS' && !to.startsWith('10.0.0.11,10.0.0.1,'),
      ),
    );
  });

  const refused: readonly (readonly [string, string, string])[] = [
    [
      'one value is unknown',
      FILE.replace('XIVO_MDS_HOST_DEFAULT = 10.0.0.1 ', 'XIVO_MDS_HOST_DEFAULT = 10.0.0.2 '),
      'edge-value-unknown',
    ],
    ['one key is missing', FILE.replace('XIVOCC_HOST', 'OTHER_HOST'), 'env-key-missing'],
    ['one key stands there twice', `${FILE}XIVO_HOST=10.0.0.11\n`, 'env-key-twice'],
    [
      'a peer list knows neither side',
      FILE.replace("'10.0.0.1,10.0.0.10, 10.0.0.100 10.0.0.1/32'", "'10.0.0.100'"),
      'edge-value-unknown',
    ],
    ['a quote does not end', FILE.replace('"10.0.0.10"', '"10.0.0.10'), 'env-file-odd'],
  ];
  for (const [name, text, code] of refused) {
    test(`none is changed where ${name}`, () => {
      const plan = planEdge(text, sides, 'standby');
      assert.equal(plan.ok ? plan.value.changes : plan.error.code, code);
    });
  }

  test('any two different addresses: a switch changes whole values only, and the way back restores every byte', () => {
    const octet = fc.integer({ min: 1, max: 30 });
    const addresses = fc.uniqueArray(
      fc.tuple(octet, octet).map(([c, d]) => `10.1.${c}.${d}`),
      { minLength: 4, maxLength: 4 },
    );
    fc.assert(
      fc.property(addresses, fc.constantFrom(',', ' ', ';', ', '), ([a = '', b = '', c = '', d = ''], comma) => {
        // The third in the list is nobody's: a side's own would move, and one that is wanted already is left as it is, told elsewhere.
        fc.pre(![b, c, d].includes(`${a}0`));
        const pair: EdgeSides = { main: { xivo: a, cc: b }, standby: { xivo: c, cc: d } };
        const file = `A=${a}0\nXIVO_HOST=${a}\nXIVOCC_HOST=${b}\nTURN_ALLOWED_PEERS=${a}0${comma}${a}${comma}${b}\nXIVO_MDS_HOST_DEFAULT="${a}"\n`;
        const there = planEdge(file, pair, 'standby');
        assert.ok(there.ok);
        assert.equal(
          there.value.text,
          `A=${a}0\nXIVO_HOST=${c}\nXIVOCC_HOST=${d}\nTURN_ALLOWED_PEERS=${a}0${comma}${c}${comma}${d}\nXIVO_MDS_HOST_DEFAULT="${c}"\n`,
        );
        const back = planEdge(there.value.text, pair, 'main');
        assert.equal(back.ok ? back.value.text : back.error.message, file);
      }),
    );
  });
});

test('a value is read as Compose reads it', () => {
  const entries = parseEnv('A=1 # no\nB="x # y" # z\nC=a#b\n#D=4\n=5\nE\n');
  assert.deepEqual(entries.ok && entries.value.map(({ key, value }) => [key, value]), [
    ['A', '1'],
    ['B', 'x # y'],
    ['C', 'a#b'],
  ]);
});

test('settings are compared by digest: who differs is told, what they are is not', () => {
  const keys = ['TURN_', 'EDGE_'];
  const digest = (text: string, nonce = 'n') => {
    const digests = digestSettings(text, keys, nonce);
    assert.ok(digests.ok);
    return digests.value;
  };
  const one = digest('XIVO_HOST=10.0.0.1\nTURN_SERVER_SECRET=s3cret\nEDGE_HOST=edge\n');
  const quoted = digest('EDGE_HOST="edge"\nTURN_SERVER_SECRET=\'s3cret\'\n');
  const other = digest('TURN_SERVER_SECRET=other\n');
  assert.deepEqual(
    differingSettings(
      new Map([
        ['xivo1', one],
        ['xivo2', quoted],
      ]),
    ),
    [],
  );
  assert.deepEqual(
    differingSettings(
      new Map([
        ['xivo1', one],
        ['xivo2', quoted],
        ['cc2', other],
      ]),
    ),
    [
      { key: 'TURN_SERVER_SECRET', groups: [['xivo1', 'xivo2'], ['cc2']], missing: [] },
      { key: 'EDGE_HOST', groups: [['xivo1', 'xivo2']], missing: ['cc2'] },
    ],
  );
  assert.notEqual(
    one['EDGE_HOST'],
    digest('EDGE_HOST=edge\n', 'another')['EDGE_HOST'],
    'a digest is worth nothing later',
  );
  assert.ok(!JSON.stringify(one).includes('s3cret'));
});
