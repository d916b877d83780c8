import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { createWorld } from '../../changes/world.ts';
import type { Role } from '../../core/words.ts';
import { wazoOriginal } from '../../profiles/wazo/original.ts';
import { MAIN, provdConfigs, provdDevices, STANDBY } from '../testing/configs.ts';
import { type FakeProvd, startFakeProvd } from '../testing/fake-provd.ts';
import { createTestMachine } from '../testing/machine.ts';
import { createXivoEnabling, type EnableOptions } from './enable.ts';
import { createProvd, stateOf } from './provd.ts';
import { resyncDevices } from './resync.ts';

const CRON = `# by XiVO\n0 * * * * root /usr/sbin/xivo-master-slave-db-replication ${STANDBY} >/dev/null\n0 * * * * root /usr/bin/xivo-sync >/dev/null\n`;
const HBA = `local all postgres peer\nhost asterisk postgres ${MAIN}/32 trust\nhost all all 127.0.0.1/32 md5\n`;
const HA_CONF = `{"node_type": "master", "remote_address": "${STANDBY}"}`;
const CRON_FILE = '/etc/cron.d/xivo-ha-master';
const HBA_FILE = '/etc/postgresql/15/main/pg_hba.conf';

const clientOf = (provd: FakeProvd, timeoutMs = 60_000) =>
  createProvd({ url: provd.url, contentType: 'application/vnd.proformatique.provd+json', token: null, timeoutMs });

const siteOf = async (t: TestContext, role: Role = 'main') => {
  const machine = createTestMachine(wazoOriginal);
  t.after(machine.remove);
  const provd = await startFakeProvd(provdConfigs, provdDevices);
  t.after(provd.stop);
  machine.write(CRON_FILE, CRON);
  machine.write(HBA_FILE, HBA);
  machine.write(wazoOriginal.haConf, HA_CONF);
  machine.write(wazoOriginal.sentinels.standby, '');
  const options: EnableOptions = {
    original: wazoOriginal,
    role,
    standby: STANDBY,
    admin: null,
    provd: role === 'main' ? clientOf(provd) : null,
    world: createWorld(machine.ground.run),
    recordFile: join(machine.root, 'state/xivo-changes.json'),
    run: machine.ground.run,
    root: machine.root,
  };
  const read = (path: string): string => readFileSync(machine.root + path, 'utf8');
  const picture = () => ({
    cron: read(CRON_FILE),
    hba: read(HBA_FILE),
    ha: read(wazoOriginal.haConf),
    main: existsSync(machine.root + wazoOriginal.sentinels.main),
    standby: existsSync(machine.root + wazoOriginal.sentinels.standby),
    configs: [...provd.configById.values()],
  });
  return { machine, provd, options, picture, enabling: createXivoEnabling(options) };
};

const must = <T>(
  result:
    | { readonly ok: true; readonly value: T }
    | { readonly ok: false; readonly error: { readonly message: string } },
): T => {
  if (!result.ok) assert.fail(result.error.message);
  return result.value;
};

const backups = (provd: FakeProvd, id: string) => {
  const config = provd.configById.get(id) ?? {};
  return [config['registrar_backup' as never], config['proxy_backup' as never]];
};

const linesOf = (provd: FakeProvd, id: string): Record<string, Record<string, unknown>> =>
  (provd.configById.get(id) as unknown as { raw_config: { sip_lines: Record<string, Record<string, unknown>> } })
    .raw_config.sip_lines;

