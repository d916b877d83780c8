/** What package-lock.json says of the packages that the program runs with. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  /** Folder below the repository. */
  readonly place: string;
  readonly licence: string;
  /** `sha512-` and base64. */
  readonly integrity: string;
}

interface LockEntry {
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
}

const NAME = /.*node_modules\//;

/** All that are installed for production, in the order of their places. A lock without digests is a fault of the programmer. */
export const lockedPackages = (root: string): readonly LockedPackage[] => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, LockEntry>>;
  };
  return Object.entries(lock.packages)
    .filter(([place, { dev }]) => place !== '' && dev !== true)
    .map(([place, { version = '', license: licence = '', integrity = '' }]) => {
      if (version === '' || licence === '' || !integrity.startsWith('sha512-'))
        throw new Error(`package-lock.json does not say enough of ${place}`);
      return { name: place.replace(NAME, ''), version, place, licence, integrity };
    });
};
