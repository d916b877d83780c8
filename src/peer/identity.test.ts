import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  certificateOf,
  createPapers,
  generateIdentity,
  type Identity,
  loadIdentity,
  PIN,
  parseIdentity,
  pinOfCertificate,
} from './identity.ts';

const fresh = (): Identity => {
  const parsed = parseIdentity(generateIdentity());
  if (!parsed.ok) assert.fail(parsed.error.message);
  return parsed.value;
};

const DAY_MS = 86_400_000;

test('a certificate is well formed, signed by its key, and known by its pin', () => {
  const identity = fresh();
  const now = Date.UTC(2030, 0, 2, 3, 4, 5);
  const certificate = new X509Certificate(certificateOf(identity, now, now + DAY_MS));
  assert.ok(certificate.verify(certificate.publicKey));
  assert.equal(pinOfCertificate(certificate), identity.pin);
  assert.match(identity.pin, PIN);
  assert.notEqual(identity.pin, fresh().pin);
  assert.deepEqual([certificate.validFromDate.getTime(), certificate.validToDate.getTime()], [now, now + DAY_MS]);
  assert.equal(certificate.subject, 'CN=dualtone');
});

test('certificates are made anew long before they end, also when the clock is set', () => {
  let wall = Date.UTC(2030, 0, 1);
  const papers = createPapers(fresh(), () => wall);
  const first = papers().cert;
  assert.equal(papers().cert, first);
  for (let day = 0; day < 400; day += 1) {
    wall += DAY_MS;
    const left = new X509Certificate(papers().cert).validToDate.getTime() - wall;
    assert.ok(left > 15 * DAY_MS, `${left / DAY_MS} days left`);
  }
  wall = Date.UTC(2029, 0, 1);
  assert.ok(new X509Certificate(papers().cert).validFromDate.getTime() <= wall);
});

test('the own key is read only where nobody else can, and only where it is one', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'dualtone-identity-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'identity.key');
  const codeOf = (): string => {
    const loaded = loadIdentity(path);
    return loaded.ok ? 'read' : loaded.error.code;
  };
  assert.equal(codeOf(), 'identity-missing');
  writeFileSync(path, generateIdentity(), { mode: 0o600 });
  assert.equal(codeOf(), 'read');
  chmodSync(path, 0o640);
  assert.equal(codeOf(), 'identity-exposed');
  writeFileSync(path, 'no key');
  chmodSync(path, 0o600);
  assert.equal(codeOf(), 'identity-malformed');
});
