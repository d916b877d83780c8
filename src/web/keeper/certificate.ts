/** Key and certificate of the server: files that are named, read again when they change, or its own, made and renewed by itself. */
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { fail, messageOf, ok, type Result } from '../../core/result.ts';
import type { WallTime } from '../../core/words.ts';
import { writeWholeSync } from '../../files/whole.ts';
import { selfSigned } from './self-signed.ts';

export interface Certificate {
  readonly key: string;
  readonly certificate: string;
}

export interface CertificateSource {
  /** As it is now. Faults: `web-certificate-unreadable`, `web-certificate-unfit`, `web-certificate-not-made`. */
  read(now: WallTime): Result<Certificate>;
}

const DAY_MS = 86_400_000;
/** Browsers take no more than this from anybody. */
const LIFE_MS = 397 * DAY_MS;
const RENEW_MS = 30 * DAY_MS;

const fitting = (made: Certificate, remedy: string): Result<Certificate> => {
  try {
    createSecureContext({ key: made.key, cert: made.certificate, minVersion: 'TLSv1.2' });
    return ok(made);
  } catch (error) {
    const message = `The certificate of the web server and its key do not serve: ${messageOf(error)}.`;
    return fail('web-certificate-unfit', message, remedy);
  }
};

/** The files of `web.certificate` and `web.key`. */
export const filesOf = (certificatePath: string, keyPath: string): CertificateSource => ({
  read: () => {
    try {
      const made = { certificate: readFileSync(certificatePath, 'utf8'), key: readFileSync(keyPath, 'utf8') };
      return fitting(made, `See ${certificatePath} and ${keyPath}: both PEM, and of each other.`);
    } catch (error) {
      const message = `The certificate of the web server cannot be read: ${messageOf(error)}.`;
      return fail('web-certificate-unreadable', message, 'Correct web.certificate and web.key, or see to their modes.');
    }
  },
});

const keyIn = (path: string): string => {
  if (existsSync(path)) return readFileSync(path, 'utf8');
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  writeWholeSync(path, privateKey);
  return privateKey;
};

/** Good for a while yet, and for all names. */
const isGood = (pem: string, names: readonly string[], now: WallTime): boolean => {
  try {
    const certificate = new X509Certificate(pem);
    const named = names.every(
      (name) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined,
    );
    return named && certificate.validToDate.getTime() - now > RENEW_MS && certificate.validFromDate.getTime() < now;
  } catch {
    return false;
  }
};

/** Its own, kept in `folder`; a new certificate keeps the key, so that its fingerprint stays what people have compared. */
export const ownCertificate = (folder: string, commonName: string, names: readonly string[]): CertificateSource => ({
  read: (now) => {
    const [keyPath, path] = [join(folder, 'tls.key'), join(folder, 'tls.crt')];
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const key = keyIn(keyPath);
      const old = existsSync(path) ? readFileSync(path, 'utf8') : '';
      const made = { key, certificate: old };
      const sound = isGood(old, names, now) ? fitting(made, '') : null;
      if (sound?.ok === true) return sound;
      const certificate = selfSigned({ key, commonName, names, from: now - DAY_MS, lifeMs: LIFE_MS });
      writeWholeSync(path, certificate);
      return fitting({ key, certificate }, `Remove ${keyPath}: a new one is made.`);
    } catch (error) {
      const message = `The web server's own certificate cannot be made: ${messageOf(error)}.`;
      return fail('web-certificate-not-made', message, `Remove ${keyPath}, see to the space on the disk, and restart.`);
    }
  },
});
