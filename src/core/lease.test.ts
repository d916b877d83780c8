import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { majority } from './lease.ts';
import type { Ask } from './message.ts';
import {
  answerTo,
  askOf,
  bootMemory,
  checkpoints,
  diskMemory,
  noArbiter,
  quickTiming,
  started,
  status,
} from './testing/builders.ts';
import { createNode, type TestNode, type Voice } from './testing/node.ts';
import { no, passiveNode, rivalServesFor, servingNode, servingRival, wellNode, yes } from './testing/situations.ts';

const serves = (node: TestNode): boolean => node.state.phase.name === 'serving' && node.state.gateOpen;
const heldEpoch = (node: TestNode): number => (node.state.lease.name === 'held' ? node.state.lease.epoch : 0);
const asks = (node: TestNode, question: Ask['question']): readonly Ask[] =>
  node.sent().filter((m): m is Ask => m.type === 'ask' && m.question === question);

/** A main that has begun within a boot, with these voices only. */
const mainWith = (count: number, voices: Readonly<Record<string, Voice>>): TestNode => {
  const node = wellNode({ arbiter: count === 0 ? noArbiter : checkpoints(count) });
  node.voices.clear();
  for (const [name, voice] of Object.entries(voices)) node.voices.set(name, voice);
  return node;
};

test('majorities: 2 of 3, 3 of 5, 2 of 2', () => {
  assert.deepEqual([majority(1), majority(3), majority(0)], [2, 3, 2]);
});

describe('winning', () => {
  interface Row {
    readonly name: string;
    readonly count: number;
    readonly voices: Readonly<Record<string, Voice>>;
    readonly wins: boolean;
  }
  const rows: readonly Row[] = [
    { name: 'by the rival’s word alone, no checkpoint answering', count: 1, voices: { standby: yes }, wins: true },
    { name: 'by the rival’s word alone, with three lost', count: 3, voices: { standby: yes }, wins: true },
    { name: 'k = 1: own vote and the checkpoint', count: 1, voices: { c1: yes }, wins: true },
    { name: 'k = 1: own vote alone', count: 1, voices: {}, wins: false },
    { name: 'k = 1: the checkpoint refuses', count: 1, voices: { c1: no('promised') }, wins: false },
    {
      name: 'k = 1: the rival refuses, the checkpoint agrees',
      count: 1,
      voices: { standby: no('rival'), c1: yes },
      wins: true,
    },
    { name: 'k = 3: own vote and two', count: 3, voices: { c1: yes, c3: yes }, wins: true },
    { name: 'k = 3: own vote and one', count: 3, voices: { c2: yes }, wins: false },
    {
      name: 'k = 3: own vote and one, two silent since a boot',
      count: 3,
      voices: { c1: yes, c2: no('silent'), c3: no('silent') },
      wins: false,
    },
    {
      name: 'k = 0: the rival’s word',
      count: 0,
      voices: { standby: () => ({ status: status('standby') }) },
      wins: true,
    },
  ];
  for (const { name, count, voices, wins } of rows) {
    test(`${name}: ${wins ? 'serves' : 'does not serve'}`, () => {
      const node = mainWith(count, voices);
      node.pass(1000);
      assert.equal(serves(node), wins);
      assert.equal(heldEpoch(node), wins ? 2 : 0);
    });
  }

  test('own vote is needed: promised to the rival, a majority of the others is not enough', () => {
    const promise = { holder: 'standby', epoch: 3, until: 10_500 } as const;
    const node = wellNode();
    node.voices.clear();
    node.voices.set('c1', yes);
    const other = createNode(node.settings, started(10_000, { boot: bootMemory({ promise, highest: 3 }) }));
    other.look = node.look;
    other.voices.set('c1', yes);
    other.pass(499);
    assert.equal(other.state.lease.name, 'none');
    other.pass(100);
    assert.ok(serves(other));
  });

  test('sounding out first: nobody is bound, and no epoch is taken, until enough would agree', () => {
    const node = mainWith(1, { c1: no('promised', { waitMs: 300 }) });
    node.pass(1000);
    assert.ok(asks(node, 'sound').length > 3);
    assert.ok(asks(node, 'sound').every((ask) => !ask.bind));
    assert.deepEqual(asks(node, 'ask'), []);
    assert.equal(node.state.boot.highest, 0);
    assert.deepEqual(node.gateActions(), ['close'], 'only the close of its beginning');
  });

  test('the ticket is in the kernel before the request leaves, and the grant comes last', () => {
    const node = mainWith(1, { standby: yes });
    node.passUntil('it serves', () => serves(node));
    const order = node.effects.flatMap((e) =>
      e.kind === 'gate'
        ? [e.action.type]
        : e.kind === 'send' && e.message.type === 'ask' && e.message.question === 'ask'
          ? ['ask']
          : [],
    );
    assert.deepEqual(order.filter((what) => what !== 'close').slice(0, 4), ['arm', 'ask', 'ask', 'grant']);
  });

  test('no kernel, no request', () => {
    const node = mainWith(1, { standby: yes, c1: yes });
    node.kernel = 'silent';
    node.pass(1000);
    assert.deepEqual(asks(node, 'ask'), []);
    assert.equal(node.state.phase.name, 'passive');
  });

  test('the lease counts from before the request was sent', () => {
    const node = mainWith(1, { standby: yes });
    node.passUntil('it serves', () => node.state.lease.name === 'held');
    const { lease } = node.state;
    assert.ok(lease.name === 'held');
    const [round] = lease.rounds;
    assert.ok(round !== undefined && round.armedAt < round.sentAt);
    assert.equal(lease.leaseUntil, round.armedAt + 560);
  });

  test('an answer counts once, and only for the request it answers', () => {
    const node = mainWith(3, {});
    node.voices.set('c1', (ask) => (ask.question === 'sound' ? {} : null));
    node.voices.set('c2', (ask) => (ask.question === 'sound' ? {} : null));
    node.passUntil('it asks', (s) => s.lease.name === 'asking' && s.boot.openUntil > 0);
    const [ask] = asks(node, 'ask');
    assert.ok(ask !== undefined);
    for (let i = 0; i < 3; i += 1) node.hear('c1', answerTo(ask));
    node.hear('c2', answerTo(ask, { seq: ask.seq - 1 }));
    node.hear('c2', answerTo(ask, { question: 'sound' }));
    node.hear('c2', answerTo(ask, { epoch: ask.epoch - 2 }));
    assert.equal(node.state.lease.name, 'asking');
    node.hear('c2', answerTo(ask));
    assert.equal(node.state.lease.name, 'held');
  });
});

