import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
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
  const carrier = createKept(join(options.folder ?? '/sys/class/net', options.interface, 'carrier'));
  const paced = createPacedProbe(
    { ...options, overlapping: false },
    () => Promise.resolve(carrier.isOne() ? well(`${options.interface} has a link`) : readLink(options)),
    clock,
  );
  return {
    ...paced,
    stop: async () => {
      await paced.stop();
      carrier.close();
    },
  };
};

/** A file of the kernel that is kept open: to read it again costs a quarter. An interface that has gone cannot be read any more. */
const createKept = (path: string) => {
  const bytes = Buffer.alloc(2);
  let file: number | null = null;
  const close = (): void => {
    if (file !== null) closeSync(file);
    file = null;
  };
  return {
    isOne: (): boolean => {
      try {
        file ??= openSync(path, 'r');
        if (readSync(file, bytes, 0, 2, 0) > 0 && bytes[0] === 0x31) return true;
      } catch {
        // Then it is read in full, which finds the words for it.
      }
      close();
      return false;
    },
    close,
  };
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
