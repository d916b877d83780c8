import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { askSnapshot } from '../../src/api/client.ts';
import type { NodeSnapshot, Snapshot } from '../../src/api/snapshot.ts';
import { ok, type Result } from '../../src/core/result.ts';
import { type Role, rivalOf } from '../../src/core/words.ts';
import { generateKey } from '../../src/peer/key.ts';
import { installPbx } from '../asterisk/configuration.ts';
import type { PbxPlan } from '../asterisk/plan.ts';
import { firewallPath, firewallRules, firewallUnit, firewallUnitText } from '../data/firewall.ts';
import { dataUnits } from '../data/prepare.ts';
import { isStrict } from '../data/streams.ts';
import { type HostFile, installUnit, writeAll } from '../hosts/files.ts';
import type { Host } from '../hosts/host.ts';
import type { Lab } from '../lab.ts';
import type { Outcome } from '../process.ts';
import { ownPlaces } from '../remsys/places.ts';
import type { Site } from '../site.ts';
import { checkpointNames, roles } from '../topology.ts';
import { agentUnit, checkpointUnit, gateUnit, pbxUnit } from '../units.ts';
import {
  checkpointConfigPath,
  checkpointConfiguration,
  keyPath,
  nodeConfigPath,
  nodeConfiguration,
} from './configuration.ts';
import type { PairSetup } from './setup.ts';

/** Two nodes and their checkpoints, installed on the hosts of a lab. */
export interface Pair {
  readonly lab: Lab;
  readonly pbx: PbxPlan;
  /** Puts every file on the disks and boots all afresh. */
  readonly install: (setup: PairSetup) => Promise<Result<void>>;
  readonly setup: () => PairSetup;
  /** What a node's agent shows of itself, or undefined: host off, agent gone, frozen, silent for `timeoutMs` (default 500). */
  readonly snapshot: (role: Role, timeoutMs?: number) => Promise<NodeSnapshot | undefined>;
  /** Runs the command line on a node, as a person would: `order('main', ['failback'])`. */
  readonly order: (role: Role, argv: readonly string[]) => Promise<Result<Outcome>>;
  /** Registrations of telephones that a node's Asterisk knows. Fault: `program-failed` where it does not run. */
  readonly contactCount: (role: Role) => Promise<Result<number>>;
}

const socketPath = '/run/dualtone/control.sock';

/** The control socket of a unit's process, as a path of this machine: hosts have a root of their own. */
const reach = async (host: Host, unit: string): Promise<string | undefined> => {
  const pid = await host.pidOf(unit);
  return pid.ok ? `/proc/${pid.value}/root${socketPath}` : undefined;
};

const snapshotOf = async (host: Host, unit: string, timeoutMs: number): Promise<Snapshot | undefined> => {
  const path = await reach(host, unit);
  if (path === undefined) return undefined;
  const asked = await askSnapshot(path, timeoutMs);
  return asked.ok ? asked.value : undefined;
};

/** The units that the project ships, unchanged. */
const shippedUnit = async (unit: string): Promise<HostFile> => ({
  path: `/etc/systemd/system/${unit}`,
  text: await readFile(join(import.meta.dirname, '..', '..', 'examples', 'systemd', unit), 'utf8'),
});

/** PostgreSQL, sshd and a firewall, which is loaded at boot; Asterisk begins when its database does. */
const installData = async (lab: Lab, role: Role, setup: PairSetup): Promise<Result<void>> => {
  const host = lab.host(role);
  const files = await writeAll(host, [
    { path: firewallPath, text: firewallRules(role, lab.host(rivalOf(role)).address.v4, isStrict(setup.data)) },
    { path: `/etc/systemd/system/${firewallUnit}`, text: firewallUnitText },
    { path: `/etc/systemd/system/${pbxUnit}.d/lab-data.conf`, text: '[Unit]\nAfter=postgresql.service\n' },
  ]);
  if (!files.ok || setup.data === 'none') return files;
  for (const unit of [firewallUnit, ...dataUnits]) {
    const enabled = await host.enableUnit(unit);
    if (!enabled.ok) return enabled;
  }
  return ok(undefined);
};

interface Place {
  readonly lab: Lab;
  readonly pbx: PbxPlan;
  readonly site: Site | undefined;
}