describe('a request that does not win', () => {
  const voice: Voice = (ask) => (ask.question === 'ask' ? { yes: false, why: 'promised', waitMs: 50 } : {});
  const withdrawn = (): TestNode => {
    const node = mainWith(1, { c1: voice });
    node.passUntil('it withdraws', () => node.rules().includes('withdraw'));
    return node;
  };

  test('is withdrawn after askMs, and its epoch released to all', () => {
    const node = withdrawn();
    const asked = node.reasons.find((r) => r.rule === 'ask');
    const gone = node.reasons.find((r) => r.rule === 'withdraw');
    assert.equal(Math.round((gone?.at ?? 0) - (asked?.at ?? 0)), 80);
    const releases = node.effects.filter((e) => e.kind === 'send' && e.message.type === 'release');
    assert.deepEqual(
      releases.map((e) => (e.kind === 'send' ? e.to : '')),
      ['standby', 'c1'],
    );
    assert.equal(node.state.boot.releasedMain, 2);
    assert.equal(node.state.boot.promise, null, 'its own vote is free again');
  });

  test('is tried again after a random wait, under a new epoch', () => {
    const node = withdrawn();
    node.voices.set('c1', yes);
    node.passUntil('it serves', () => serves(node), 400);
    assert.equal(heldEpoch(node), 4);
  });

  test('opens no gate', () => assert.ok(!withdrawn().gateActions().includes('grant')));
});