describe('enabling the main', () => {
  test('a preview says each change with both values and changes nothing', async (t) => {
    const { enabling, picture } = await siteOf(t);
    const before = picture();
    const lines = must(await enabling.preview());
    assert.ok(
      lines.some((line) =>
        line.startsWith('~ registrar:branch: {"registrar_backup":"10.9.0.9","proxy_backup":""} becomes'),
      ),
    );
    assert.ok(lines.some((line) => line.includes('xivo-ha-master: the original sleeps from now on')));
    assert.ok(lines.some((line) => line.includes('trust')));
    assert.deepEqual(picture(), before);
  });

  test('every registrar and every line of theirs has the standby as its backup; SCCP too, made where it was not', async (t) => {
    const { enabling, provd } = await siteOf(t);
    must(await enabling.enable());
    for (const id of ['default', 'branch']) assert.deepEqual(backups(provd, id), [STANDBY, STANDBY]);
    for (const [id, number] of [
      ['autoprov', '1'],
      ['phone1', '1'],
      ['phone1', '2'],
    ] as const) {
      const line = linesOf(provd, id)[number];
      assert.deepEqual(
        [line?.['backup_registrar_ip'], line?.['backup_proxy_ip']],
        [STANDBY, STANDBY],
        `${id} ${number}`,
      );
    }
    for (const id of ['autoprov', 'sccp1']) {
      const raw = provd.configById.get(id)?.['raw_config'] as { sccp_call_managers: unknown };
      assert.deepEqual(raw.sccp_call_managers, { '1': { ip: MAIN }, '2': { ip: STANDBY } });
    }
    assert.deepEqual(
      linesOf(provd, 'foreign')['1']?.['backup_registrar_ip'],
      undefined,
      'lines of other servers are not ours',
    );
  });

  test('a backup that somebody gave a line by hand stays, and is told', async (t) => {
    const { enabling, provd } = await siteOf(t);
    const { moved } = must(await enabling.enable());
    assert.deepEqual(moved.drift, ['phone2, line 1: backup_registrar_ip is 203.0.113.5']);
    assert.equal(linesOf(provd, 'phone2')['1']?.['backup_registrar_ip'], '203.0.113.5');
  });

  test('the original’s crons sleep, nobody is let in as superuser, the sentinels say the role', async (t) => {
    const { enabling, picture, machine } = await siteOf(t);
    must(await enabling.enable());
    const { cron, hba, ha, main, standby } = picture();
    assert.deepEqual(JSON.parse(ha), { node_type: 'disabled', remote_address: '' });
    assert.ok(
      cron.split('\n').every((line) => line === '' || line.startsWith('#')),
      cron,
    );
    assert.equal(hba, HBA.replace(/^host asterisk.*\n/m, ''));
    assert.deepEqual([main, standby], [true, false]);
    assert.ok(
      machine.calls.includes('systemctl reload postgresql') && !machine.calls.some((call) => call.includes('restart')),
    );
  });

  test('disabling restores every byte that was there, blank and missing values included', async (t) => {
    const { enabling, picture } = await siteOf(t);
    const before = picture();
    must(await enabling.enable());
    must(await enabling.enable());
    const { lines, moved } = must(await enabling.disable(false));
    assert.ok(lines.every(({ what }) => what !== 'drift'));
    const after = picture();
    assert.deepEqual({ ...after, configs: null }, { ...before, configs: null });
    assert.deepEqual(
      moved.drift.filter((text) => !text.startsWith('phone2')),
      [],
    );
    // Lines whose registrar had a backup have it now, as a regeneration of XiVO's own would give it.
    for (const config of before.configs.filter(({ id }) => id !== 'phone1'))
      assert.deepEqual(
        after.configs.find(({ id }) => id === config.id),
        config,
      );
  });

  test('who was let in into the database is let in again where he was: the first line that fits counts', async (t) => {
    const { enabling, machine, picture } = await siteOf(t);
    const [first, second] = ['10.9.0.1', '10.9.0.2'].map((address) => `host asterisk postgres ${address}/32 trust`);
    const file = machine.root + HBA_FILE;
    writeFileSync(file, `local all postgres peer\n${first}\n${second}\n\nhost all all 0.0.0.0/0 reject`);
    must(await enabling.enable());
    assert.equal(picture().hba, 'local all postgres peer\n\nhost all all 0.0.0.0/0 reject');
    // Somebody has added a line meanwhile.
    writeFileSync(file, `# ours\n${picture().hba}`);
    must(await enabling.disable(false));
    assert.equal(
      picture().hba,
      `# ours\nlocal all postgres peer\n${first}\n${second}\n\nhost all all 0.0.0.0/0 reject`,
    );
  });

  test('a registrar that was changed by hand since is drift: told, and left', async (t) => {
    const { enabling, provd } = await siteOf(t);
    must(await enabling.enable());
    const config = provd.configById.get('branch') ?? assert.fail();
    provd.configById.set('branch', { ...config, registrar_backup: '10.9.0.77' });
    const { lines } = must(await enabling.disable(false));
    assert.deepEqual(
      lines.filter(({ what }) => what === 'drift').map(({ id }) => id),
      ['file:registrar:branch'],
    );
    assert.deepEqual(backups(provd, 'branch'), ['10.9.0.77', STANDBY]);
    assert.deepEqual(backups(provd, 'default'), [undefined, undefined]);
    must(await enabling.disable(true));
    assert.deepEqual(backups(provd, 'branch'), ['10.9.0.9', '']);
  });

  test('all or none: provd that refuses the second registrar leaves everything as it was', async (t) => {
    const { enabling, provd, picture } = await siteOf(t);
    const before = picture();
    provd.writesUntilRefusal = 1;
    const done = await enabling.enable();
    assert.equal(done.ok ? 'done' : done.error.code, 'provd-refused');
    assert.deepEqual({ ...picture(), hba: null }, { ...before, hba: null });
  });

  test('lines that could not follow are told, and follow at the next run', async (t) => {
    const { enabling, provd } = await siteOf(t);
    provd.writesUntilRefusal = 2;
    assert.deepEqual(
      must(await enabling.enable()).warnings.map(({ code }) => code),
      ['provd-refused'],
    );
    must(await enabling.enable());
    assert.equal(linesOf(provd, 'phone1')['1']?.['backup_registrar_ip'], STANDBY);
  });

  for (const mood of ['hangs', 'refuses', 'nonsense'] as const) {
    test(`a provisioning server that ${mood} changes nothing, and is a fault in time`, async (t) => {
      const { provd, options, picture } = await siteOf(t);
      const before = picture();
      provd.mood = mood;
      const done = await createXivoEnabling({ ...options, provd: clientOf(provd, 300) }).enable();
      assert.match(done.ok ? 'done' : done.error.code, /^provd-(unreachable|refused|odd)$/);
      assert.deepEqual(picture(), before);
    });
  }
});

