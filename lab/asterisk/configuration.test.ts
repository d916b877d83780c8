import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pbxFiles } from './configuration.ts';
import { managerSecret, phoneAccounts } from './plan.ts';

const plan = { virtualAddress: '10.70.3.10', providerAddress: '10.70.3.41', endpoints: 20, seed: 'abcd' };

const fileNamed = (name: string, change: Partial<typeof plan> = {}) => {
  const files = pbxFiles({ ...plan, ...change });
  assert.ok(files.ok);
  const file = files.value.find(({ path }) => path.endsWith(name));
  assert.ok(file !== undefined, name);
  return file;
};

test('every telephone has endpoint, login and address of record', () => {
  const { text } = fileNamed('pjsip.conf', { endpoints: 3000 });
  for (const kind of ['phone', 'phone-auth', 'phone-aor'])
    assert.equal(text.split(`](${kind})\n`).length - 1, 3000, kind);
  assert.ok(text.includes('[3999](phone)'));
});

test('who has more telephones than numbers of four figures has some of five, and can call them', () => {
  assert.ok(fileNamed('pjsip.conf', { endpoints: 10_000 }).text.includes('[15999](phone)'));
  assert.equal(fileNamed('extensions.conf', { endpoints: 4001 }).text.match(/_1XXXX,1,Dial/g)?.length, 2);
  assert.ok(!fileNamed('extensions.conf', { endpoints: 4000 }).text.includes('_1XXXX'));
});

test('telephony is bound to the virtual address and the loopback, never to all', () => {
  const { text } = fileNamed('pjsip.conf');
  assert.deepEqual(
    [...text.matchAll(/^bind = (.*)$/gm)].map((found) => found[1]),
    ['10.70.3.10:5060', '10.70.3.10:5060', '127.0.0.1:5060'],
  );
  assert.ok(!text.includes('0.0.0.0'));
  assert.match(fileNamed('manager.conf').text, /^bindaddr = 127\.0\.0\.1$/m);
});

test('secrets are the same on both nodes, differ from each other and between labs, and nobody else reads them', () => {
  const passwords = phoneAccounts(plan).map(({ password }) => password);
  assert.deepEqual(
    passwords,
    phoneAccounts({ ...plan }).map(({ password }) => password),
  );
  assert.equal(new Set(passwords).size, 20);
  assert.notEqual(phoneAccounts({ ...plan, seed: 'abce' })[0]?.password, passwords[0]);
  const secret = fileNamed('ami.secret');
  assert.deepEqual([secret.mode, secret.owner, secret.text], [0o600, 'root', `${managerSecret(plan)}\n`]);
  for (const name of ['pjsip.conf', 'manager.conf']) assert.equal(fileNamed(name).mode & 0o007, 0, name);
});

test('more telephones than numbers is a fault', () => {
  for (const endpoints of [0, -1, 1.5, 10_001])
    assert.equal(pbxFiles({ ...plan, endpoints }).ok, false, String(endpoints));
});
