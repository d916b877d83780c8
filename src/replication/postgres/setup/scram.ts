/** SCRAM-SHA-256 verifiers (RFC 5803, as PostgreSQL keeps them), made here so that the server never sees the password. */
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';

const ITERATIONS = 4096;

const verifierWith = (password: string, salt: Buffer, iterations: number): string => {
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest('base64');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
};

/** What is fit for a password here: printable ASCII, for which SASLprep changes nothing. */
export const isPlainPassword = (password: string): boolean => /^[\x21-\x7e]{8,200}$/.test(password);

/** A verifier for `ALTER ROLE … PASSWORD`; each call has a salt of its own. */
export const scramVerifier = (password: string): string => verifierWith(password, randomBytes(16), ITERATIONS);

/** Whether a stored verifier belongs to the password; false for anything that is no SCRAM-SHA-256 verifier. */
export const verifierFits = (verifier: string | null, password: string): boolean => {
  const match = /^SCRAM-SHA-256\$(\d{1,7}):([A-Za-z0-9+/=]+)\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$/.exec(verifier ?? '');
  if (match === null || verifier === null) return false;
  const wanted = Buffer.from(verifierWith(password, Buffer.from(match[2] ?? '', 'base64'), Number(match[1])));
  const stored = Buffer.from(verifier);
  return wanted.length === stored.length && timingSafeEqual(wanted, stored);
};
