/** A key and a certificate for loopback, made for one test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Certificate, ownCertificate } from '../certificate.ts';

/** Each has a key of its own. */
export const makeKeys = (): Certificate => {
  const folder = mkdtempSync(join(tmpdir(), 'dualtone-keys-'));
  try {
    const made = ownCertificate(folder, 'localhost', ['localhost', '127.0.0.1']).read(Date.now());
    if (made.ok) return made.value;
    throw new Error(made.error.message);
  } finally {
    rmSync(folder, { recursive: true });
  }
};
