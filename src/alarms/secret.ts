/** Secrets of the channels: read when they are used, so that a new one needs no restart, and never kept. */
import { join } from 'node:path';
import { fail, ok, type Result } from '../core/result.ts';
import { lookAtSecret } from '../files/secret.ts';

const CREDENTIAL = 'credential:';

const unreadable = (why: string): Result<string> =>
  fail(
    'alarm-secret-unreadable',
    `A secret of the alarms cannot be read: ${why}.`,
    'Write it into the file that the configuration names, mode 0600, or give the credential in the unit (LoadCredential=).',
  );

/**
 * The secret at a path, or of systemd (`credential:NAME`). Without the line end. Faults: `alarm-secret-unreadable`, `alarm-secret-exposed`.
 */
export const readAlarmSecret = (
  source: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Result<string> => {
  const directory = env['CREDENTIALS_DIRECTORY'];
  const isCredential = source.startsWith(CREDENTIAL);
  if (isCredential && directory === undefined)
    return unreadable(`${source} is given, and systemd gave this service no credentials`);
  const path = isCredential ? join(directory ?? '', source.slice(CREDENTIAL.length)) : source;
  const secret = lookAtSecret(path);
  if (!secret.ok) return unreadable(`${path}: ${secret.why}`);
  // What systemd gives it guards itself.
  if (!isCredential && secret.isExposed)
    return fail('alarm-secret-exposed', `Others than its owner may read ${path}.`, `Run: chmod 600 ${path}.`);
  return ok(secret.text);
};
