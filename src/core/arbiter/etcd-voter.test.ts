import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer, Message } from '../message.ts';
import { askOf, byEtcd, orders, releaseOf } from '../testing/builders.ts';
import { servingNode } from '../testing/situations.ts';
import type { Role } from '../words.ts';
import type { EtcdRecord } from './etcd-record.ts';
import {
  decideEtcd,
  type EtcdDecision,
  type EtcdReply,
  type EtcdRequest,
  type EtcdVoter,
  startEtcdVoter,
} from './etcd-voter.ts';

const PROMISES = { promiseMs: 600, restartMs: 400 };
const CLUSTER = 'c1';

/** One value, and nodes that reach it at once. */
const store = () => {
  let revision = 0;
  let record: EtcdRecord | 'foreign' | null = null;
  return {
    carryOut({ put }: EtcdRequest): EtcdReply {
      const isPut = put !== null && put.ifRevision === revision;
      if (isPut) {
        revision += 1;
        ({ record } = put);
      }
      return { cluster: CLUSTER, isPut, revision, record };
    },
    set(to: number, value: EtcdRecord | 'foreign' | null): void {
      revision = to;
      record = value;
    },
    get: () => ({ revision, record }),
  };
};

type Store = ReturnType<typeof store>;

class Node {
  voter: EtcdVoter;
  now = 10_000;
  readonly troubles: string[] = [];
  private readonly etcd: Store;
  constructor(role: Role, etcd: Store) {
    this.voter = startEtcdVoter({ role, promises: PROMISES, cluster: CLUSTER });
    this.etcd = etcd;
  }
  private take(decision: EtcdDecision): readonly Message[] {
    this.voter = decision.voter;
    if (decision.trouble !== null) this.troubles.push(decision.trouble);
    return decision.tells;
  }
  told(message: Message): EtcdDecision {
    const decision = decideEtcd(this.voter, { kind: 'told', at: this.now, wall: this.now, message });
    this.take(decision);
    return decision;
  }
  reply(request: EtcdRequest, change: Partial<EtcdReply> = {}): EtcdDecision {
    const reply = { ...this.etcd.carryOut(request), ...change };
    const decision = decideEtcd(this.voter, { kind: 'reply', at: this.now, wall: this.now, op: request.op, reply });
    this.take(decision);
    return decision;
  }
  /** Tells it, and lets etcd answer until it asks no more. */
  say(message: Message): readonly Message[] {
    let decision = this.told(message);
    const tells = [...decision.tells];
    while (decision.request !== null) {
      decision = this.reply(decision.request);
      tells.push(...decision.tells);
    }
    return tells;
  }
  answer(message: Message): Answer | null {
    return this.say(message).find((each) => each.type === 'answer') ?? null;
  }
  /** Looks on at each heartbeat for so long. */
  watch(ms: number): void {
    for (const end = this.now + ms; this.now < end; this.now += 100)
      this.say(askOf(this.voter.settings.role, 'hello', 0));
  }
}

const pair = (): { readonly etcd: Store; readonly main: Node; readonly standby: Node } => {
  const etcd = store();
  const [main, standby] = [new Node('main', etcd), new Node('standby', etcd)];
  main.watch(1100);
  standby.watch(1100);
  return { etcd, main, standby };
};

