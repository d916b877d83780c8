/** Passwords: argon2id, with a salt each and the parameters kept beside, so that they can grow. */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { fail, ok, type Result } from '../../core/result.ts';

/** Base64url; `memory` in KiB. */
export interface PasswordHash {
  readonly salt: string;
  readonly tag: string;
  readonly memory: number;
  readonly passes: number;
}

/** OWASP's first choice: 19 MiB, two passes; some 50 ms. */
const MEMORY_KIB = 19_456;
const PASSES = 2;
const TAG_BYTES = 32;
const SHORTEST = 10;
const LONGEST_BYTES = 256;

const derive = (password: string, salt: Buffer, memory: number, passes: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const parameters = {
      message: Buffer.from(password.normalize('NFC')),
      nonce: salt,
      parallelism: 1,
      tagLength: TAG_BYTES,
      memory,
      passes,
    };
    argon2('argon2id', parameters, (error, tag) => (error === null ? resolve(tag) : reject(error)));
  });

/** Faults: `password-too-short`, `password-too-long`. */
export const checkPassword = (password: string): Result<void> => {
  if (Array.from(password).length < SHORTEST)
    return fail(
      'password-too-short',
      `The password has fewer than ${SHORTEST} characters.`,
      'Take a longer one; several words are easy to remember.',
    );
  if (Buffer.byteLength(password) > LONGEST_BYTES)
    return fail('password-too-long', 'The password is too long.', `Take one of at most ${LONGEST_BYTES} bytes.`);
  return ok(undefined);
};

export const hashPassword = async (password: string): Promise<PasswordHash> => {
  const salt = randomBytes(16);
  const tag = await derive(password, salt, MEMORY_KIB, PASSES);
  return { salt: salt.toString('base64url'), tag: tag.toString('base64url'), memory: MEMORY_KIB, passes: PASSES };
};

const NOBODY: PasswordHash = {
  salt: randomBytes(16).toString('base64url'),
  tag: randomBytes(TAG_BYTES).toString('base64url'),
  memory: MEMORY_KIB,
  passes: PASSES,
};

/** `hash` null: there is no such user, and it takes as long as if there were. */
export const isPassword = async (password: string, hash: PasswordHash | null): Promise<boolean> => {
  const { salt, tag, memory, passes } = hash ?? NOBODY;
  if (Buffer.byteLength(password) > LONGEST_BYTES) return false;
  const known = Buffer.from(tag, 'base64url');
  const found = await derive(password, Buffer.from(salt, 'base64url'), memory, passes);
  return hash !== null && known.length === found.length && timingSafeEqual(known, found);
};
