/** Two versions of the Debian package, as the hosts of a lab see them: below the repository that each has mounted. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildPackage } from '../../packaging/build.ts';
import { filesBelow } from '../../packaging/contents.ts';
import { ownArchitecture } from '../../packaging/runtime.ts';
import { ok, type Result } from '../../src/core/result.ts';

/** What is installed first, and the one after it. Nobody hands these out. */
export const labVersions = { former: '0.1.0~lab', next: '0.2.0~lab' } as const;
export type LabVersion = keyof typeof labVersions;

const FOLDER = 'dist/lab-packages';

/** In a host. */
export const packagePath = (version: LabVersion): string =>
  `/opt/dualtone/${FOLDER}/dualtone_${labVersions[version]}_${ownArchitecture}.deb`;

/** Changes with every file that goes into them. */
const stampOf = (repository: string): string => {
  const hash = createHash('sha256');
  for (const folder of ['bin', 'src', 'sim', 'examples', 'packaging', 'docs'])
    for (const path of filesBelow(join(repository, folder))) {
      const { mtimeMs, size } = statSync(join(repository, folder, path));
      hash.update(`${folder}/${path} ${mtimeMs} ${size}\n`);
    }
  return hash.digest('hex');
};

/** Builds what is not there as the sources are. Some ten seconds for both. Faults: those of the builder. */
export const ensurePackages = async (repository: string): Promise<Result<void>> => {
  const stampFile = join(repository, FOLDER, 'stamp');
  const stamp = stampOf(repository);
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return ok(undefined);
  rmSync(stampFile, { force: true });
  const common = { root: repository, architecture: ownArchitecture, epoch: 1_750_000_000, commit: 'lab' } as const;
  for (const version of Object.values(labVersions)) {
    const folder = join(repository, FOLDER);
    const built = await buildPackage({ ...common, version, folder, compression: 'fast' });
    if (!built.ok) return built;
  }
  writeFileSync(stampFile, stamp);
  return ok(undefined);
};
