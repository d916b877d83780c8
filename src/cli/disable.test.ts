import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createWorld } from '../changes/world.ts';
import { run } from '../process/run.ts';
import { createXivoEnabling } from '../xivo/enable/enable.ts';
import { createTestMachine } from '../xivo/testing/machine.ts';
import { type DisableOptions, disable } from './commands/disable.ts';
import { Ended } from './target.ts';
import { createSaid } from './testing/said.ts';

const CRON = '* * * * * root /usr/sbin/xivo-check-master-status 10.0.0.1 >/dev/null\n';
const HA_CONF = '{"node_type": "slave", "remote_address": "10.0.0.1"}';

/** A standby whose XiVO settings Dualtone has changed, in a folder of its own. */
const machineOf = async (t: TestContext) => {
  const { root, remove, write, ground } = createTestMachine();
  t.after(remove);
  const places = { etcDir: join(root, 'etc'), stateDir: join(root, 'state'), runDir: join(root, 'run') };
  for (const each of Object.values(places)) mkdirSync(each, { recursive: true, mode: 0o700 });
  const { original } = ground;
  write(original.cronFiles.standby, CRON);
  write(original.haConf, HA_CONF);
  const cron = root + original.cronFiles.standby;
  const enabling = createXivoEnabling({
    original,
    role: 'standby',
    standby: '10.0.0.2',
    admin: null,
    provd: null,
    run,
    root,
    world: createWorld(run),
    recordFile: join(places.stateDir, 'xivo-changes.json'),
  });
  const enabled = await enabling.enable();
  assert.ok(enabled.ok, enabled.ok ? '' : enabled.error.message);
  const leave = async (more: DisableOptions = {}) => {
    const said = createSaid();
    const exit = await disable({ ...places, system: false, yes: true, ...more }, said.output).catch(
      (error: unknown) => {
        if (error instanceof Ended) return error.exit;
        throw error;
      },
    );
    return { ...said.now(), exit };
  };
  return { cron, leave, read: () => readFileSync(cron, 'utf8'), haConf: root + original.haConf };
};

test('who leaves the pair gets XiVO back too, shown together before, and once', async (t) => {
  const { leave, read, haConf } = await machineOf(t);
  const asleep = read();
  assert.notEqual(asleep, CRON);
  const preview = await leave({ preview: true });
  assert.match(preview.out, /xivo-ha-slave/);
  assert.match(preview.out, /ha\.conf/);
  assert.equal(read(), asleep, 'a preview changes nothing');
  const left = await leave();
  assert.equal(left.exit, 0, left.out + left.err);
  assert.deepEqual([read(), readFileSync(haConf, 'utf8')], [CRON, HA_CONF]);
  assert.match((await leave({ preview: true })).out, /Nothing was changed/);
});

test('what somebody has changed since is told and left; with --keep-xivo all of it is', async (t) => {
  const { leave, read, cron } = await machineOf(t);
  const asleep = read();
  await leave({ keepXivo: true });
  assert.equal(read(), asleep);
  writeFileSync(cron, '# mine\n');
  const left = await leave({ json: true });
  assert.equal(left.exit, 5);
  const answer: unknown = JSON.parse(left.out);
  assert.ok(typeof answer === 'object' && answer !== null && 'ok' in answer && answer.ok === false);
  assert.match(left.out, /"what":"drift"/);
  assert.equal(read(), '# mine\n');
});
