/** Folders in memory for servers of tests, which are gone with the test that made them, however that ended. */
import { access, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY = '/dev/shm';

const exists = async (path: string): Promise<boolean> =>
  await access(path).then(
    () => true,
    () => false,
  );

/** Removes the folders of processes that are no more: tests that were killed themselves. */
const sweep = async (place: string, prefix: string): Promise<void> => {
  for (const name of await readdir(place)) {
    if (!name.startsWith(`${prefix}-`)) continue;
    const [, pid] = /^(\d+)-/.exec(name.slice(prefix.length + 1)) ?? [];
    if (pid === undefined || (await exists(`/proc/${pid}`))) continue;
    await rm(join(place, name), { recursive: true, force: true });
  }
};

/** A new folder of this process, `PREFIX-PID-…`, on disk where there is no memory to be had; also removes what killed tests left. */
export const makeMemoryFolder = async (prefix: string): Promise<string> => {
  const place = (await exists(MEMORY)) ? MEMORY : tmpdir();
  await sweep(place, prefix);
  return await mkdtemp(join(place, `${prefix}-${process.pid}-`));
};
