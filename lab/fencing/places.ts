/** Where the devices of a lab keep what they have: below its disks, so that it goes with the lab. */
import { join } from 'node:path';
import type { Role } from '../../src/core/words.ts';
import { disksFolder } from '../run-state.ts';
import type { PowerDevice } from './setup.ts';

/**
 * What a device can do besides its work. `does-nothing`: it takes the order and leaves the power as it is, and says so when asked.
 * `says-off`: it leaves the power as it is, and says off.
 */
export type DeviceMood = 'does-nothing' | 'says-off';

export const powerFolder = (runId: string): string => join(disksFolder(), runId, 'power');

/** A word in this file is the mood of the device on that host; without it, it is well. */
export const moodFile = (runId: string, host: string): string => join(powerFolder(runId), `${host}.mood`);

/** The host on which the device of a node is. */
export const hostOf = (device: PowerDevice, role: Role): string => (device === 'bmc' ? `bmc-${role}` : 'hypervisor');

export const powerLogin = { user: 'dualtone', password: 'of-the-lab-alone' } as const;
