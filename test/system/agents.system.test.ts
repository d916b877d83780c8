/** Two agents and a checkpoint as real processes, each in a network namespace of its own, on one bridge. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Snapshot } from '../../src/api/snapshot.ts';
import { createHosts, dualtone, NAMES, serves, withoutRoot } from './three-hosts.ts';

const hosts = createHosts('dta');
after(() => hosts.remove());

test('one holder is elected; killed, the other serves; back, it stays passive until ordered', {
  skip: withoutRoot,
  timeout: 120_000,
}, async (t) => {
  hosts.start('cp1');
  await hosts.until('cp1', 'a checkpoint', ({ kind }) => kind === 'checkpoint');
  // Each has its own start behind it, so that the promises of a boot are over.
  hosts.start('main');
  await hosts.until('main', 'the main serving', serves('this'));
  hosts.start('standby');
  await hosts.until('standby', 'the standby ready', (each) => serves('other')(each) && each.headline.level === 'good');

  await t.test('its first line says who serves', () => {
    const { code, out } = dualtone('status', '--socket', hosts.socketOf('standby'));
    assert.match(out, /^pbx-main \(main\) serves.*; pbx-standby \(standby, this node\) can take over\.\n/);
    assert.equal(code, 0);
  });

  await t.test('main dies: the standby serves', async () => {
    const epoch = (await hosts.until('standby', 'an epoch', () => true)) as Extract<Snapshot, { kind: 'node' }>;
    const at = performance.now();
    await hosts.end('main', 'SIGKILL');
    const now = await hosts.until('standby', 'the standby serving', serves('this'));
    t.diagnostic(`measured: ${Math.round(performance.now() - at)} ms from the kill to the new holder`);
    assert.ok(now.kind === 'node' && now.epoch > epoch.epoch);
    const { code, out } = dualtone('status', '--socket', hosts.socketOf('main'));
    assert.equal(code, 3);
    assert.match(out, /does not answer: no agent is running there\.\n {4}start it: /);
  });

  await t.test('the main comes back and stays passive; failback brings service home', async () => {
    hosts.start('main');
    await hosts.until('main', 'the main passive', serves('other'));
    await hosts.until('standby', 'a fit main', ({ headline }) => headline.level === 'good');
    const { code, out } = dualtone('failback', '--socket', hosts.socketOf('standby'));
    assert.deepEqual([code, out], [0, 'The other node serves now.\n']);
    await hosts.until('main', 'the main serving', serves('this'));
  });

  await t.test('a restarted holder goes on with its epoch, and nobody took over meanwhile', async () => {
    const before = await hosts.until('main', 'the main', serves('this'));
    await hosts.end('main', 'SIGTERM');
    hosts.start('main');
    const settled = (each: Snapshot): boolean => serves('this')(each) || serves('other')(each);
    const again = await hosts.until('main', 'somebody serving', settled);
    if (serves('this')(again)) {
      assert.ok(again.kind === 'node' && before.kind === 'node' && again.epoch >= before.epoch);
      return;
    }
    // On a busy machine the start may outlast the lease; then the standby serves, and that is right too.
    t.diagnostic('the restart outlasted the lease');
    await hosts.until('standby', 'the standby serving', serves('this'));
  });

  await t.test('the journals are whole, and tell the story', () => {
    for (const name of ['main', 'standby'] as const) {
      const verified = dualtone('journal', 'verify', '--config', join(hosts.folder, `${name}.yaml`));
      assert.equal(verified.code, 0, verified.out);
    }
    const { out } = dualtone('journal', '--config', join(hosts.folder, 'standby.yaml'));
    assert.match(out, /it won epoch \d+ with its own vote and cp1 \(majority: 2\)/);
  });

  await t.test('SIGTERM ends each without a word of complaint', async () => {
    for (const name of NAMES) {
      const child = hosts.childOf(name);
      await hosts.end(name, 'SIGTERM');
      assert.equal(child?.exitCode, 0, `${name}: ${hosts.saidBy(name)}`);
    }
  });
});
