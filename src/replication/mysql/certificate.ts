/** A self-signed certificate for a node's server, made once; the other node pins it. */
import { chmodSync, chownSync, existsSync, mkdirSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname } from 'node:path';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Run } from '../../process/run.ts';

export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
  /** The server's user and group, who must read the key. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
}

const DAYS = 20 * 365;

const argvOf = ({ certificate, key }: CertificateFiles, address: string): readonly string[] => [
  'openssl',
  ...`req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days ${DAYS}`.split(' '),
  '-subj',
  '/CN=dualtone-mysql',
  '-addext',
  `subjectAltName=${isIP(address) === 0 ? 'DNS' : 'IP'}:${address}`,
  '-keyout',
  key,
  '-out',
  certificate,
];

/** Does nothing where there is one. `address`: under which the other node reaches this server. Fault: `mysql-certificate`. */
export const makeCertificate = async (files: CertificateFiles, address: string, run: Run): Promise<Result<void>> => {
  const { certificate, key, owner } = files;
  if (existsSync(certificate) && existsSync(key)) return ok(undefined);
  mkdirSync(dirname(certificate), { recursive: true, mode: 0o755 });
  const made = await run(argvOf(files, address), { timeoutMs: 20_000, cwd: '/' });
  if (!made.ok) return made;
  if (made.value.exitCode !== 0)
    return fail(
      'mysql-certificate',
      `No certificate could be made: ${made.value.stderr.trim().split('\n').at(-1) ?? '?'}.`,
      'Install openssl.',
    );
  chmodSync(key, 0o600);
  chmodSync(certificate, 0o644);
  if (owner !== null) for (const path of [certificate, key]) chownSync(path, owner.uid, owner.gid);
  return ok(undefined);
};