const installNode = async (
  { lab, pbx, site }: Place,
  role: Role,
  setup: PairSetup,
  key: string,
): Promise<Result<void>> => {
  const host = lab.host(role);
  const isWarm = setup.telephony === 'warm';
  const installed = await installPbx(
    host,
    {
      ...pbx,
      nodeName: role,
      voicemail: setup.data !== 'none',
      // chan_sip listens at one address alone.
      ...(setup.xivo === null ? {} : setup.xivo.chanSip === true ? { chanSip: true } : { ownAddress: host.address.v4 }),
      ...(lab.routed === undefined ? {} : ownPlaces(lab, role)),
    },
    { startAtBoot: isWarm },
  );
  if (!installed.ok) return installed;
  const files = await writeAll(host, [
    { path: keyPath, text: key, mode: 0o600 },
    { path: nodeConfigPath, text: nodeConfiguration(lab, role, setup), mode: 0o600 },
    await shippedUnit(agentUnit),
    await shippedUnit(gateUnit),
    // A cold Asterisk is started by the plan, never by the boot.
    ...(isWarm ? [] : [{ path: '/etc/systemd/system/multi-user.target.d/lab-asterisk.service.conf', text: '' }]),
  ]);
  if (!files.ok) return files;
  const data = await installData(lab, role, setup);
  if (!data.ok) return data;
  const beside = (await site?.installNode(role)) ?? ok(undefined);
  if (!beside.ok) return beside;
  const enabled = await host.enableUnit(gateUnit);
  return enabled.ok ? await host.enableUnit(agentUnit) : enabled;
};

const installCheckpoint = async (lab: Lab, name: string, setup: PairSetup, key: string): Promise<Result<void>> => {
  const config = checkpointConfiguration(lab, name, setup);
  return await installUnit(lab.host(name), checkpointUnit, [
    { path: keyPath, text: key, mode: 0o600 },
    { path: checkpointConfigPath, text: config, mode: 0o600 },
    await shippedUnit(checkpointUnit),
  ]);
};

const firstFault = (results: readonly Result<void>[]): Result<void> =>
  results.find((result) => !result.ok) ?? ok(undefined);

const installAll = async (place: Place, setup: PairSetup, key: string): Promise<Result<void>> => {
  const { lab } = place;
  const checkpoints = [...lab.hostByName.keys()].filter((name) => name.startsWith('checkpoint'));
  const off = firstFault(
    await Promise.all([...roles, ...checkpoints].map(async (name) => await lab.host(name).powerOff())),
  );
  if (!off.ok) return off;
  const voting: readonly string[] = checkpointNames(setup.checkpoints);
  const written = firstFault(
    await Promise.all([
      ...roles.map(async (role) => await installNode(place, role, setup, key)),
      ...checkpoints
        .filter((name) => voting.includes(name))
        .map(async (name) => await installCheckpoint(lab, name, setup, key)),
    ]),
  );
  // Hosts that are on already (phones, provider, witnesses) stay as they are.
  return written.ok ? await lab.boot() : written;
};

/** Extensions alone: who registers at the node's own address is none of the telephones that are counted. */
const pjsipContacts = { command: 'database show registrar/contact', isOne: /^\/registrar\/contact\/\d/ };
/** What chan_sip itself knows, whatever the rows say. */
const sipPeers = { command: 'sip show peers', isOne: /^\d+\S*\s+\d+\.\d+\.\d+\.\d+\s/ };

/** The handle on a pair in a lab; nothing happens until `install`. One key for the lab's life. `site`: what stands around it. */
export const createPair = (lab: Lab, pbx: PbxPlan, first: PairSetup, site?: Site): Pair => {
  let current = first;
  const key = generateKey();
  return {
    lab,
    pbx,
    install: async (setup) => {
      current = setup;
      return await installAll({ lab, pbx, site }, setup, key);
    },
    setup: () => current,
    snapshot: async (role, timeoutMs = 500) => {
      const found = await snapshotOf(lab.host(role), agentUnit, timeoutMs);
      return found?.kind === 'node' ? found : undefined;
    },
    order: async (role, argv) => await lab.host(role).exec(['dualtone', ...argv], { timeoutMs: 60_000 }),
    contactCount: async (role) => {
      const { command, isOne } = current.xivo?.chanSip === true ? sipPeers : pjsipContacts;
      // Ten thousand are some megabytes.
      const shown = await lab
        .host(role)
        .execChecked(['asterisk', '-rx', command], { maxOutputBytes: 32 * 1024 * 1024 });
      return shown.ok ? ok(shown.value.stdout.split('\n').filter((line) => isOne.test(line)).length) : shown;
    },
  };
};
