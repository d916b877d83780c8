/** From a configuration's words to a client; files are read when a connection is made, so that what was renewed counts. */
import { readFileSync } from 'node:fs';
import { fail, messageOf, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import { readSecretFile } from '../files/secret.ts';
import { createEtcdClient, type EtcdAccess, type EtcdClient } from './client.ts';

/** As `arbiter` has it. */
export interface EtcdFiles {
  readonly endpoints: readonly string[];
  readonly user: string;
  readonly passwordFile: string;
  readonly authorityFile: string;
  readonly certificateFile: string | null;
  readonly keyFile: string | null;
}

/** Faults: `etcd-file-unreadable`, `secret-unreadable`, `secret-exposed`. */
export const accessOf = (files: EtcdFiles): Result<EtcdAccess> => {
  const password = readSecretFile(files.passwordFile, 'Write the password of the user of etcd into it, mode 0600.');
  if (!password.ok) return password;
  try {
    const read = (path: string | null): string | null => (path === null ? null : readFileSync(path, 'utf8'));
    const authority = readFileSync(files.authorityFile, 'utf8');
    const own = { certificate: read(files.certificateFile), key: read(files.keyFile) };
    return ok({ authority, ...own, user: files.user, password: password.value });
  } catch (error) {
    const why = messageOf(error);
    return fail('etcd-file-unreadable', `A file of \`arbiter\` cannot be read: ${why}.`, 'Put it there, in PEM.');
  }
};

export const clientOf = (files: EtcdFiles, timeoutMs: Millis): EtcdClient =>
  createEtcdClient({ endpoints: files.endpoints, access: () => accessOf(files), timeoutMs });
