import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fail, ok } from '../../core/result.ts';
import { createProvd, type Provd, type ProvdConfig, type ProvdDevice } from '../../xivo/enable/provd.ts';
import { followed, followsOf, isRegistrar, withoutBackups } from '../../xivo/enable/registrars.ts';
import { provdConfigs, STANDBY } from '../../xivo/testing/configs.ts';
import { startFakeProvd } from '../../xivo/testing/fake-provd.ts';
import { configWith, find, temporary, told } from '../testing/around.ts';
import { createPhoneModelChecks, failsOverOf } from './phone-models.ts';

const root = temporary();
after(() => rmSync(root, { recursive: true, force: true }));

const plugin = (name: string, capabilities: unknown): void => {
  const place = join(root, 'var/lib/wazo-provd/plugins', name);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'plugin-info'), JSON.stringify({ version: '1', capabilities }));
};
plugin('wazo-aastra', {
  'Aastra, 6731i, 2.6.0.2019': { 'sip.lines': 6, high_availability: true },
  'Aastra, 6731i, 3.3.1': { high_availability: true },
  'Aastra, 9112i, 1.4': { high_availability: false },
});
plugin('wazo-snom', { 'Snom, 370, 8.4': { high_availability: true }, 'Snom, 300, 1': {} });

const device = (id: string, name: string, vendor: string, model: string): ProvdDevice => ({
  id,
  config: null,
  plugin: name,
  vendor,
  model,
});
const aastra = device('a', 'wazo-aastra', 'aastra', '6731i');
const old = device('b', 'wazo-aastra', 'Aastra', '9112i');
const snom = device('c', 'wazo-snom', 'Snom', '370');

const unasked = async () => assert.fail('not asked');
const provdWith = (given: Partial<Provd>): Provd => ({
  configs: unasked,
  config: unasked,
  putConfig: unasked,
  devices: unasked,
  synchronize: unasked,
  ...given,
});

const XIVO = 'profile: wazo\n';

const say = async (id: string, provd: Partial<Provd>, config = configWith(XIVO)): Promise<string> => {
  const checks = createPhoneModelChecks(() => ok(provdWith(provd)));
  return told(await find(checks, id, { config, root }));
};
const phones = (...devices: readonly ProvdDevice[]) => ({ devices: async () => ok(devices) });

test('xivo-phones-fail-over: by the plugins’ own words, with the limits of what is there', async () => {
  const id = 'xivo-phones-fail-over';
  assert.equal(await say(id, phones(aastra)), 'pass: 1 phones do, each at its next refresh');
  assert.equal(
    await say(id, phones(aastra, snom)),
    'pass: 2 phones do, each at its next refresh; Snom: one line a phone only',
  );
  assert.equal(
    await say(id, phones(aastra, old, { ...old, id: 'd' })),
    'fail: these lose their calls until the main is back: Aastra 9112i (2)',
  );
  const silent = device('e', 'wazo-snom', 'Snom', '300');
  const strange = { ...device('f', 'wazo-none', 'X', 'Y'), vendor: null };
  assert.equal(
    await say(id, phones(aastra, silent, strange)),
    'unknown: their plugins do not say it: Snom 300 (1), unknown Y (1)',
  );
  assert.match(await say(id, phones()), /^not-applicable/);
  const gone = async () => fail('provd-unreachable', 'It is not reached.', 'See it.');
  assert.equal(await say(id, { devices: gone }), 'unknown: It is not reached.');
});

test('phones that follow a virtual IP, a standby, and a pair that is no XiVO are not asked', async () => {
  for (const more of [`${XIVO}virtual-ip: { addresses: [127.0.0.9/8], interface: lo }\n`, 'profile: asterisk\n'])
    for (const id of ['xivo-phones-fail-over', 'xivo-registrars-have-backup', 'xivo-lines-have-backup'])
      assert.match(await say(id, {}, configWith(more)), /^not-applicable/);
  assert.match(await say('xivo-phones-fail-over', {}, configWith(XIVO, 'standby')), /^not-applicable/);
});

test('xivo-registrars-have-backup: every one, for both, with the standby’s own address', async () => {
  const id = 'xivo-registrars-have-backup';
  const to = configWith(XIVO).peer.address;
  const right: readonly ProvdConfig[] = ['default', 'branch'].map((name) => ({
    id: name,
    X_type: 'registrar',
    registrar_backup: to,
    proxy_backup: to,
  }));
  const configs = (list: readonly ProvdConfig[]) => ({ configs: async () => ok(list) });
  assert.equal(await say(id, configs([{ id: 'base' }, ...right])), `pass: 2 registrars name ${to}`);
  const other = right.map((each) => (each.id === 'branch' ? { ...each, proxy_backup: '10.9.9.9' } : each));
  assert.equal(await say(id, configs(other)), 'fail: not so: branch');
  assert.equal(await say(id, configs([{ id: 'default', X_type: 'registrar' }])), 'fail: not so: default');
});

test('xivo-lines-have-backup: lines, the second SCCP manager and autoprov, and what a hand set', async () => {
  const id = 'xivo-lines-have-backup';
  const configs = (list: readonly ProvdConfig[]) => ({ configs: async () => ok(list) });
  const enabled = provdConfigs.map((each) =>
    isRegistrar(each) ? { ...each, registrar_backup: STANDBY, proxy_backup: STANDBY } : each,
  );
  assert.equal(
    await say(id, configs(enabled)),
    'fail: not so: autoprov; phone1; phone1, line 2: backup_registrar_ip is 10.9.0.9; phone2; phone2, line 1: backup_registrar_ip is 203.0.113.5; sccp1',
  );
  const follows = followsOf(withoutBackups(enabled), enabled);
  const followedAll = enabled.filter(({ id: name }) => name !== 'phone2').map((each) => followed(each, follows).config);
  const told = await say(id, configs(followedAll));
  assert.equal(told, 'fail: not so: phone1, line 2: backup_registrar_ip is 10.9.0.9');
  assert.equal(await say(id, configs(followedAll.filter(({ id: name }) => name !== 'phone1'))), 'pass: they have');
  const many = Array.from({ length: 12 }, (_, at) => ({ ...enabled.at(-1), id: `phone${at}` }));
  assert.match(
    await say(id, configs([...enabled.slice(0, 3), ...many])),
    /^fail: not so: phone0; .*phone9, and 2 more$/,
  );
});

test('what provisioning says over REST is read', async (t) => {
  const provd = await startFakeProvd(provdConfigs, {});
  t.after(provd.stop);
  const contentType = 'application/vnd.proformatique.provd+json';
  const client = createProvd({ url: provd.url, contentType, token: null, timeoutMs: 10_000 });
  assert.match(await say('xivo-registrars-have-backup', client), /^fail: not so: default/);
  provd.mood = 'refuses';
  assert.match(await say('xivo-registrars-have-backup', client), /^unknown: The provisioning server/);
});

test('versions of a model that differ, and odd plugins, say nothing', () => {
  const differ = failsOverOf(
    '{"capabilities":{"A, b, 1":{"high_availability":true},"A, b, 2":{"high_availability":false}}}',
  );
  assert.equal(differ.get('a, b'), null);
  for (const text of ['', '[]', 'null', '{"capabilities":7}', '{"capabilities":{"A":null}}'])
    assert.equal(failsOverOf(text).size, 0);
});
