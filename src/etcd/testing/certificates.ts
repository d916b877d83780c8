/** Certificates for a cluster of tests, made by openssl: members and nodes of one authority. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const openssl = (folder: string, ...argv: string[]): void => {
  execFileSync('openssl', argv, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
};

/** `NAME.pem` and `NAME.key`, signed by the authority of `folder`, for a member or a node; `days` may be negative: it has ended. */
export const makeCertificate = (folder: string, name: string, days: number, address = '127.0.0.1'): void => {
  // The gateway shows the member's own certificate to the member: it is of a client too.
  writeFileSync(join(folder, 'ext.cnf'), `subjectAltName=IP:${address}\nextendedKeyUsage=serverAuth,clientAuth\n`);
  const subject = `/O=${name}`;
  openssl(
    folder,
    'req',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.csr`,
    '-subj',
    subject,
  );
  const now = Date.now();
  const stamp = (ms: number): string => new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  const [from, to] =
    days > 0 ? [now - 86_400_000, now + days * 86_400_000] : [now + (days - 2) * 86_400_000, now + days * 86_400_000];
  const lines = [
    '[ca]',
    'default_ca=own',
    '[own]',
    'database=index.txt',
    'new_certs_dir=.',
    'rand_serial=yes',
    'default_md=sha256',
    'policy=any',
    'unique_subject=no',
    '[any]',
    'organizationName=optional',
  ];
  writeFileSync(join(folder, 'ca.cnf'), `${lines.join('\n')}\n`);
  writeFileSync(join(folder, 'index.txt'), '');
  openssl(
    folder,
    'ca',
    '-batch',
    '-notext',
    '-config',
    'ca.cnf',
    '-in',
    `${name}.csr`,
    '-cert',
    'ca.pem',
    '-keyfile',
    'ca.key',
    '-startdate',
    stamp(from),
    '-enddate',
    stamp(to),
    '-extfile',
    'ext.cnf',
    '-out',
    `${name}.pem`,
  );
};

/** An authority of two days: `ca.pem` and `ca.key`. */
export const makeAuthority = (folder: string): void =>
  openssl(
    folder,
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/O=authority',
  );
