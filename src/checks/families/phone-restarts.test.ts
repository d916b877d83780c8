import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fail, ok } from '../../core/result.ts';
import { createProvd } from '../../xivo/enable/provd.ts';
import { provdConfigsAt } from '../../xivo/testing/configs.ts';
import { startFakeProvd } from '../../xivo/testing/fake-provd.ts';
import { configWith, find, told } from '../testing/around.ts';
import { createPhoneRestartChecks, type DhcpRow } from './phone-restarts.ts';

const XIVO = 'profile: xivo\nstreams: { astdb: { enabled: false }, database: { mode: snapshot } }\n';
const VIRTUAL = 'virtual-ip: { addresses: [127.0.0.9/8], interface: lo }\n';
const [main, standby] = [configWith(XIVO), configWith(XIVO, 'standby')];

const sent = async (row: Partial<DhcpRow> | null, config = standby): Promise<string> => {
  const gone = fail('database-unreachable', 'It is not reached.', 'See it.');
  const checks = createPhoneRestartChecks(async () =>
    row === null ? gone : ok({ isOn: true, provisioning: null, ...row }),
  );
  return told(await find(checks, 'xivo-restart-provisioned', { config }));
};

test('xivo-restart-provisioned: not to the other node, by the rows of this one', async () => {
  const { address } = standby.node;
  assert.equal(
    await sent({ provisioning: main.node.address }),
    'fail: they are sent to 127.0.0.1, which is pbx1: each waits for it in vain first',
  );
  assert.match(await sent({ provisioning: address }), /^pass: they are sent here, to 127\.0\.0\.2: a phone keeps/);
  assert.equal(await sent({ provisioning: main.node.address }, main), 'pass: they are sent here, to 127.0.0.1');
  assert.match(await sent({ provisioning: '10.0.0.66' }), /^pass: they are sent to 10\.0\.0\.66, which is neither/);
  assert.match(await sent({}), /^fail: DHCP is on, and no provisioning address/);
  assert.match(await sent({ isOn: false }), /^not-applicable: this node gives no addresses/);
  assert.equal(await sent(null), 'unknown: It is not reached.');
  for (const config of [configWith(), configWith('profile: xivo\n')])
    assert.match(await sent({ provisioning: address }, config), /^not-applicable/);
});

test('xivo-directory-moves: by what provisioning gives phones, over REST', async (t) => {
  const ask = async (phonebook: string | null, more = ''): Promise<string> => {
    const configs = provdConfigsAt(main.node.address).map((each) =>
      each.id === 'base' && phonebook !== null ? { ...each, raw_config: { X_xivo_phonebook_ip: phonebook } } : each,
    );
    const fake = await startFakeProvd(configs, {});
    t.after(fake.stop);
    const contentType = 'application/vnd.proformatique.provd+json';
    const provd = createProvd({ url: fake.url, contentType, token: null, timeoutMs: 10_000 });
    const checks = createPhoneRestartChecks(undefined, () => ok(provd));
    const found = await find(checks, 'xivo-directory-moves', { config: configWith(XIVO + more) });
    return 'remedy' in found ? `${told(found)} / ${found.remedy}` : told(found);
  };
  assert.match(await ask('127.0.0.1'), /^fail: base: it is asked at 127\.0\.0\.1, .* \/ No address serves both/);
  assert.match(await ask('127.0.0.1', VIRTUAL), /^fail: base: .* \/ Set X_xivo_phonebook_ip .* to 127\.0\.0\.9,/);
  assert.equal(await ask('127.0.0.9', VIRTUAL), 'pass: it is asked at 127.0.0.9: the virtual IP');
  assert.match(await ask('10.0.0.7'), /^pass: it is asked at 10\.0\.0\.7: neither/);
  assert.match(await ask(null), /^not-applicable/);
});
