import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { configWith } from '../checks/testing/around.ts';
import { fail, ok } from '../core/result.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import { type FarPlace, farPlacesOf, findHost, forcedLine, keepHost, ownKey } from './far-keys.ts';

const folder = mkdtempSync(join(tmpdir(), 'dualtone-far-keys-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const blobOf = (byte: number): string =>
  Buffer.concat([
    Buffer.from([0, 0, 0, 11]),
    Buffer.from('ssh-ed25519'),
    Buffer.from([0, 0, 0, 32]),
    Buffer.alloc(32, byte),
  ]).toString('base64');
const keyOf = (byte: number): PublicKey => ({ type: 'ssh-ed25519', blob: blobOf(byte), comment: '' });
const edge: FarPlace = { name: 'Edge', program: 'dualtone-edge', user: 'root', address: '192.0.2.9', port: 22 };

test('the hosts that are reached by SSH: Edge and both contact centres, or none', () => {
  const config = configWith(
    `switches: { edge: { address: 192.0.2.9, main: { xivo: 127.0.0.1, contact-centre: 127.0.0.3 }, standby: { xivo: 127.0.0.2, contact-centre: 127.0.0.4 } }, contact-centre: { main: { address: 127.0.0.3 }, standby: { address: 127.0.0.4, port: 2222 } } }\n`,
  );
  assert.deepEqual(
    farPlacesOf(config).map(({ name, program, address, port }) => `${name} ${program} ${address} ${port}`),
    [
      'Edge dualtone-edge 192.0.2.9 22',
      'the contact centre of the main dualtone-cc 127.0.0.3 22',
      'the contact centre of the standby dualtone-cc 127.0.0.4 2222',
    ],
  );
  assert.deepEqual(farPlacesOf(configWith()), []);
});

test('the key is made once, for root alone, and its line allows one program', async () => {
  const file = join(folder, 'switch_ed25519');
  const first = await ownKey(file, 'pbx1');
  assert.ok(first.ok && first.value.made);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const second = await ownKey(file, 'pbx1');
  assert.ok(second.ok && !second.value.made);
  assert.equal(second.value.key.blob, first.value.key.blob);
  assert.equal(
    forcedLine(edge, first.value.key),
    `restrict,command="/usr/local/sbin/dualtone-edge" ssh-ed25519 ${first.value.key.blob} dualtone pbx1`,
  );
});

test('host keys: new, kept, known, others than before, not reached', async () => {
  const known = join(folder, 'known_hosts');
  const found = await findHost(edge, known, async () => ok([keyOf(1)]));
  assert.ok(found.ok && found.value.state === 'new');
  assert.match(found.value.fingerprints.join(), /^ssh-ed25519 SHA256:[A-Za-z0-9+/]{43}$/);
  assert.ok(keepHost(found.value, known).ok);
  assert.equal(readFileSync(known, 'utf8'), `192.0.2.9 ssh-ed25519 ${blobOf(1)}\n`);
  const again = await findHost(edge, known, async () => ok([keyOf(1)]));
  assert.ok(again.ok && again.value.state === 'known');
  const other = await findHost(edge, known, async () => ok([keyOf(2)]));
  assert.ok(other.ok && other.value.state === 'other');
  const refused = keepHost(other.value, known);
  assert.ok(!refused.ok && refused.error.code === 'ssh-pinned-key-differs');
  const off = await findHost(edge, known, async () => fail('ssh-unreachable', 'not reached', ''));
  assert.ok(!off.ok);
});
