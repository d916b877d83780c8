import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseConfig } from '../config/parse.ts';
import type { Result } from '../core/result.ts';
import { provdDefaults } from './enable/provd.ts';
import { planImport } from './import.ts';
import { findImport, type SiteOptions, siteOf } from './site.ts';
import { provdConfigs, provdDevices, STANDBY } from './testing/configs.ts';
import { startFakeProvd } from './testing/fake-provd.ts';
import { createTestMachine } from './testing/machine.ts';

const must = <T>(result: Result<T>): T => {
  if (!result.ok) assert.fail(`${result.error.code}: ${result.error.message}`);
  return result.value;
};

/** A main whose provisioning server is not where it usually is. */
const mainWithProvd = async (t: TestContext) => {
  const machine = createTestMachine();
  t.after(machine.remove);
  const provd = await startFakeProvd(provdConfigs, provdDevices);
  t.after(provd.stop);
  machine.write('/etc/token', 'secret\n');
  const parsed = parseConfig(
    `node: { role: main, name: a, address: 10.0.0.1 }\npeer: { name: b, address: ${STANDBY} }\nprofile: xivo\n`,
  );
  assert.ok(parsed.ok, JSON.stringify(parsed));
  machine.config = parsed.config;
  const site = (what: 'enable' | 'disable', more: SiteOptions = {}) =>
    siteOf(machine.ground, { noDatabase: true, ...more }, what);
  const backup = (): unknown => provd.configById.get('default')?.['registrar_backup'];
  return { machine, provd, site, backup, kept: join(machine.root, 'var/lib/dualtone/xivo-provd.json') };
};

test('a provisioning server at another place is found again by whoever disables, without being told', async (t) => {
  const { provd, site, backup, kept } = await mainWithProvd(t);
  must(await must(site('enable', { provd: provd.url })).enabling.enable());
  assert.equal(backup(), STANDBY);
  assert.deepEqual(JSON.parse(readFileSync(kept, 'utf8')), { url: provd.url, tokenFile: null });
  must(await must(site('disable')).enabling.disable(false));
  assert.notEqual(backup(), STANDBY);
  assert.equal(existsSync(kept), false);
});

test('what somebody has changed there since keeps its place known', async (t) => {
  const { provd, site, kept } = await mainWithProvd(t);
  must(await must(site('enable', { provd: provd.url })).enabling.enable());
  const registrar = provd.configById.get('default');
  assert.ok(registrar !== undefined);
  provd.configById.set('default', { ...registrar, registrar_backup: '203.0.113.9' });
  const told = must(await must(site('disable')).enabling.disable(false));
  assert.ok(told.lines.some(({ what }) => what === 'drift'));
  assert.equal(existsSync(kept), true);
});

test('the usual place leaves no file, and takes away that of another', async (t) => {
  const { provd, site, kept } = await mainWithProvd(t);
  must(await must(site('enable', { provd: provd.url })).enabling.enable());
  const usual = must(site('enable', { provd: provdDefaults.xivo.url }));
  // Nobody is there: but whoever enables says where it is.
  await usual.enabling.enable();
  assert.equal(existsSync(kept), false);
});

test('a file that says nothing of use, and a token that is not there, are said', async (t) => {
  const { machine, site, kept } = await mainWithProvd(t);
  machine.write('/var/lib/dualtone/.keep', '');
  for (const text of ['', '{}', '{"url":"nowhere","tokenFile":null}', '{"url":"http://x/","tokenFile":7}']) {
    writeFileSync(kept, text);
    const found = site('disable');
    assert.equal(found.ok ? 'found' : found.error.code, 'xivo-provd-place-odd', text);
  }
  writeFileSync(kept, '{"url":"http://10.0.0.7:8666/provd","tokenFile":"/nonexistent/token"}');
  const without = site('disable');
  assert.equal(without.ok ? 'found' : without.error.code, 'secret-unreadable');
});

test('a standby that is enabled before it has a pair: enabled once more, imported and disabled it goes by what ha.conf said', async (t) => {
  const machine = createTestMachine();
  t.after(machine.remove);
  const conf = '{"node_type": "slave", "remote_address": "10.0.0.1"}';
  machine.write('/etc/xivo/ha.conf', conf);
  const site = (what: 'enable' | 'disable') => must(siteOf(machine.ground, { noDatabase: true }, what));
  assert.equal(must(findImport(machine.ground)).isAsleep, false);
  for (let times = 0; times < 2; times += 1) {
    const { role, enabling } = site('enable');
    assert.equal(role, 'standby');
    must(await enabling.enable());
    assert.match(readFileSync(`${machine.root}/etc/xivo/ha.conf`, 'utf8'), /disabled/);
    const found = must(findImport(machine.ground));
    assert.deepEqual([found.isAsleep, found.conf], [true, { role: 'standby', address: '10.0.0.1' }]);
    const plan = planImport({ ...found, addresses: [{ address: '10.0.0.2', netmask: '255.255.255.0' }] });
    assert.match(must(plan).notes.join(), /given here already.*steps after it/);
  }
  must(await site('disable').enabling.disable(false));
  assert.equal(readFileSync(`${machine.root}/etc/xivo/ha.conf`, 'utf8'), conf);
  assert.equal(must(findImport(machine.ground)).isAsleep, false);
});
