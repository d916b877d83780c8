/** Nodes in the situations that most tests begin with. */
import type { Answer, Ask, Orders, Status } from '../message.ts';
import type { Settings } from '../settings.ts';
import { rivalOf } from '../words.ts';
import { goodLook, settings, status } from './builders.ts';
import { createNode, type TestNode, type Voice } from './node.ts';

/** A rival that is passive and fit, and gives its word. */
export const fitRival = (s: Settings, change: Partial<Status> = {}): Voice => {
  const said = status(rivalOf(s.role), change);
  return () => ({ status: said });
};

/** A rival that serves under `epoch`: it refuses everything. */
export const servingRival =
  (s: Settings, epoch: number, change: Partial<Status> = {}): Voice =>
  (ask: Ask) => ({
    yes: false,
    why: ask.question === 'hello' ? 'not-asked' : 'rival',
    highest: epoch,
    status: status(rivalOf(s.role), { holding: epoch, ...change }),
  });

export const yes: Voice = () => ({});

export const no =
  (why: NonNullable<Answer['why']>, change: Partial<Answer> = {}): Voice =>
  (ask) => ({ yes: false, why: ask.question === 'hello' ? 'not-asked' : why, ...change });

/** A well node whose rival is passive and fit and whose checkpoints vote yes. It has not decided much yet. */
export const wellNode = (change: Partial<Settings> = {}): TestNode => {
  const s = settings(change);
  const node = createNode(s);
  node.look = goodLook;
  node.voices.set(rivalOf(s.role), fitRival(s));
  for (const voter of node.state.voters) node.voices.set(voter.name, yes);
  return node;
};

/** The same, serving, with its plan done. */
export const servingNode = (change: Partial<Settings> = {}): TestNode => {
  const node = wellNode(change);
  node.passUntil(
    'it serves',
    (s) => s.phase.name === 'serving' && s.gateOpen && s.plan.statuses.every((x) => x === 'done'),
  );
  node.pass(node.settings.timing.heartbeatMs);
  node.forget();
  return node;
};

/** A well passive node beside a rival that serves under `epoch`. */
export const passiveNode = (change: Partial<Settings> = {}, epoch = 2): TestNode => {
  const node = wellNode({ role: 'standby', ...change });
  const { settings: s } = node;
  node.voices.set(rivalOf(s.role), servingRival(s, epoch));
  // Its claim and its word are heard at each heartbeat.
  node.hear(rivalOf(s.role), renewalOf(node, epoch, node.state.disk.orders));
  node.pass(2 * s.timing.heartbeatMs);
  node.forget();
  return node;
};

const renewalOf = (node: TestNode, epoch: number, orders: Orders): Ask => ({
  type: 'ask',
  question: 'renew',
  epoch,
  seq: Math.round(node.now),
  bind: true,
  restarts: false,
  release: 0,
  vouched: false,
  status: status(rivalOf(node.settings.role), { holding: epoch }),
  orders,
});

/** For `ms` the rival renews its right under `epoch` at each heartbeat; it knows of `told`, or of what the node knows. */
export const rivalServesFor = (node: TestNode, epoch: number, ms: number, told?: Orders): void => {
  const { heartbeatMs } = node.settings.timing;
  for (let passed = 0; passed < ms; passed += heartbeatMs) {
    node.hear(rivalOf(node.settings.role), renewalOf(node, epoch, told ?? node.state.disk.orders));
    node.pass(heartbeatMs);
  }
};
