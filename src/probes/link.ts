import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../ports.ts';
import { type Answer, failed, type Subject, silent, type WatchedProbe, well } from './answer.ts';
import { createPacedProbe, type Pace } from './paced.ts';

export interface LinkProbeOptions extends Subject, Pace {
  readonly interface: string;
  /** Where the kernel shows its interfaces; of this process's network namespace. */
  readonly folder?: string | undefined;
}

/** Has the interface a carrier? Reads a small kernel file, which takes some microseconds. */
export const createLinkProbe = (options: LinkProbeOptions, clock: Clock): WatchedProbe => {
  if (!/^[^/\s]{1,15}$/.test(options.interface) || /^\.+$/.test(options.interface)) {
    throw new Error(`"${options.interface}" is no interface.`);
  }
  return createPacedProbe({ ...options, overlapping: false }, () => Promise.resolve(readLink(options)), clock);
};

const readLink = ({ interface: name, folder = '/sys/class/net' }: LinkProbeOptions): Answer => {
  // Reading `carrier` of an interface that is set down is an error, which is an answer too.
  if (read(join(folder, name, 'carrier')) === '1') return well(`${name} has a link`);
  const state = read(join(folder, name, 'operstate'));
  if (state !== null) return failed(`${name} has no link (${state})`);
  return read(join(folder, 'lo', 'operstate')) === null
    ? silent(`${folder} is not there`)
    : failed(`there is no interface ${name}`);
};

const read = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
};
