/** The key that signs the repository: a person's own, in their gpg. None is ever made here. */
import { fail, ok, type Result } from '../src/core/result.ts';
import { run } from '../src/process/run.ts';
import { callersEnvironment } from './program.ts';

const LIST_MS = 20_000;

/** Of gpg's `--with-colons`: a primary key's record, and the fingerprint in the next of kind `fpr`. */
const fingerprintsIn = (listing: string): readonly string[] => {
  const found: string[] = [];
  let isPrimary = false;
  for (const line of listing.split('\n')) {
    const fields = line.split(':');
    if (fields[0] === 'sec') isPrimary = true;
    if (fields[0] !== 'fpr' || !isPrimary) continue;
    isPrimary = false;
    found.push(fields[9] ?? '');
  }
  return found;
};

/**
 * The fingerprint of the one key that the words mean: a fingerprint, a key's id, an address. Asked before anything is built.
 * Faults: `key-unknown`, `key-ambiguous`, those of `run`.
 */
export const signingKey = async (words: string): Promise<Result<string>> => {
  const argv = ['gpg', '--batch', '--with-colons', '--list-secret-keys', '--', words];
  const listed = await run(argv, { timeoutMs: LIST_MS, env: callersEnvironment() });
  if (!listed.ok) return listed;
  const [only, ...more] = fingerprintsIn(listed.value.stdout);
  if (only === undefined)
    return fail(
      'key-unknown',
      `Your gpg has no secret key "${words}", and none is made here.`,
      'See gpg --list-secret-keys, or make one by gpg --full-generate-key.',
    );
  if (more.length > 0)
    return fail(
      'key-ambiguous',
      `"${words}" means ${1 + more.length} keys: ${[only, ...more].join(', ')}.`,
      'Name one of them by its fingerprint.',
    );
  return ok(only);
};
