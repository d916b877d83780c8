/** As `lab/first-run`, with the Debian package: what each server has is written down before it comes. */
import { freshen, setUp } from '../first-run/first-run.ts';
import type { Host } from '../hosts/host.ts';
import type { Lab } from '../lab.ts';
import { packagePath } from './packages.ts';
import { writeStanding } from './standing.ts';

const INSTALL_MS = 120_000;

const installOn = async (host: Host): Promise<void> => {
  // A scenario before may have left the package; nothing of it belongs to what the server has.
  const purged = await host.execChecked(['env', 'DUALTONE_REMOVE=force', 'dpkg', '--purge', 'dualtone'], {
    timeoutMs: INSTALL_MS,
  });
  if (!purged.ok) throw new Error(purged.error.message);
  await freshen(host);
  const written = await host.execChecked(writeStanding.argv, { input: writeStanding.input });
  if (!written.ok) throw new Error(written.error.message);
  const installed = await host.execChecked(['dpkg', '--install', packagePath('former')], { timeoutMs: INSTALL_MS });
  if (!installed.ok) throw new Error(installed.error.message);
};

/** `main: ready; standby: ready`, or what the terminals said instead. */
export const packagedRun = async (lab: Lab): Promise<string> => {
  await Promise.all([installOn(lab.host('main')), installOn(lab.host('standby'))]);
  return await setUp(lab, '/usr/bin/dualtone');
};
