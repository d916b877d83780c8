/** What must be true of this machine where its first agent is to go on with what serves: looked at by whoever orders it, and again by the agent. */
import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { type Config, serviceName } from '../config/config.ts';
import { toSettings } from '../config/settings.ts';
import { settingsAgainstAdoption } from '../core/adoption.ts';
import { type Fault, fail } from '../core/result.ts';
import type { Run } from '../process/run.ts';
import { lookAtTables } from '../steps/gate/listing.ts';
import { lookAtService } from '../steps/service/service.ts';
import { serviceOf } from '../steps/service/settings.ts';

/** What of a machine is looked at. */
export interface AdoptionGround {
  readonly run: Run;
  /** Addresses without their prefix. */
  readonly addresses: () => readonly string[];
}

export const thisAdoptionGround = (run: Run): AdoptionGround => ({
  run,
  addresses: () => Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address)),
});

const LOOK_MS = 5000;

/** Memory of an agent is here: another one began before. Fault: `adopt-state-there`. */
const stateAgainst = ({ runDir, stateDir }: Config): Fault | null => {
  const files = [
    join(runDir, 'boot.json'),
    join(runDir, 'disk.json'),
    join(stateDir, 'state-a'),
    join(stateDir, 'state-b'),
  ];
  const found = files.find((path) => existsSync(path));
  return found === undefined
    ? null
    : fail(
        'adopt-state-there',
        `An agent has run here before (${found}): it goes on where that one was, and not with what serves now.`,
        'Leave --adopt out. If that pair is no more on both machines: stop the agent, remove the files state-a, state-b below the state directory and the run directory, and begin again.',
      ).error;
};

/** Fault: `adopt-address-not-here`. */
const addressAgainst = ({ virtualIp }: Config, { addresses }: AdoptionGround): Fault | null => {
  const here = new Set(addresses());
  const missing = (virtualIp?.addresses ?? []).filter((each) => !here.has(each.slice(0, each.indexOf('/'))));
  return missing.length === 0
    ? null
    : fail(
        'adopt-address-not-here',
        `The virtual IP ${missing.join(', ')} is not on this machine: it is not the one that serves.`,
        'Give --adopt on the machine that has it, as the main; or leave it out.',
      ).error;
};

/** Fault: `adopt-gate-there`. */
const gateAgainst = async ({ gate }: Config, { run }: AdoptionGround): Promise<Fault | null> => {
  const { tables } = gate.enforce ? await lookAtTables(run) : { tables: [] };
  return tables.length === 0
    ? null
    : fail(
        'adopt-gate-there',
        'There is a gate of Dualtone in the kernel already: nothing serves here without its lease.',
        'Leave --adopt out; if it was left by a pair that is no more: `dualtone disable`.',
      ).error;
};

/** Fault: `adopt-not-serving`. */
const telephonyAgainst = async (config: Config, { run }: AdoptionGround): Promise<Fault | null> => {
  const { restartStep } = toSettings(config);
  const service = config.services.find((each) => `service:${serviceName(each)}` === restartStep);
  const said = (what: string) =>
    fail(
      'adopt-not-serving',
      `Telephony does not serve on this machine: ${what}.`,
      'Start it first, or leave --adopt out.',
    ).error;
  if (service === undefined) return said('no service of it is configured');
  const look = await lookAtService(serviceOf(service), run, LOOK_MS);
  if (!look.ok) return said(look.error.message);
  return look.value.state === 'running' ? null : said(`${serviceName(service)} is ${look.value.detail}`);
};

/** The first thing that speaks against it, null where nothing does. Changes nothing. Faults: `adopt-…`. */
export const againstAdoption = async (config: Config, ground: AdoptionGround): Promise<Fault | null> =>
  settingsAgainstAdoption(toSettings(config)) ??
  stateAgainst(config) ??
  addressAgainst(config, ground) ??
  (await gateAgainst(config, ground)) ??
  (await telephonyAgainst(config, ground));
