import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ok, type Result } from '../../src/core/result.ts';
import type { Role } from '../../src/core/words.ts';
import type { PbxPlan } from '../asterisk/plan.ts';
import { type HostFile, installUnit, writeAll } from '../hosts/files.ts';
import type { Lab } from '../lab.ts';
import { linkAddressOf, octetByRole } from '../network/addressing.ts';
import { runChecked } from '../process.ts';
import { inScratch } from '../scratch.ts';
import type { Site } from '../site.ts';
import { roles } from '../topology.ts';
import { berofosSecretPath, reportingSecretPath, switchKeyPath, switchKnownHostsPath } from './configuration.ts';
import { deskPhoneFiles, phoneFileOf, phoneFilesUnit } from './desk-phone.ts';
import {
  boxLogin,
  boxMoodPath,
  boxUnit,
  type ComposeHost,
  composeFiles,
  elasticUnit,
  folderByFar,
  programUnit,
  provdMainPath,
  provdMoodPath,
  provdUnit,
} from './far-files.ts';
import { installMediaServer, mediaServersOf } from './media-server.ts';
import { groupUnits, nodeFiles } from './node-files.ts';
import { reportingPassword } from './reporting.ts';

interface KeyPair {
  readonly secret: string;
  readonly open: string;
}

const newKey = async (comment: string): Promise<Result<KeyPair>> =>
  await inScratch(async (folder) => {
    const path = join(folder, 'key');
    const made = await runChecked(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', path]);
    if (!made.ok) return made;
    return ok({ secret: await readFile(path, 'utf8'), open: await readFile(`${path}.pub`, 'utf8') });
  });

const composeHosts = Object.keys(folderByFar) as readonly ComposeHost[];

const installCompose = async (
  lab: Lab,
  name: ComposeHost,
  key: KeyPair,
  nodes: readonly string[],
): Promise<Result<void>> =>
  await installUnit(lab.host(name), 'ssh.service', await composeFiles(lab, name, key.secret, nodes));

const installBox = async (lab: Lab): Promise<Result<void>> =>
  await installUnit(lab.host('berofos'), boxUnit, [
    programUnit(boxUnit, 'box-main.ts'),
    { path: boxMoodPath, text: 'well\n' },
  ]);

const installReporting = async (lab: Lab): Promise<Result<void>> => {
  const host = lab.host('reporting');
  const elastic = await installUnit(host, elasticUnit, [programUnit(elasticUnit, 'elastic-main.ts')]);
  return elastic.ok ? await host.enableUnit('postgresql.service') : elastic;
};

/** The file of the telephone that boots, for whoever provisions it. */
const phoneFile = (lab: Lab, pbx: PbxPlan): HostFile =>
  phoneFileOf(lab, pbx, linkAddressOf(lab.subnet, octetByRole['desk-phone']));

const installProvisioning = async (lab: Lab, pbx: PbxPlan): Promise<Result<void>> => {
  const host = lab.host('provisioning');
  const installed = await installUnit(host, provdUnit, [
    programUnit(provdUnit, 'provd-main.ts'),
    { path: provdMoodPath, text: 'well\n' },
    { path: provdMainPath, text: lab.host('main').address.v4 },
    programUnit(phoneFilesUnit, 'phone-files-main.ts'),
    phoneFile(lab, pbx),
  ]);
  return installed.ok ? await host.enableUnit(phoneFilesUnit) : installed;
};

const installNode = async (lab: Lab, role: Role, secrets: readonly HostFile[]): Promise<Result<void>> => {
  const host = lab.host(role);
  const written = await writeAll(host, [...nodeFiles(host), ...secrets]);
  if (!written.ok) return written;
  // All of them start at boot, as on a server that was installed by its packages: that a passive node stays passive is our business.
  for (const unit of groupUnits) {
    const enabled = await host.enableUnit(unit);
    if (!enabled.ok) return enabled;
  }
  return ok(undefined);
};

/** Installs the hosts around the pair, which must be off. Faults: those of the parts. */
export const installSite = async (lab: Lab, pbx: PbxPlan): Promise<Result<Site>> => {
  const keyByName = new Map<string, KeyPair>();
  for (const name of [...roles, ...composeHosts]) {
    const key = await newKey(`dualtone ${name}`);
    if (!key.ok) return key;
    keyByName.set(name, key.value);
  }
  const keyOf = (name: string): KeyPair => keyByName.get(name) ?? { secret: '', open: '' };
  const nodes = roles.map((role) => keyOf(role).open);
  for (const name of composeHosts) {
    const done = await installCompose(lab, name, keyOf(name), nodes);
    if (!done.ok) return done;
  }
  const installDeskPhone = async (): Promise<Result<void>> => await writeAll(lab.host('desk-phone'), deskPhoneFiles);
  for (const install of [installBox, installReporting, installProvisioning, installDeskPhone]) {
    const done = await install(lab, pbx);
    if (!done.ok) return done;
  }
  for (const { name } of mediaServersOf(lab)) {
    const done = await installMediaServer(lab.host(name), pbx);
    if (!done.ok) return done;
  }
  const known = composeHosts.map((name) => `${lab.host(name).address.v4} ${keyOf(name).open}`).join('');
  return ok({
    installNode: async (role) =>
      await installNode(lab, role, [
        { path: switchKeyPath, text: keyOf(role).secret, mode: 0o600 },
        { path: switchKnownHostsPath, text: known },
        { path: berofosSecretPath, text: `${boxLogin}\n`, mode: 0o600 },
        { path: reportingSecretPath, text: `${reportingPassword}\n`, mode: 0o600 },
        // The standby has no plug-ins and no devices, as XiVO wants it.
        ...(role === 'main' ? [phoneFile(lab, pbx)] : []),
      ]),
  });
};
