import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ok, type Result } from '../../src/core/result.ts';
import { type HostFile, installUnit, writeAll } from '../hosts/files.ts';
import type { Lab } from '../lab.ts';
import { runChecked } from '../process.ts';
import { inScratch } from '../scratch.ts';
import type { Site } from '../site.ts';
import { checkpointNames } from '../topology.ts';
import { dnsKeyPath, mailAuthorityPath } from './configuration.ts';
import { checkpointFiles, mailFiles, mailUnit, nrpeUnit, wanFiles, wanUnit } from './far-files.ts';
import { mysqlFiles, mysqlUnit } from './mysql-files.ts';
import { dnsKeyText, nameServerFiles, nameServerUnit } from './name-servers.ts';
import { mailName } from './places.ts';
import type { RemsysSetup } from './setup.ts';

interface Certificate {
  readonly key: string;
  readonly open: string;
}

/** Signed by itself: whoever has it as authority knows the mail server by it. */
const newCertificate = async (name: string): Promise<Result<Certificate>> =>
  await inScratch(async (folder) => {
    const [key, open] = ['key.pem', 'cert.pem'].map((file) => join(folder, file)) as [string, string];
    const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    const named = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
    const made = await runChecked(['openssl', 'req', '-x509', ...fresh, '-keyout', key, '-out', open, ...named]);
    if (!made.ok) return made;
    return ok({ key: await readFile(key, 'utf8'), open: await readFile(open, 'utf8') });
  });

/** Of a node's disk: the key of the zone, and whom it knows by name. */
const nodeFiles = (lab: Lab, mail: Certificate): readonly HostFile[] => [
  { path: dnsKeyPath, text: dnsKeyText, mode: 0o600 },
  { path: mailAuthorityPath, text: mail.open },
  { path: '/etc/hosts', text: `127.0.0.1 localhost\n${lab.host('mail').address.v4} ${mailName}\n` },
];

/** Installs the hosts around the pair, which must be off. Faults: those of the parts. */
export const installTwoSites = async (lab: Lab, remsys: RemsysSetup): Promise<Result<Site>> => {
  const mail = await newCertificate(mailName);
  if (!mail.ok) return mail;
  const installations: readonly (readonly [string, readonly HostFile[], string])[] = [
    ['wan', wanFiles, wanUnit],
    ...checkpointNames(3).map((name) => [name, checkpointFiles(lab), nrpeUnit] as const),
    ...(['dns1', 'dns2'] as const).map(
      (name) => [name, nameServerFiles(lab, name, remsys), nameServerUnit(name, remsys)] as const,
    ),
    ['mail', mailFiles(mail.value.key + mail.value.open), mailUnit],
  ];
  for (const [name, files, unit] of installations) {
    const done = await installUnit(lab.host(name), unit, files);
    if (!done.ok) return done;
  }
  return ok({
    installNode: async (role) => {
      const written = await writeAll(lab.host(role), nodeFiles(lab, mail.value));
      return written.ok && remsys.mysql !== null
        ? await installUnit(lab.host(role), mysqlUnit(remsys.mysql), mysqlFiles(remsys.mysql, role))
        : written;
    },
  });
};