test('disabling what was never enabled, or twice, changes nothing', async (t) => {
  const { enabling, picture, provd } = await siteOf(t);
  const before = picture();
  assert.deepEqual(must(await enabling.disable(false)).lines, []);
  assert.deepEqual([picture(), provd.writes], [before, []]);
  must(await enabling.enable());
  must(await enabling.disable(false));
  const writes = provd.writes.length;
  assert.deepEqual(must(await enabling.disable(false)).lines, []);
  assert.equal(provd.writes.length, writes);
});

test('enabling and disabling start, stop and restart nothing', async (t) => {
  for (const role of ['main', 'standby'] as const) {
    const { enabling, machine } = await siteOf(t, role);
    must(await enabling.enable());
    must(await enabling.disable(false));
    assert.deepEqual([...new Set(machine.calls)], ['systemctl reload postgresql']);
  }
});

test('a machine without any trace of the original gets none: no cron file, no ha.conf', async (t) => {
  const { enabling, machine } = await siteOf(t);
  const paths = [CRON_FILE, wazoOriginal.haConf, HBA_FILE].map((path) => machine.root + path);
  for (const path of paths) rmSync(path);
  must(await enabling.enable());
  must(await enabling.disable(false));
  assert.deepEqual(
    paths.map((path) => existsSync(path)),
    [false, false, false],
  );
});

test('what was recorded and is left out by a call is a fault, never a file', async (t) => {
  const { enabling, options, picture } = await siteOf(t);
  must(await enabling.enable());
  const enabled = picture();
  const done = await createXivoEnabling({ ...options, provd: null }).disable(false);
  assert.equal(done.ok ? 'done' : done.error.code, 'xivo-store-absent');
  assert.deepEqual(picture().configs, enabled.configs);
});

test('enabling the standby touches no registrar: provd is off there', async (t) => {
  const { enabling, provd, picture } = await siteOf(t, 'standby');
  must(await enabling.enable());
  assert.deepEqual(provd.writes, []);
  assert.deepEqual([picture().main, picture().standby], [false, true]);
});

describe('resynchronisation', () => {
  const resync = (provd: FakeProvd, configs: readonly string[] | null, deviceMs: number, progress: string[] = []) =>
    resyncDevices({
      provd: clientOf(provd),
      configs,
      atOnce: 2,
      everyMs: 5,
      deviceMs,
      signal: new AbortController().signal,
      onProgress: (done, total) => progress.push(`${done}/${total}`),
    });

  test('of the devices whose configuration changed, a few at a time, with progress; monitors are cleared away', async (t) => {
    const { provd, enabling } = await siteOf(t);
    const { moved } = must(await enabling.enable());
    const progress: string[] = [];
    provd.failing.add('d3');
    const result = must(await resync(provd, moved.changed, 60_000, progress));
    assert.deepEqual(provd.synchronized.toSorted(), ['d1', 'd2', 'd3']);
    assert.deepEqual(
      result.failed.map(({ device, fault }) => [device, fault.code]),
      [['d3', 'provd-sync-failed']],
    );
    assert.deepEqual([result.done, progress], [2, ['1/3', '2/3', '3/3']]);
    assert.equal(provd.monitorById.size, 0);
  });

  test('a device that never ends is given up, and its monitor cleared away', async (t) => {
    const { provd } = await siteOf(t);
    provd.endless.add('d1');
    const result = must(await resync(provd, ['phone1'], 200));
    assert.deepEqual(
      result.failed.map(({ device, fault }) => [device, fault.code]),
      [['d1', 'provd-sync-failed']],
    );
    assert.equal(provd.monitorById.size, 0);
  });

  test('the state of an operation is that of its whole', () => {
    const table = {
      progress: 'progress',
      'download|progress;10/100': 'progress',
      'op|success(a|fail)': 'success',
      fail: 'fail',
      waiting: 'waiting',
      x: null,
      '': null,
    };
    for (const [status, state] of Object.entries(table)) assert.equal(stateOf(status), state, status);
  });
});