test('who has just begun to look gives no vote for the longest promise', () => {
  const node = new Node('main', store());
  assert.equal(node.answer(askOf('main', 'ask', 2))?.why, 'silent');
  node.watch(1000);
  assert.equal(node.answer(askOf('main', 'ask', 2))?.yes, true);
});
test('what one was promised the other is refused, until it has watched it stand still for a promise', () => {
  const { main, standby } = pair();
  assert.equal(main.answer(askOf('main', 'ask', 2))?.yes, true);
  assert.equal(standby.answer(askOf('standby', 'ask', 3))?.why, 'promised');
  standby.watch(500);
  main.answer(askOf('main', 'renew', 2));
  standby.watch(500);
  assert.equal(standby.answer(askOf('standby', 'ask', 3))?.why, 'promised', 'it was renewed meanwhile');
  standby.watch(600);
  assert.equal(standby.answer(askOf('standby', 'ask', 3))?.yes, true);
  assert.equal(main.answer(askOf('main', 'renew', 2))?.yes, false);
});
test('who looked away begins to watch anew', () => {
  const { main, standby } = pair();
  main.answer(askOf('main', 'ask', 2));
  standby.watch(100);
  standby.now += 5000;
  assert.equal(standby.answer(askOf('standby', 'ask', 3))?.why, 'promised');
});
test('a put that was overtaken is decided anew by what stands there', () => {
  const { etcd, main, standby } = pair();
  const { request } = main.told(askOf('main', 'ask', 2));
  assert.ok(request?.put);
  assert.equal(standby.answer(askOf('standby', 'ask', 3))?.yes, true);
  const after = main.reply(request);
  assert.equal(after.request, null, 'nothing is put over the other’s promise');
  assert.ok(after.tells[0]?.type === 'answer' && !after.tells[0].yes);
  const { record } = etcd.get();
  assert.equal(record !== 'foreign' && record?.promise?.holder, 'standby');
});
test('no answer, or a late one, is no vote; what took effect unheard is found', () => {
  const { etcd, main } = pair();
  const { request } = main.told(askOf('main', 'ask', 2));
  assert.ok(request);
  const reply = etcd.carryOut(request);
  const failed = decideEtcd(main.voter, { kind: 'failed', at: main.now, wall: 0, op: request.op });
  assert.deepEqual(failed.tells, []);
  main.voter = failed.voter;
  const late = decideEtcd(main.voter, { kind: 'reply', at: main.now, wall: 0, op: request.op, reply });
  assert.deepEqual(late.tells, []);
  assert.equal(main.answer(askOf('main', 'ask', 2))?.yes, true);
});
test('another cluster, and a value that is not the pair’s, give no vote and are told', () => {
  const { etcd, main } = pair();
  const { request } = main.told(askOf('main', 'ask', 2));
  assert.ok(request);
  assert.deepEqual(main.reply(request, { cluster: 'c2' }).tells, []);
  etcd.set(40, 'foreign');
  assert.deepEqual(main.say(askOf('main', 'ask', 2)), []);
  assert.deepEqual([...new Set(main.troubles)], ['other-cluster', 'foreign-value']);
  assert.deepEqual(etcd.get(), { revision: 40, record: 'foreign' });
});
test('a store that was put back gives no vote for the longest promise', () => {
  const { etcd, main } = pair();
  const old = etcd.get();
  main.answer(askOf('main', 'ask', 8));
  etcd.set(old.revision, old.record === 'foreign' ? null : old.record);
  assert.equal(main.answer(askOf('main', 'ask', 10))?.why, 'silent');
  assert.deepEqual(main.troubles, ['went-back']);
  main.watch(1000);
  assert.equal(main.answer(askOf('main', 'ask', 10))?.yes, true);
});
test('a holder whose agent was restarted renews its own term at once, and takes no new one', () => {
  const { etcd, main } = pair();
  main.answer(askOf('main', 'ask', 2));
  const restarted = new Node('main', etcd);
  assert.equal(restarted.answer(askOf('main', 'ask', 4))?.why, 'silent');
  assert.equal(restarted.answer(askOf('main', 'renew', 2))?.yes, true);
});
test('a release is kept until etcd has it, and told to whom the right was handed', () => {
  const { main, standby } = pair();
  main.answer(askOf('main', 'ask', 2));
  standby.watch(100);
  const { request } = main.told(releaseOf('main', 2, { addressee: 'standby' }));
  assert.ok(request?.put);
  main.voter = decideEtcd(main.voter, { kind: 'failed', at: main.now, wall: 0, op: request.op }).voter;
  main.say(askOf('main', 'hello', 2));
  const tells = standby.say(askOf('standby', 'hello', 2));
  assert.deepEqual(tells[0], releaseOf('main', 2, { addressee: 'standby' }));
  assert.deepEqual(standby.say(askOf('standby', 'hello', 2)).length, 1, 'once');
  assert.equal(standby.answer(askOf('standby', 'ask', 3))?.yes, true);
});
test('the longer promise of a restart is known to who waits, also after a renewal', () => {
  const { main, standby } = pair();
  main.answer(askOf('main', 'ask', 2));
  main.answer(askOf('main', 'renew', 2, { restarts: true }));
  main.answer(askOf('main', 'renew', 2));
  standby.watch(700);
  assert.equal(standby.answer(askOf('standby', 'ask', 3))?.why, 'promised');
  standby.watch(300);
  assert.equal(standby.answer(askOf('standby', 'ask', 3))?.yes, true);
});
test('persons’ orders are kept, and told to the other', () => {
  const { main, standby } = pair();
  const given = orders({ revision: 2, mode: 'manual' });
  main.say(askOf('main', 'hello', 0, { orders: given }));
  const answer = standby.answer(askOf('standby', 'hello', 0));
  assert.equal(answer?.orders.main.mode, 'manual');
});
test('of the questions that come meanwhile the newest is asked next', () => {
  const { main } = pair();
  const { request } = main.told(askOf('main', 'ask', 2));
  assert.ok(request);
  assert.equal(main.told(askOf('main', 'hello', 2)).request, null);
  assert.equal(main.told(askOf('main', 'sound', 2)).request, null);
  assert.equal(main.reply(request).request?.put, null);
  assert.equal(main.voter.busy?.ask?.question, 'sound');
});

const renewals = (node: ReturnType<typeof servingNode>): readonly boolean[] =>
  node.sent('etcd').flatMap((m) => (m.type === 'ask' && m.question === 'renew' ? [m.bind] : []));

test('while the other node answers, etcd is asked for no promise; when it falls silent, at once', () => {
  const node = servingNode({ arbiter: byEtcd() });
  node.pass(2000);
  assert.ok(renewals(node).length > 15);
  assert.ok(renewals(node).every((bind) => !bind));
  node.forget();
  node.voices.delete('standby');
  node.pass(3000);
  assert.equal(node.state.phase.name, 'serving');
  assert.ok(renewals(node).slice(1).every(Boolean), JSON.stringify(renewals(node)));
});
test('without etcd and the other node it stops when its lease is out', () => {
  const node = servingNode({ arbiter: byEtcd() });
  node.voices.clear();
  node.pass(800);
  assert.equal(node.state.phase.name, 'passive');
});
