/** A secret in a file of its own. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fail, messageOf, ok, type Result } from '../core/result.ts';

/** For those who have words of their own for what is wrong with it. */
export type SecretLook =
  /** Without its line end; never empty. `isExposed`: others than its owner may read or change the file. */
  | { readonly ok: true; readonly text: string; readonly isExposed: boolean }
  /** A part of a sentence. */
  | { readonly ok: false; readonly why: string };

export const lookAtSecret = (path: string): SecretLook => {
  try {
    const isExposed = (statSync(path).mode & 0o077) !== 0;
    const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    return text.trim() === '' ? { ok: false, why: 'it is empty' } : { ok: true, text, isExposed };
  } catch (error) {
    return { ok: false, why: messageOf(error) };
  }
};

/** What the file of mode 0600 or 0400 holds, trimmed. `howToMake`: the next step where it is not there. Faults: `secret-unreadable`, `secret-exposed`. */
export const readSecretFile = (path: string, howToMake: string): Result<string> => {
  const found = lookAtSecret(path);
  if (!found.ok) return fail('secret-unreadable', `The secret in ${path} cannot be read: ${found.why}.`, howToMake);
  if (found.isExposed)
    return fail('secret-exposed', `Others than its owner may read ${path}.`, `Run: chmod 600 ${path}.`);
  return ok(found.text.trim());
};

/** Makes the file where there is none, with its folder; false where there is one. Fault: `secret-not-written`. */
export const ensureSecretFile = (path: string, secret: string): Result<boolean> => {
  if (existsSync(path)) return ok(false);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, `${secret}\n`, { mode: 0o600, flag: 'wx', flush: true });
    return ok(true);
  } catch (error) {
    const why = messageOf(error);
    return fail('secret-not-written', `The password file cannot be made: ${why}.`, 'Run as root.');
  }
};
