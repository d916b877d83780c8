/** What a node tells of a rival that it does not hear, by the word that a voter passes on. No decision rests on it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { explain } from './explain.ts';
import type { Status } from './message.ts';
import { byEtcd, releaseOf, status } from './testing/builders.ts';
import type { TestNode, Voice } from './testing/node.ts';
import { no, passiveNode, servingNode } from './testing/situations.ts';
import { rivalOf } from './words.ts';

const switchover = { name: 'switchover', whenIdle: false, maxWaitMs: 0 } as const;

/** The voter passes on what the rival said `agoMs` ago, and votes for nobody here. */
const passesOn = (node: TestNode, said: Partial<Status>, agoMs = 20): Voice => {
  const word = status(rivalOf(node.settings.role), said);
  return (ask) => ({
    ...no('promised', { waitMs: 300 })(ask),
    heard: { agoMs, status: { ...word, at: node.now - agoMs } },
  });
};

const voterOf = (node: TestNode): string => node.state.voters[0]?.name ?? '';

/** The two do not hear each other any more; their voter hears both. */
const cutFromRival = (node: TestNode, said: Partial<Status>, agoMs?: number): TestNode => {
  node.voices.delete(rivalOf(node.settings.role));
  node.voices.set(voterOf(node), passesOn(node, said, agoMs));
  return node;
};

const textOf = (node: TestNode, code: string): string => {
  const found = node.effects.findLast((e) => (e.kind === 'notify' || e.kind === 'reply') && e.code === code);
  return found?.kind === 'notify' || found?.kind === 'reply' ? found.text : '';
};

for (const [by, arbiter] of [
  ['etcd', { arbiter: byEtcd() }],
  ['a checkpoint', {}],
] as const) {
  describe(`a rival that is heard by ${by} alone`, () => {
    test('serves: nobody is told that nobody does', () => {
      const node = cutFromRival(passiveNode(arbiter), { holding: 2 });
      node.pass(20_000);
      assert.deepEqual(
        node.notices().filter((code) => code === 'nobody-serves'),
        [],
      );
    });

    test('its word holds for a promise, and no longer', () => {
      const node = cutFromRival(passiveNode(arbiter), { holding: 2 }, 590);
      node.pass(10_000);
      assert.ok(!node.notices().includes('nobody-serves'));
      node.voices.set(voterOf(node), passesOn(node, { holding: 2 }, 610));
      node.pass(6500);
      assert.ok(node.notices().includes('nobody-serves'));
    });

    test('a person’s switchover is answered once it says that it serves', () => {
      const node = servingNode(arbiter);
      node.voices.delete('standby');
      node.voices.set(voterOf(node), (ask) => ({
        heard: { agoMs: 20, status: status('standby', { at: node.now - 20 }) },
        yes: ask.question !== 'hello',
      }));
      node.pass(1000);
      node.command(switchover);
      node.pass(50);
      assert.equal(node.state.phase.name, 'passive');
      assert.deepEqual(node.replies(), []);
      node.voices.set(voterOf(node), passesOn(node, { holding: 3 }));
      node.pass(200);
      assert.deepEqual(node.replies(), ['done']);
      assert.equal(textOf(node, 'done'), 'The other node serves now.');
    });

    test('is told where it is asked for, and by whom it is known', () => {
      const node = cutFromRival(passiveNode(arbiter), { holding: 2 });
      node.pass(1000);
      const { votes, text } = explain(node.settings, node.state, node.now);
      const word = by === 'etcd' ? 'as its word in etcd says' : 'as a checkpoint tells';
      assert.match(votes[1]?.text ?? '', new RegExp(`is silent: .*; the main serves under epoch 2, ${word}`));
      assert.match(
        text,
        /This node does not serve: it does not hear the other node; the main serves under epoch 2, as/,
      );
      node.command(switchover);
      assert.deepEqual(node.replies(), ['rival-unheard']);
      node.command({ name: 'failback', whenIdle: false, maxWaitMs: 0 });
      assert.deepEqual(node.replies(), ['rival-unheard', 'already-at-main']);
    });

    test('and a takeover that does not come about says why', () => {
      const node = cutFromRival(passiveNode(arbiter), { holding: 2 });
      node.pass(1000);
      node.command({ name: 'takeover', confirmed: false });
      node.pass(10_500);
      assert.match(textOf(node, 'not-reached'), /did not come about in time: the main serves under epoch 2, as/);
    });

    test('votes decide, whatever it says', () => {
      const node = cutFromRival(passiveNode(arbiter), { holding: 2 });
      node.pass(1000);
      node.voices.set(voterOf(node), () => ({ heard: { agoMs: 20, status: status('main', { holding: 2 }) } }));
      node.pass(1000);
      assert.equal(node.state.phase.name, 'serving');
    });
  });
}

test('what a rival has given back it does not serve under, however late its word comes by another way', () => {
  const node = passiveNode();
  node.voices.set('c1', no('silent'));
  node.hear('main', releaseOf('main', 2));
  cutFromRival(node, { holding: 2 });
  node.pass(7500);
  assert.ok(node.notices().includes('nobody-serves'));
});

test('a main that fell silent long ago is not said to serve', () => {
  const node = passiveNode();
  node.voices.clear();
  node.pass(2000);
  node.command({ name: 'failback', whenIdle: false, maxWaitMs: 0 });
  assert.deepEqual(node.replies(), ['nobody-serves']);
});

test('an order that handed over to one who is not heard of since says so', () => {
  const node = servingNode();
  node.command(switchover);
  node.voices.clear();
  node.pass(11_000);
  assert.match(
    textOf(node, 'not-reached'),
    /this node has handed over, and the other has not been heard to serve since/,
  );
});
