import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { filesOf, ownCertificate } from './certificate.ts';

const DAY_MS = 86_400_000;
const NOW = Date.now();
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dualtone-certificate-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const read = (names: readonly string[], now = NOW): X509Certificate => {
  const made = ownCertificate(folder, 'pbx1', names).read(now);
  assert.ok(made.ok, made.ok ? '' : made.error.message);
  return new X509Certificate(made.value.certificate);
};

test('its own certificate names what it is reached by, is signed by its key, and good for a browser', () => {
  const certificate = read(['pbx1', 'localhost', '10.0.0.1', 'fd00::1', '::', '2001:db8::ff:0:1']);
  assert.ok(certificate.verify(certificate.publicKey));
  assert.equal(certificate.ca, false);
  assert.equal(certificate.checkHost('localhost'), 'localhost');
  for (const address of ['10.0.0.1', 'fd00::1', '2001:db8::ff:0:1'])
    assert.equal(certificate.checkIP(address), address);
  assert.equal(certificate.checkHost('other'), undefined);
  assert.ok(certificate.validToDate.getTime() - certificate.validFromDate.getTime() <= 398 * DAY_MS);
  assert.equal(statSync(join(folder, 'tls.key')).mode & 0o777, 0o600);
});

test('it stays the same while it is good, and is renewed in time with the same key', () => {
  const first = read(['pbx1', '10.0.0.1']);
  assert.equal(read(['pbx1', '10.0.0.1'], NOW + 300 * DAY_MS).fingerprint256, first.fingerprint256);
  const later = read(['pbx1', '10.0.0.1'], NOW + 370 * DAY_MS);
  assert.notEqual(later.fingerprint256, first.fingerprint256);
  assert.ok(later.publicKey.equals(first.publicKey));
  const renamed = read(['pbx1', '10.0.0.2'], NOW + 370 * DAY_MS);
  assert.equal(renamed.checkIP('10.0.0.2'), '10.0.0.2');
  assert.ok(renamed.publicKey.equals(first.publicKey));
});

test('a damaged certificate is made anew, a damaged key is said', () => {
  read(['pbx1']);
  writeFileSync(join(folder, 'tls.crt'), 'nonsense');
  read(['pbx1']);
  writeFileSync(join(folder, 'tls.key'), 'nonsense');
  const made = ownCertificate(folder, 'pbx1', ['pbx1']).read(NOW);
  assert.equal(made.ok ? '' : made.error.code, 'web-certificate-not-made');
});

test('files that are named must be there and fit each other', () => {
  read(['pbx1']);
  const paths = [join(folder, 'tls.crt'), join(folder, 'tls.key')] as const;
  assert.ok(filesOf(...paths).read(NOW).ok);
  const other = join(folder, 'other');
  ownCertificate(other, 'pbx2', ['pbx2']).read(NOW);
  const crossed = filesOf(paths[0], join(other, 'tls.key')).read(NOW);
  assert.equal(crossed.ok ? '' : crossed.error.code, 'web-certificate-unfit');
  const absent = filesOf('/nowhere', paths[1]).read(NOW);
  assert.equal(absent.ok ? '' : absent.error.code, 'web-certificate-unreadable');
  assert.ok(!readFileSync(paths[0], 'utf8').includes('PRIVATE'));
});
