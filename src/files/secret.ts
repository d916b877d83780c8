/** A secret in a file of its own. */
import { readFileSync, statSync } from 'node:fs';
import { fail, ok, type Result } from '../core/result.ts';

/** What the file of mode 0600 or 0400 holds, trimmed. `howToMake`: the next step where it is not there. Faults: `secret-unreadable`, `secret-exposed`. */
export const readSecretFile = (path: string, howToMake: string): Result<string> => {
  try {
    if ((statSync(path).mode & 0o077) !== 0)
      return fail('secret-exposed', `Others than its owner may read ${path}.`, `Run: chmod 600 ${path}.`);
    const secret = readFileSync(path, 'utf8').trim();
    return secret === '' ? fail('secret-unreadable', `The file ${path} is empty.`, howToMake) : ok(secret);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return fail('secret-unreadable', `A secret cannot be read: ${why}.`, howToMake);
  }
};
