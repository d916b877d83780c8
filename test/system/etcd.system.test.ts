/** Two agents' loops, each with the real core, and Debian's own etcd between them: who serves when the nodes do not hear each other, and when one dies. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { withEtcd } from '../../src/agent/etcd-link.ts';
import { createLoop, type Loop } from '../../src/agent/loop.ts';
import { etcdChecks } from '../../src/checks/families/etcd.ts';
import { configWith, find, told } from '../../src/checks/testing/around.ts';
import type { Message } from '../../src/core/message.ts';
import { ok } from '../../src/core/result.ts';
import type { Settings } from '../../src/core/settings.ts';
import type { State } from '../../src/core/state.ts';
import { byEtcd, fastTiming, goodLook, settings as settingsOf } from '../../src/core/testing/builders.ts';
import type { Role } from '../../src/core/words.ts';
import { clientOf } from '../../src/etcd/configured.ts';
import { type Cluster, PREFIX, startCluster } from '../../src/etcd/testing/cluster.ts';
import type { DatagramLink } from '../../src/peer/link.ts';
import { systemClock as clock } from '../../src/time/clock.ts';

const timing = {
  ...fastTiming,
  heartbeatMs: 150,
  promiseMs: 1500,
  leaseMs: 1400,
  restartMs: 0,
  askMs: 800,
  headStartMs: 300,
};

interface Node {
  readonly loop: Loop;
  readonly notices: string[];
  until(what: string, holds: (state: State) => boolean): Promise<void>;
  die(): Promise<void>;
}

/** Both nodes, which hear each other until they are cut. */
const createHub = () => {
  const listenerOf = new Map<Role, (from: string, message: Message) => void>();
  const hub = { isCut: false };
  const linkOf = (role: Role): DatagramLink => ({
    send: (to, message) => {
      if (!hub.isCut) setImmediate(() => listenerOf.get(to as Role)?.(role, message));
    },
    onMessage: (listener) => void listenerOf.set(role, listener),
    onRefused: () => undefined,
    open: async () => ok(undefined),
    close: async () => void listenerOf.delete(role),
    proven: () => true,
    replace: () => undefined,
    port: () => 0,
    refused: () => ({}),
  });
  return { hub, linkOf };
};

const startNode = async (role: Role, cluster: Cluster, datagrams: DatagramLink): Promise<Node> => {
  const settings: Settings = settingsOf({ role, timing, arbiter: byEtcd(), slots: 16 });
  const notices: string[] = [];
  const waiting = new Set<() => void>();
  const link = withEtcd(datagrams, {
    config: { clusterId: cluster.id, prefix: PREFIX },
    settings,
    pair: 'pbx1 10.0.0.1, pbx2 10.0.0.2',
    connect: async () => ({ client: clientOf(cluster.files, 0.8 * timing.askMs), cluster: cluster.id }),
    clock,
  });
  link.onTrouble?.(({ code }) => void notices.push(code));
  const loop: Loop = createLoop({
    settings,
    clock,
    store: {
      load: () => ({ boot: null, disk: null, notes: [] }),
      saveBoot: () => ok(undefined),
      saveDisk: () => ok(undefined),
    },
    gate: { apply: async () => ok(undefined) },
    link,
    steps: {
      run: ({ op }) => setImmediate(() => loop.post((at) => ({ kind: 'step', at, op, outcome: 'done', detail: '' }))),
      keep: () => undefined,
    },
    fences: { order: () => undefined, end: () => undefined },
    onAwake: () => undefined,
    onDecided: () => {
      for (const look of waiting) look();
    },
    onNotice: ({ code }) => void notices.push(code),
    onReply: () => undefined,
    onHalted: (law) => assert.fail(law),
  });
  link.onMessage((from, message) => loop.post((at) => ({ kind: 'message', at, from, message })));
  await link.open();
  loop.start(role === 'main' ? 7 : 8);
  const looks = setInterval(() => loop.post((at) => ({ kind: 'look', at, look: goodLook })), timing.heartbeatMs);
  return {
    loop,
    notices,
    until: (what, holds) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`${role}: never ${what}: ${notices.join(' ')}`)), 25_000);
        const look = (): void => {
          if (!holds(loop.state())) return;
          clearTimeout(late);
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    die: async () => {
      clearInterval(looks);
      loop.stop();
      await link.close();
    },
  };
};

const serves = (state: State): boolean => state.phase.name === 'serving' && state.lease.name === 'held';
const epochOf = ({ lease }: State): number => (lease.name === 'held' ? lease.epoch : 0);

let cluster: Cluster;
before(async () => {
  cluster = await startCluster();
});
after(() => cluster?.stop());

test('cut from each other the main goes on by etcd’s vote; when it dies, the standby waits for the promise and serves', {
  timeout: 60_000,
}, async () => {
  const { hub, linkOf } = createHub();
  const [main, standby] = [
    await startNode('main', cluster, linkOf('main')),
    await startNode('standby', cluster, linkOf('standby')),
  ];
  await main.until('serves', serves);
  hub.isCut = true;
  const since = clock.now();
  await main.until(
    'is renewed by etcd for two leases',
    (s) => serves(s) && s.now > since + 2 * timing.leaseMs && s.voters.some(({ lastYes }) => lastYes),
  );
  assert.equal(standby.loop.state().phase.name, 'passive');
  const epoch = epochOf(main.loop.state());
  await main.die();
  const diedAt = clock.now();
  await standby.until('serves', serves);
  assert.ok(clock.now() - diedAt > timing.leaseMs - 2 * timing.heartbeatMs, 'it waited for the lease of the dead main');
  assert.ok(epochOf(standby.loop.state()) > epoch);
  // All members but one are lost: alone, it stops when its lease is out.
  const [, second = '', third = ''] = cluster.endpoints;
  await Promise.all([cluster.kill(second), cluster.kill(third)]);
  await standby.until('stops', (s) => s.phase.name === 'passive');
  assert.ok(standby.notices.includes('closing-lost'), standby.notices.join(' '));
  await Promise.all([cluster.start(second), cluster.start(third)]);
  await standby.until('serves again', serves);
  await standby.die();
});

test('the checks of etcd: well as it is, and each thing that is wrong is said', { timeout: 30_000 }, async () => {
  const { files, endpoints, id } = cluster;
  const config = (cluster_id = id, prefix = PREFIX) =>
    configWith(
      `preset: etcd\narbiter: { kind: etcd, endpoints: [${endpoints.join(', ')}], cluster-id: '${cluster_id}', prefix: ${prefix}, user: office, password-file: ${files.passwordFile}, authority-file: ${files.authorityFile}, certificate-file: ${files.certificateFile}, key-file: ${files.keyFile} }\n`,
    );
  const say = async (name: string, given = config()): Promise<string> =>
    told(await find(etcdChecks, name, { config: given }));
  assert.match(await say('etcd-members-well'), /^pass: 3 members answer/);
  assert.match(
    await say('etcd-members-well', config('1'.repeat(18))),
    /^fail: .*not of the one of arbiter\.cluster-id/,
  );
  assert.match(await say('etcd-votes-in-time'), /a write takes \d+ ms/);
  assert.match(
    await say('etcd-votes-in-time', config(id, '/dualtone/other')),
    /^fail: .*refused the login of Dualtone, or a right/,
  );
  assert.match(await say('etcd-role-is-limited'), /^pass/);
  await cluster.etcdctl('role', 'grant-permission', 'office', '--prefix=true', 'read', '/');
  assert.match(await say('etcd-role-is-limited'), /^fail: .*outside/);
  assert.match(await say('etcd-certificate-valid'), /expires in|pass/);
});
