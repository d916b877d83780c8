/** How long a certificate is valid, and what that means. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { failed, passed, type Said } from './check.ts';

const DAY_MS = 86_400_000;
const SOON_DAYS = 14;

/** How long the certificates of a PEM file are valid; null: it holds none that can be read. */
export const daysLeft = (pem: string, now: number): number | null => {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  try {
    const ends = blocks.map((block) => Date.parse(new X509Certificate(block).validTo));
    return ends.length === 0 ? null : (Math.min(...ends) - now) / DAY_MS;
  } catch {
    return null;
  }
};

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

/** Passes where the file is valid for two weeks more. `wall`: milliseconds since 1970. */
export const judgeCertificate = (path: string, wall: number): Said => {
  const days = daysLeft(textOf(path), wall);
  if (days === null) return failed(`${path} holds no certificate`);
  if (days <= 0) return failed(`${path} has expired ${Math.ceil(-days)} days ago`);
  return days < SOON_DAYS
    ? failed(`${path} expires in ${Math.floor(days)} days`)
    : passed(`valid for ${Math.floor(days)} days`);
};