describe('renewing', () => {
  test('at each heartbeat, in another slot, until its time', () => {
    const node = servingNode();
    node.pass(1000);
    assert.equal(asks(node, 'renew').length / 2, 10, 'to the rival and the checkpoint');
    const slots = node.effects.flatMap((e) => (e.kind === 'gate' && e.action.type === 'arm' ? [e.action.slot] : []));
    assert.deepEqual(
      slots.slice(0, 8).toSorted((a, b) => a - b),
      [0, 1, 2, 3, 4, 5, 6, 7],
    );
    assert.ok(node.gateActions().includes('grant'));
    assert.equal(heldEpoch(node), 2);
  });

  test('the rival’s word is enough with the checkpoint lost', () => {
    const node = servingNode();
    node.voices.delete('c1');
    node.pass(3000);
    assert.ok(serves(node));
  });

  test('the checkpoint’s is enough with the rival lost', () => {
    const node = servingNode();
    node.voices.delete('standby');
    node.pass(3000);
    assert.ok(serves(node));
  });

  test('a late yes grants nothing: the ticket is over', () => {
    const node = servingNode();
    node.voices.clear();
    node.pass(100);
    const renewal = asks(node, 'renew').at(-1);
    assert.ok(renewal !== undefined);
    node.pass(700);
    node.forget();
    node.hear('standby', answerTo(renewal));
    assert.ok(!node.gateActions().includes('grant'));
  });

  test('refused for a higher epoch: it asks again in place with a higher one', () => {
    const node = servingNode();
    node.voices.delete('standby');
    node.voices.set('c1', (ask) => (ask.epoch >= 8 ? {} : { yes: false, why: 'older', highest: 7 }));
    node.pass(1000);
    assert.equal(heldEpoch(node), 8);
    assert.ok(serves(node));
    assert.deepEqual(node.facts('raise-epoch'), { from: 2, to: 8 });
    assert.ok(!node.rules().includes('close'), 'it stopped nothing');
  });

  test('refused for another reason, it goes on asking until the lease is out', () => {
    const node = servingNode();
    node.voices.set('standby', no('rival', { status: status('standby') }));
    node.voices.set('c1', no('promised'));
    node.pass(400);
    assert.ok(serves(node));
    node.pass(300);
    assert.equal(node.state.phase.name, 'passive');
  });
});

describe('the lease runs out', () => {
  test('with nobody answering: the gate is closed and the right released after one lease', () => {
    const node = servingNode();
    node.voices.clear();
    const from = node.now;
    node.passUntil('it stops', (s) => s.phase.name === 'passive');
    assert.ok(node.now - from > 400 && node.now - from <= 562, `${node.now - from} ms`);
    assert.deepEqual(
      node.rules().filter((rule) => rule !== 'step'),
      ['checkpoints-lost', 'lease-out', 'close', 'may-serve'],
    );
    assert.deepEqual(node.notices(), ['checkpoints-lost', 'closing-lost']);
    assert.equal(node.state.boot.releasedMain, 2);
  });

  test('it asks again as soon as somebody answers', () => {
    const node = servingNode();
    node.voices.clear();
    node.pass(2000);
    node.voices.set('c1', yes);
    node.passUntil('it serves again', () => serves(node), 300);
    assert.equal(heldEpoch(node), 4);
  });

  test('onIsolation serve: the gate is held open, loudly, and votes end that', () => {
    const node = servingNode({ onIsolation: 'serve' });
    node.voices.clear();
    node.pass(2000);
    assert.ok(serves(node));
    assert.ok(node.state.lease.name === 'held' && node.state.lease.heldOpen);
    assert.deepEqual(
      node.notices().filter((n) => n !== 'checkpoints-lost'),
      ['serving-cut-off'],
    );
    node.voices.set('c1', yes);
    node.pass(300);
    assert.ok(node.state.lease.name === 'held' && !node.state.lease.heldOpen);
    assert.equal(node.state.boot.heldOpen, false);
  });
});

