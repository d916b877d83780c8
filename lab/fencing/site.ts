/** The devices behind the nodes' power, and what the nodes need to reach them. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ok, type Result } from '../../src/core/result.ts';
import type { Role } from '../../src/core/words.ts';
import { labCgroup } from '../hosts/cgroup.ts';
import { writeAll } from '../hosts/files.ts';
import type { Lab } from '../lab.ts';
import { runChecked } from '../process.ts';
import type { Site } from '../site.ts';
import { roles } from '../topology.ts';
import { startBmc } from './bmc.ts';
import { powerSecretPath } from './configuration.ts';
import { powerFolder, powerLogin } from './places.ts';
import { layWires, type Wires } from './wires.ts';

const hypervisorProgram = fileURLToPath(new URL('hypervisor-main.ts', import.meta.url));

/** Of what the host itself runs, not of what the lab runs in it. */
const groupOf = async (lab: Lab, role: Role): Promise<Result<string>> => {
  const cgroup = await labCgroup();
  return cgroup.ok ? ok(join(cgroup.value, lab.runId, role, 'system')) : cgroup;
};

const makeCertificate = async (folder: string): Promise<Result<unknown>> => {
  const fresh = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const places = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem'), '-subj', '/CN=hypervisor'];
  return await runChecked(['openssl', ...fresh, ...places]);
};

const startHypervisor = async (lab: Lab, groups: readonly string[]): Promise<Result<void>> => {
  const host = lab.host('hypervisor');
  const argv = [process.execPath, hypervisorProgram, powerFolder(lab.runId), ...groups, host.address.v4];
  const child = await host.spawn(argv, { stdio: 'ignore' });
  if (!child.ok) return child;
  child.value.unref();
  return ok(undefined);
};

/** Of the nodes' disks. */
export const fencingSite = (lab: Lab): Site => ({
  installNode: async (role) =>
    await writeAll(lab.host(role), [{ path: powerSecretPath, text: `${powerLogin.password}\n`, mode: 0o600 }]),
});

/** Starts the devices on their hosts, which must be on; what they order is done for as long as this process lives. Faults: those of the parts. */
export const startDevices = async (lab: Lab): Promise<Result<Wires>> => {
  const folder = powerFolder(lab.runId);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, 'README'), 'Orders to the power of lab hosts; see lab/fencing.\n');
  const made = await makeCertificate(folder);
  if (!made.ok) return made;
  const groups: string[] = [];
  for (const role of roles) {
    const group = await groupOf(lab, role);
    if (!group.ok) return group;
    groups.push(group.value);
    const started = await startBmc(lab, role, group.value);
    if (!started.ok) return started;
  }
  const hypervisor = await startHypervisor(lab, groups);
  return hypervisor.ok ? ok(layWires(lab)) : hypervisor;
};
