/** A real etcd cluster of three hosts beside the pair: certificates, members, users. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '../../src/core/result.ts';
import { makeAuthority, makeCertificate } from '../../src/etcd/testing/certificates.ts';
import { type HostFile, installUnit, writeAll } from '../hosts/files.ts';
import type { Lab } from '../lab.ts';
import { inScratch } from '../scratch.ts';
import type { Site } from '../site.ts';
import { memberNames, roles } from '../topology.ts';
import { ctl, etcdUnit, loginPath, type MemberCertificate, memberFiles } from './member-files.ts';
import { clusterIdOf, nodePaths, pairUser, prefix } from './places.ts';

export interface EtcdSite extends Site {
  /** Makes users and roles, once the members run. Faults: `program-failed`, `etcd-number-other`. */
  readonly prepare: () => Promise<Result<void>>;
}

interface Certificates {
  readonly byName: ReadonlyMap<string, MemberCertificate>;
  /** Of the nodes; ended yesterday. */
  readonly endedByName: ReadonlyMap<string, MemberCertificate>;
}

const makeCertificates = async (lab: Lab): Promise<Certificates> =>
  await inScratch(async (folder) => {
    makeAuthority(folder);
    const authority = await readFile(join(folder, 'ca.pem'), 'utf8');
    const make = async (name: string, file: string, days: number): Promise<MemberCertificate> => {
      makeCertificate(folder, file, days, lab.host(name).address.v4);
      const [open, key] = await Promise.all(
        ['pem', 'key'].map(async (kind) => await readFile(join(folder, `${file}.${kind}`), 'utf8')),
      );
      return { authority, open: open ?? '', key: key ?? '' };
    };
    const byName = new Map<string, MemberCertificate>();
    const endedByName = new Map<string, MemberCertificate>();
    for (const name of [...memberNames, ...roles]) byName.set(name, await make(name, name, 2));
    for (const name of roles) endedByName.set(name, await make(name, `${name}-ended`, -1));
    return { byName, endedByName };
  });

const nodeFiles = (good: MemberCertificate, ended: MemberCertificate, password: string): readonly HostFile[] => [
  { path: nodePaths.password, text: `${password}\n`, mode: 0o600 },
  { path: nodePaths.authority, text: good.authority },
  { path: nodePaths.certificate, text: good.open },
  { path: nodePaths.key, text: good.key, mode: 0o600 },
  { path: `${nodePaths.good}.pem`, text: good.open },
  { path: `${nodePaths.good}.key`, text: good.key, mode: 0o600 },
  { path: `${nodePaths.ended}.pem`, text: ended.open },
  { path: `${nodePaths.ended}.key`, text: ended.key, mode: 0o600 },
];

const setUpUsers = async (lab: Lab, password: string): Promise<Result<void>> => {
  const host = lab.host('etcd1');
  const status = await host.execChecked([ctl, 'endpoint', 'status', '-w', 'json']);
  if (!status.ok) return status;
  const number = BigInt(`0x${clusterIdOf(lab)}`).toString();
  if (!status.value.stdout.includes(`"cluster_id":${number}`))
    return fail('etcd-number-other', `etcd gave its cluster another number than ${number}`, status.value.stdout);
  const top = randomBytes(12).toString('hex');
  const orders: readonly { readonly argv: readonly string[]; readonly input?: string }[] = [
    { argv: ['user', 'add', 'root', '--interactive=false'], input: `${top}\n` },
    { argv: ['role', 'add', pairUser] },
    { argv: ['role', 'grant-permission', pairUser, '--prefix=true', 'readwrite', `${prefix}/`] },
    { argv: ['user', 'add', pairUser, '--interactive=false'], input: `${password}\n` },
    { argv: ['user', 'grant-role', pairUser, pairUser] },
    { argv: ['auth', 'enable'] },
  ];
  for (const { argv, input } of orders) {
    const done = await host.execChecked([ctl, ...argv], input === undefined ? {} : { input });
    if (!done.ok) return done;
  }
  for (const name of memberNames) {
    const written = await lab.host(name).write(loginPath, `root:${top}`, { mode: 0o600 });
    if (!written.ok) return written;
  }
  return ok(undefined);
};

/** Installs the members on their hosts, which must be off. Faults: those of the parts. */
export const installEtcd = async (lab: Lab): Promise<Result<EtcdSite>> => {
  const { byName, endedByName } = await makeCertificates(lab);
  const none: MemberCertificate = { authority: '', open: '', key: '' };
  const password = randomBytes(12).toString('hex');
  for (const name of memberNames) {
    const installed = await installUnit(lab.host(name), etcdUnit, memberFiles(lab, name, byName.get(name) ?? none));
    if (!installed.ok) return installed;
  }
  return ok({
    installNode: async (role) =>
      await writeAll(lab.host(role), nodeFiles(byName.get(role) ?? none, endedByName.get(role) ?? none, password)),
    prepare: async () => await setUpUsers(lab, password),
  });
};