describe('hearing the rival', () => {
  test('who hears a claim never asks', () => {
    const node = passiveNode();
    rivalServesFor(node, 2, 5000);
    assert.equal(node.state.phase.name, 'passive');
    assert.deepEqual(asks(node, 'sound'), []);
  });

  test('one promise after the last claim it asks, with the checkpoint’s vote', () => {
    const node = passiveNode();
    rivalServesFor(node, 2, 1000);
    node.voices.delete('main');
    node.passUntil('it serves', () => serves(node));
    const last = node.state.rival.claimAt;
    assert.ok(node.now - last >= 600 && node.now - last < 620, `${node.now - last} ms`);
    assert.equal(heldEpoch(node), 3);
  });

  test('a holder yields at once to the rival’s own claim of a higher epoch', () => {
    const node = servingNode();
    node.hear('standby', askOf('standby', 'renew', 3));
    assert.equal(node.state.phase.name, 'closing');
    assert.deepEqual(node.facts('rival-claims-newer-epoch'), { epoch: 3 });
    assert.deepEqual(node.facts('close')['why'], 'yield');
  });

  test('and not to a lower one, nor to one that was released', () => {
    const node = servingNode();
    node.hear('standby', askOf('standby', 'renew', 1));
    assert.ok(serves(node));
    node.hear('standby', { type: 'release', role: 'standby', epoch: 3, addressee: null, ordered: false });
    node.hear('standby', askOf('standby', 'renew', 3));
    assert.ok(serves(node));
  });

  test('the rival’s answer that says it serves under a higher epoch is its own claim: yield, do not outbid it', () => {
    const node = servingNode({ arbiter: noArbiter });
    node.voices.set('standby', servingRival(node.settings, 5));
    node.voices.set('standby', (ask) => ({ ...servingRival(node.settings, 5)(ask), why: 'older' }));
    node.pass(200);
    assert.ok(!node.rules().includes('raise-epoch'), node.rules().join(' '));
    assert.notEqual(node.state.phase.name, 'serving');
  });

  test('a passive rival takes back its claim', () => {
    const node = passiveNode();
    node.hear('main', askOf('main', 'hello', 2));
    assert.ok(node.state.rival.claimAt < 0);
  });
});

test('epochs of a former life are never taken again', () => {
  const node = createNode(wellNode().settings, started(10_000, { boot: null, disk: diskMemory({ epochCeiling: 18 }) }));
  node.look = wellNode().look;
  node.voices.set('standby', yes);
  node.pass(999);
  assert.equal(node.state.lease.name, 'none', 'after a boot it listens for the longest promise');
  node.pass(200);
  assert.equal(heldEpoch(node), 20);
  assert.equal(node.state.disk.epochCeiling, 36);
});

describe('the agent is about to restart', () => {
  const tickets = (node: TestNode): readonly number[] =>
    node.effects.flatMap((e) => (e.kind === 'gate' && e.action.type === 'arm' ? [e.action.ms] : []));
  test('it renews for longer, and its successor goes on with that lease', () => {
    const node = servingNode();
    const at = node.now;
    node.feed({ kind: 'ending', at });
    node.pass(5);
    assert.ok(tickets(node).includes(960));
    assert.ok(asks(node, 'renew').some(({ restarts }) => restarts));
    assert.ok(node.state.lease.name === 'held' && node.state.lease.leaseUntil === at + 960);
    const next = createNode(node.settings, started(at + 900, { boot: node.state.boot, disk: node.state.disk }));
    assert.equal(next.state.phase.name, 'serving');
    assert.ok(next.state.lease.name === 'held' && Math.abs(next.state.lease.leaseUntil - (at + 960)) < 1);
    const late = createNode(node.settings, started(at + 970, { boot: node.state.boot, disk: node.state.disk }));
    assert.equal(late.state.phase.name, 'passive');
  });
  test('an ordinary renewal does not shorten it', () => {
    const node = servingNode();
    const at = node.now;
    node.feed({ kind: 'ending', at });
    node.pass(200);
    assert.ok(node.state.lease.name === 'held' && node.state.lease.leaseUntil === at + 960);
    assert.ok(node.state.boot.openUntil >= at + 1000);
  });
  test('where no votes are needed, for longer only by the word of the other node, which could take over by silence', () => {
    const node = servingNode({ arbiter: noArbiter });
    const at = node.now;
    const leaseUntil = (): number => (node.state.lease.name === 'held' ? node.state.lease.leaseUntil : 0);
    node.voices.set('standby', () => null);
    node.feed({ kind: 'ending', at });
    node.pass(20);
    assert.ok(tickets(node).includes(960));
    assert.ok(leaseUntil() < at + 960, 'not granted');
    node.voices.set('standby', yes);
    node.feed({ kind: 'ending', at: node.now });
    node.pass(5);
    assert.ok(leaseUntil() >= at + 20 + 955);
  });
  test('not where the restart is given no time', () => {
    const hurried = servingNode({ timing: { ...quickTiming, restartMs: 0 } });
    hurried.feed({ kind: 'ending', at: hurried.now });
    assert.deepEqual(tickets(hurried), []);
  });
  test('a passive node has nothing to renew', () => {
    const node = passiveNode();
    node.feed({ kind: 'ending', at: node.now });
    assert.deepEqual(tickets(node), []);
  });
});
