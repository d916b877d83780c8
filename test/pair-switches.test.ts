/** What machines outside the pair do when service moves, with the real core, the real tellers and followers, in simulated time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createServiceTeller } from '../src/agent/service-teller.ts';
import { configOf } from '../src/agent/testing/config.ts';
import { createFakePair } from '../src/agent/testing/pair.ts';
import { createTime } from '../src/agent/testing/time.ts';
import { toSettings } from '../src/config/settings.ts';
import { fail, ok } from '../src/core/result.ts';
import type { Role } from '../src/core/words.ts';
import { createFollower, type DoneMemory, type Follower } from '../src/switcher/follower.ts';

/** One Edge for both nodes, and a contact centre beside each; `did` is what was done to them since it was asked last. */
const createSite = () => {
  const time = createTime();
  const pair = createFakePair(time);
  let did: string[] = [];
  let isEdgeDown = false;
  const followersByRole: Record<Role, readonly Follower[]> = { main: [], standby: [] };
  const epochsByRole = { main: new Map<string, number>(), standby: new Map<string, number>() };
  const memoryOf = (role: Role): DoneMemory => ({
    read: (name) => epochsByRole[role].get(name) ?? 0,
    write: (name, epoch) => void epochsByRole[role].set(name, epoch),
  });
  const followersOf = (role: Role): readonly Follower[] => {
    const shared = {
      memory: memoryOf(role),
      retryMs: 1000,
      retryMostMs: 4000,
      wall: time.clock.wall,
      changed: () => undefined,
      wait: (ms: number, signal: AbortSignal) =>
        new Promise<void>((resolve) => {
          const cancel = time.clock.at(time.clock.now() + ms, resolve);
          signal.addEventListener('abort', () => {
            cancel();
            resolve();
          });
        }),
    };
    const note = ({ text }: { readonly text: string }): void => void did.push(`${role} notes ${text}`);
    const common = { lookMs: 60_000, look: async () => ok(null), preview: async () => ok('') };
    const edge = createFollower(
      {
        ...common,
        name: 'edge',
        passivate: null,
        activate: async () => (isEdgeDown ? fail('ssh-unreachable', 'Edge is not reached.', 'See it.') : ok('moved')),
      },
      { ...shared, note },
    );
    const centre = createFollower(
      {
        ...common,
        name: 'centre',
        passivate: async () => ok('stopped'),
        activate: async (continued) => ok(continued ? 'runs on' : 'restarted'),
      },
      { ...shared, note },
    );
    return [edge, centre];
  };
  const end = async (role: Role): Promise<void> => {
    pair.kill(role);
    await Promise.all(followersByRole[role].map((each) => each.stop()));
  };
  const start = async (role: Role): Promise<void> => {
    const node = await pair.start(role);
    followersByRole[role] = followersOf(role);
    const see = createServiceTeller(toSettings(configOf(role)), (service) => {
      for (const each of followersByRole[role]) each.follow(service);
    });
    node.agent.onChange(() => see(node.agent.state()));
  };
  return {
    pair,
    start,
    end,
    pass: pair.pass,
    edge: (how: 'up' | 'down') => {
      isEdgeDown = how === 'down';
    },
    did: (): readonly string[] => {
      const all = did;
      did = [];
      return all.toSorted();
    },
    view: (role: Role) => followersByRole[role].map((each) => each.view()),
    stop: () => Promise.all([end('main'), end('standby')]),
    order: async (role: Role, name: 'switchover' | 'failback') => {
      const command = { name, whenIdle: false, maxWaitMs: 0 } as const;
      const request = { id: '1', type: 'command', by: 'test', validMs: 5000, epoch: null, command } as const;
      const answered = pair.nodeByRole[role]?.agent.command(request);
      await pair.pass(5000);
      const answer = await answered;
      assert.ok(answer?.ok, answer?.text);
    },
  };
};

const bothUp = async () => {
  const site = createSite();
  await site.start('main');
  await site.start('standby');
  await site.pass(4000);
  return site;
};

test('who serves first moves all to itself, and the other does nothing', async () => {
  const site = await bothUp();
  assert.deepEqual(site.did(), [
    'main notes centre: restarted',
    'main notes edge: moved',
    'standby notes centre: stopped',
  ]);
  await site.stop();
});

test('the main dies while Edge is down: telephony moves, the centre too, and Edge when it is back', async () => {
  const site = await bothUp();
  site.did();
  site.edge('down');
  await site.end('main');
  await site.pass(9000);
  assert.equal(site.pair.nodeByRole.standby?.agent.snapshot().server, 'this');
  assert.deepEqual(site.did(), [
    'standby notes centre: restarted',
    'standby notes edge: Edge is not reached. It is tried again.',
  ]);
  assert.equal(site.view('standby')[0]?.trouble, 'Edge is not reached.');
  site.edge('up');
  await site.pass(5000);
  assert.match(site.did().join(), /^standby notes edge: moved after \d tries$/);
  // It comes back, and passive: the active node's side stays as it is.
  await site.start('main');
  await site.pass(4000);
  assert.deepEqual(site.did(), ['main notes centre: stopped']);
  await site.order('main', 'failback');
  await site.pass(3000);
  assert.deepEqual(site.did(), [
    'main notes centre: restarted',
    'main notes edge: moved',
    'standby notes centre: stopped',
  ]);
  await site.stop();
});

test('Edge is down, and service goes back before it was reached: who no longer serves tries no more', async () => {
  const site = await bothUp();
  site.did();
  site.edge('down');
  await site.order('main', 'switchover');
  await site.order('standby', 'failback');
  await site.pass(3000);
  site.did();
  site.edge('up');
  await site.pass(9000);
  assert.match(site.did().join(), /^main notes edge: moved after \d+ tries$/);
  await site.stop();
});

test('an agent that is restarted while it serves interrupts nobody', async () => {
  const site = await bothUp();
  site.did();
  await site.end('main');
  await site.start('main');
  await site.pass(4000);
  assert.equal(site.pair.nodeByRole.main?.agent.snapshot().server, 'this');
  assert.deepEqual(site.did(), ['main notes centre: runs on', 'main notes edge: moved']);
  await site.stop();
});
