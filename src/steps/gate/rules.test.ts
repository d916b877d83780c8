import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { complaintIn } from './kernel.ts';
import { isIntact, parseListing, staleLines } from './listing.ts';
import { createMemory } from './memory.ts';
import { actionLines, blueprintOf, createLines, type GateSettings, hexOfIPv6 } from './rules.ts';

const settings: GateSettings = {
  slots: 3,
  sipPorts: [5060],
  iaxPort: null,
  mediaPorts: null,
  virtualAddresses: ['192.0.2.10'],
  probedAddresses: ['2001:db8::2'],
  forwarded: false,
  refuserPort: null,
};

/** A listing as `nft -j` gives it, of the tables that the settings make. */
const listed = (made: GateSettings): readonly string[] => {
  const { chains, sets, rules, families } = blueprintOf(made);
  return families.map((family) =>
    JSON.stringify({
      nftables: [
        { metainfo: { version: '1.0.6' } },
        { table: { family, name: 'dualtone' } },
        ...chains.filter((each) => each.family === family).map((chain) => ({ chain: { ...chain, table: 'dualtone' } })),
        ...sets.filter((each) => each.family === family).map((set) => ({ set: { ...set, table: 'dualtone' } })),
        ...rules.filter((each) => each.family === family).map((rule) => ({ rule: { ...rule, table: 'dualtone' } })),
      ],
    }),
  );
};

describe('the rules of the gate', () => {
  test('an armed slot loses its grant in the same transaction, in both tables', () => {
    assert.deepEqual(actionLines({ type: 'arm', slot: 2, ms: 560 }, settings), [
      'flush set inet dualtone slot2',
      'add element inet dualtone slot2 { 1 timeout 560ms }',
      'flush set arp dualtone slot2',
      'add element arp dualtone slot2 { 1 timeout 560ms }',
    ]);
  });

  test('a grant ends a hold; a close empties everything', () => {
    assert.ok(actionLines({ type: 'grant', slot: 0 }, settings).includes('flush set inet dualtone held'));
    assert.equal(actionLines({ type: 'close' }, settings).length, 2 * (settings.slots + 1));
  });

  test('no ARP table where no IPv4 address moves', () => {
    const lines = createLines(blueprintOf({ ...settings, virtualAddresses: ['2001:db8::10'] }));
    assert.ok(lines.every((line) => !line.includes(' arp ')));
    assert.ok(lines.some((line) => line.includes('0x20010db8000000000000000000000010')));
  });

  test('the base chains accept, and the last gated rule drops', () => {
    const { rules, chains } = blueprintOf(settings);
    assert.equal(
      rules.filter(({ chain, family }) => chain === 'gated' && family === 'inet').at(-1)?.text,
      'counter drop',
    );
    assert.ok(
      chains.filter(({ definition }) => definition !== '').every(({ definition }) => definition.includes('accept')),
    );
  });

  test('IPv6 addresses of every shape as numbers', () => {
    const expected = {
      '::': '0'.repeat(32),
      '::1': `${'0'.repeat(31)}1`,
      'fd00::10': 'fd000000000000000000000000000010',
      'fe80::': 'fe80000000000000000000000000'.padEnd(32, '0'),
      '1:2:3:4:5:6:7:8': '00010002000300040005000600070008',
      '::ffff:192.0.2.1': '00000000000000000000ffffc0000201',
    };
    for (const [address, hex] of Object.entries(expected)) assert.equal(hexOfIPv6(address), `0x${hex}`, address);
  });
});

describe('what the kernel holds', () => {
  const blueprint = blueprintOf(settings);

  test('the very rules are adopted', () => {
    assert.equal(isIntact(parseListing(listed(settings)), blueprint), true);
  });

  test('other settings, a missing table, a missing or an added rule are not', () => {
    assert.equal(isIntact(parseListing(listed({ ...settings, sipPorts: [5070] })), blueprint), false);
    assert.equal(isIntact(parseListing(listed(settings).slice(0, 1)), blueprint), false);
    assert.equal(isIntact(parseListing([]), blueprint), false);
    const [inet = '', arp = ''] = listed(settings);
    const items = (JSON.parse(inet) as { nftables: { rule?: unknown }[] }).nftables;
    const rule = items.findIndex((item) => item.rule !== undefined);
    const less = JSON.stringify({ nftables: items.toSpliced(rule, 1) });
    const more = JSON.stringify({ nftables: [...items, items[rule]] });
    assert.equal(isIntact(parseListing([less, arp]), blueprint), false);
    assert.equal(isIntact(parseListing([more, arp]), blueprint), false);
  });

  test('another version: its tables that are not needed, chains and sets go, its slots stay', () => {
    const stale = staleLines(
      parseListing(listed({ ...settings, slots: 4 })),
      blueprintOf({ ...settings, virtualAddresses: [] }),
    );
    assert.ok(stale.includes('delete table arp dualtone'));
    assert.ok(stale.includes('delete set inet dualtone slot3'));
    assert.ok(!stale.some((line) => line.includes('slot2')));
    assert.equal(stale.filter((line) => line.startsWith('delete chain inet dualtone version_')).length, 1);
  });
});

