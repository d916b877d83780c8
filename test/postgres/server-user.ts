/** Who runs the test servers: PostgreSQL refuses root, so root's tests run them as `postgres`. */
import { chown } from 'node:fs/promises';
import { runChecked } from '../../lab/process.ts';

const isRoot = process.getuid?.() === 0;

/** The program as that user, ended with whoever started it. */
export const asServerUser = (argv: readonly string[]): readonly string[] =>
  isRoot
    ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', '--pdeathsig=QUIT', '--', ...argv]
    : ['setpriv', '--pdeathsig=QUIT', '--', ...argv];

const idOf = async (flag: '-u' | '-g'): Promise<number> => {
  const asked = await runChecked(['id', flag, 'postgres']);
  if (!asked.ok) throw new Error(`there is no user postgres: ${asked.error.message}`);
  return Number(asked.value.stdout);
};

let ids: Promise<readonly [user: number, group: number]> | null = null;

/** Gives a file or folder to that user. */
export const chownToServer = async (path: string): Promise<void> => {
  if (!isRoot) return;
  ids ??= Promise.all([idOf('-u'), idOf('-g')]);
  await chown(path, ...(await ids));
};
