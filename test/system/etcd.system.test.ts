/** Two agents' loops, each with the real core, and Debian's own etcd between them: who serves when the nodes do not hear each other, and when one dies. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createHub, type EtcdNode, type Hub, isServing, startEtcdNode } from '../../src/agent/testing/etcd-pair.ts';
import { etcdChecks } from '../../src/checks/families/etcd.ts';
import { configWith, find, told } from '../../src/checks/testing/around.ts';
import { readEtcdSections } from '../../src/cli/commands/etcd-arbiter.ts';
import type { State } from '../../src/core/state.ts';
import { byEtcd, fastTiming, settings as settingsOf } from '../../src/core/testing/builders.ts';
import type { Role } from '../../src/core/words.ts';
import { clientOf } from '../../src/etcd/configured.ts';
import { type Cluster, PREFIX, startCluster } from '../../src/etcd/testing/cluster.ts';
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

const startNode = (role: Role, cluster: Cluster, hub: Hub): Promise<EtcdNode> =>
  startEtcdNode({
    settings: settingsOf({ role, timing, arbiter: byEtcd(), slots: 16 }),
    link: hub.linkOf(role),
    cluster: cluster.id,
    prefix: PREFIX,
    client: clientOf(cluster.files, 0.8 * timing.askMs),
    seed: role === 'main' ? 7 : 8,
    onHalted: (law) => assert.fail(law),
  });

const epochOf = ({ lease }: State): number => (lease.name === 'held' ? lease.epoch : 0);

let cluster: Cluster;
before(async () => {
  cluster = await startCluster();
});
after(() => cluster?.stop());

test('cut from each other the main goes on by etcd’s vote; when it dies, the standby waits for the promise and serves', {
  timeout: 60_000,
}, async () => {
  const hub = createHub();
  const [main, standby] = [await startNode('main', cluster, hub), await startNode('standby', cluster, hub)];
  await main.until('serves', isServing);
  hub.isCut = true;
  const since = clock.now();
  await main.until(
    'is renewed by etcd for two leases',
    (s) => isServing(s) && s.now > since + 2 * timing.leaseMs && s.voters.some(({ lastYes }) => lastYes),
  );
  assert.equal(standby.loop.state().phase.name, 'passive');
  const epoch = epochOf(main.loop.state());
  await main.die();
  const diedAt = clock.now();
  await standby.until('serves', isServing);
  assert.ok(clock.now() - diedAt > timing.leaseMs - 2 * timing.heartbeatMs, 'it waited for the lease of the dead main');
  assert.ok(epochOf(standby.loop.state()) > epoch);
  // All members but one are lost: alone, it stops when its lease is out.
  const [, second = '', third = ''] = cluster.endpoints;
  await Promise.all([cluster.kill(second), cluster.kill(third)]);
  await standby.until('stops', (s) => s.phase.name === 'passive');
  assert.ok(standby.notices.includes('closing-lost'), standby.notices.join(' '));
  await Promise.all([cluster.start(second), cluster.start(third)]);
  await standby.until('serves again', isServing);
  await standby.die();
});

const section = ({ files, endpoints }: Cluster, id: string, prefix: string): string =>
  `arbiter: { kind: etcd, endpoints: [${endpoints.join(', ')}], cluster-id: '${id}', prefix: ${prefix}, user: office, password-file: ${files.passwordFile}, authority-file: ${files.authorityFile}, certificate-file: ${files.certificateFile}, key-file: ${files.keyFile} }\n`;

test('init asks the cluster that it is given before anything is changed, and says what is wrong with it', {
  timeout: 30_000,
}, async () => {
  const file = join(cluster.folder, 'section.yaml');
  const say = async (text: string): Promise<string> => {
    writeFileSync(file, text);
    const read = await readEtcdSections(file, undefined);
    return read.ok ? `${read.value.preset} ${String(read.value.arbiter['prefix'])}` : read.error.code;
  };
  assert.equal(await say(section(cluster, cluster.id, PREFIX)), `etcd ${PREFIX}`);
  assert.equal(await say(section(cluster, '1'.repeat(18), PREFIX)), 'etcd-other-cluster');
  assert.equal(await say(section(cluster, cluster.id, '/dualtone/other')), 'etcd-denied');
  assert.equal(await say(section(cluster, 'x', PREFIX)), 'etcd-section-bad');
  // Nobody listens at two of three.
  const lost = {
    ...cluster,
    endpoints: [...cluster.endpoints.slice(0, 1), 'https://127.0.0.1:1', 'https://127.0.0.1:2'],
  };
  assert.equal(await say(section(lost, cluster.id, PREFIX)), 'etcd-unreachable');
});

test('the checks of etcd: well as it is, and each thing that is wrong is said', { timeout: 30_000 }, async () => {
  const { id } = cluster;
  const config = (number = id, prefix = PREFIX) => configWith(`preset: etcd\n${section(cluster, number, prefix)}`);
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