test('a complaint is told from the answer to the tag, with the remains of the former answer before it', () => {
  const tag = 'Error: syntax error, unexpected newline, expecting string\nanswer7q\n';
  assert.equal(complaintIn(tag), '');
  assert.equal(complaintIn(`        ^\n${tag}`), '');
  assert.equal(
    complaintIn(`        ^\nError: No such file or directory\nadd element inet x y { 1 }\n    ^\n${tag}`),
    'Error: No such file or directory',
  );
  assert.match(
    complaintIn(`netlink: Error: cache initialization failed: Operation not permitted\n${tag}`),
    /not permitted/,
  );
});

test('the memory keeps the granted ticket that runs longest, and forgets at a close', () => {
  const memory = createMemory();
  memory.note({ type: 'arm', slot: 0, ms: 500 }, 1000);
  assert.equal(memory.best(), null);
  memory.note({ type: 'grant', slot: 0 }, 1010);
  memory.note({ type: 'arm', slot: 1, ms: 500 }, 1100);
  assert.equal(memory.best()?.slot, 0);
  memory.note({ type: 'grant', slot: 1 }, 1110);
  assert.deepEqual(memory.best(), { slot: 1, ticket: { until: 1600, granted: true } });
  memory.note({ type: 'hold-open' }, 1200);
  assert.equal(memory.isHeld(), true);
  memory.note({ type: 'grant', slot: 1 }, 1210);
  assert.equal(memory.isHeld(), false);
  memory.note({ type: 'arm', slot: 1, ms: 500 }, 1300);
  assert.equal(memory.best()?.slot, 0, 'an armed slot has lost its grant');
  memory.note({ type: 'close' }, 1400);
  assert.equal(memory.best(), null);
});

describe('a node that refuses callers', () => {
  const refusing = { ...settings, sipPorts: [5060, 5061], virtualAddresses: [], refuserPort: 4579 };

  test('has three chains and a set more; one that is silent has none of them', () => {
    const added = (made: GateSettings): readonly string[] => {
      const { chains, sets } = blueprintOf(made);
      return [...chains, ...sets]
        .map(({ name }) => name)
        .filter((name) => /^(called|turned|aside|elsewhere)$/.test(name));
    };
    assert.deepEqual(added(refusing), ['called', 'turned', 'aside', 'elsewhere']);
    assert.deepEqual(added({ ...refusing, refuserPort: null }), []);
    assert.deepEqual(added({ ...refusing, sipPorts: [] }), []);
  });

  test('every way to Asterisk still goes through the slots: what is turned aside goes to the refuser and nowhere else', () => {
    const { rules } = blueprintOf(refusing);
    const of = (chain: string): readonly string[] =>
      rules.filter((rule) => rule.chain === chain).map(({ text }) => text);
    assert.equal(of('called').at(-1), 'counter drop');
    assert.equal(of('turned').at(-1), 'udp dport set 4579');
    for (const chain of ['called', 'turned'])
      assert.equal(of(chain).filter((text) => / @(slot\d|held) /.test(text)).length, refusing.slots + 1);
    assert.ok(of('input').some((text) => text === 'udp dport 4579 drop'));
  });

  test('is told for how long, over IP only, and to forget it', () => {
    const both = { ...refusing, virtualAddresses: ['192.0.2.10'] };
    assert.deepEqual(actionLines({ type: 'elsewhere', ms: 2000 }, both), [
      'flush set inet dualtone elsewhere',
      'add element inet dualtone elsewhere { 3 timeout 2000ms }',
    ]);
    assert.deepEqual(actionLines({ type: 'elsewhere', ms: 0 }, both), ['flush set inet dualtone elsewhere']);
  });
});
