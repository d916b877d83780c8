/** Two fake nodes and the core's real checkpoint, with a network between them that can be cut. */
import { type CheckpointState, decideCheckpoint, startCheckpoint } from '../../core/arbiter/checkpoint.ts';
import type { Message } from '../../core/message.ts';
import type { Role } from '../../core/words.ts';
import { configOf } from './config.ts';
import { createFakeNode, type FakeNode, freshHost, type Host } from './node.ts';
import type { Time } from './time.ts';

export interface FakePair {
  readonly hostByRole: Readonly<Record<Role, Host>>;
  readonly nodeByRole: Partial<Record<Role, FakeNode>>;
  /** Starts an agent on the role's host. */
  start(role: Role): Promise<FakeNode>;
  /** The agent is gone from one moment to the next. */
  kill(role: Role): void;
  /** Lets time pass with the network at work. */
  pass(ms: number): Promise<void>;
  /** Names that nothing reaches and that reach nobody. */
  readonly cut: Set<string>;
}

const PROMISES = { promiseMs: 600, restartMs: 400 };
const STEP_MS = 5;

export const createFakePair = (time: Time, more = ''): FakePair => {
  const hostByRole = { main: freshHost(), standby: freshHost() };
  const nodeByRole: Partial<Record<Role, FakeNode>> = {};
  const cut = new Set<string>();
  let checkpoint: CheckpointState = startCheckpoint(null, null, time.clock.now() - 1000, PROMISES);
  const reach = (from: string, to: string): boolean => !cut.has(from) && !cut.has(to);
  const deliver = (from: Role, to: string, message: Message): void => {
    if (!reach(from, to)) return;
    if (to !== 'cp1') {
      nodeByRole[to as Role]?.receive(from, message);
      return;
    }
    const decision = decideCheckpoint(checkpoint, from, message, time.clock.now(), PROMISES);
    checkpoint = decision.state;
    for (const { to: node, message: answer } of decision.sends) {
      if (reach('cp1', node)) nodeByRole[node]?.receive('cp1', answer);
    }
  };
  const carry = (): void => {
    for (const role of ['main', 'standby'] as const) {
      for (const { to, message } of nodeByRole[role]?.sent.splice(0) ?? []) deliver(role, to, message);
    }
  };
  return {
    hostByRole,
    nodeByRole,
    cut,
    start: async (role) => {
      const node = createFakeNode(configOf(role, more), time, hostByRole[role]);
      nodeByRole[role] = node;
      const started = await node.agent.start();
      if (!started.ok) throw new Error(started.error.message);
      return node;
    },
    kill: (role) => {
      // What it had in hand is lost; its timers ring into nothing.
      void nodeByRole[role]?.agent.stop('killed');
      delete nodeByRole[role];
    },
    pass: async (ms) => {
      for (let passed = 0; passed < ms; passed += STEP_MS) {
        await time.pass(STEP_MS);
        carry();
        carry();
      }
    },
  };
};
