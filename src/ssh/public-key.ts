import { createHash } from 'node:crypto';
import { fail, ok, type Result } from '../core/result.ts';

/** A public key as OpenSSH writes it. */
export interface PublicKey {
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`. */
  readonly type: string;
  /** Base64. */
  readonly blob: string;
  readonly comment: string;
}

const KEY =
  /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) ([A-Za-z0-9+/]{40,4000}={0,2})(?: ([ -~]{0,200}))?$/;

/** True when the blob names the same type inside as outside: a cut or mixed-up line does not. */
const agrees = (type: string, blob: string): boolean => {
  const bytes = Buffer.from(blob, 'base64');
  const length = bytes.length >= 4 ? bytes.readUInt32BE(0) : 0;
  return bytes.toString('latin1', 4, 4 + length) === type;
};

/** Reads one line of a `.pub` file, or of what the other node sent. Fault: `ssh-key-malformed`. */
export const parsePublicKey = (line: string): Result<PublicKey> => {
  const [, type = '', blob = '', comment = ''] = KEY.exec(line.trimEnd()) ?? [];
  if (type === '' || !agrees(type, blob)) {
    return fail(
      'ssh-key-malformed',
      'What should be a public key of SSH is none.',
      'Copy the one line of the .pub file unchanged.',
    );
  }
  return ok({ type, blob, comment });
};

export const publicKeyLine = (key: PublicKey): string =>
  `${key.type} ${key.blob}${key.comment === '' ? '' : ` ${key.comment}`}`;

/** As `ssh-keygen -l` shows it: `SHA256:` and base64 without padding. */
export const fingerprint = (key: PublicKey): string =>
  `SHA256:${createHash('sha256').update(Buffer.from(key.blob, 'base64')).digest('base64').replace(/=+$/, '')}`;
