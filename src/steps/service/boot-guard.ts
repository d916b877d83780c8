import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, messageOf, ok, type Result } from '../../core/result.ts';
import { writeWhole } from '../../files/whole.ts';
import type { Run } from '../../process/run.ts';
import type { Bounds } from './manager.ts';
import { mustSucceed } from './scripted.ts';

/**
 * Keeps a unit of a cold standby from starting by itself, at boot above all. A drop-in makes its start depend on a flag below
 * /run: the flag is gone after a boot and comes with the activation. So the unit's own enabling, packages' upgrades and
 * `Restart=` change nothing, and taking the drop-in away undoes everything.
 */
export interface BootGuard {
  /** The unit may start; true when something had to be changed. */
  allow(bounds: Bounds): Promise<Result<boolean>>;
  /** The unit may not start; likewise. */
  forbid(bounds: Bounds): Promise<Result<boolean>>;
  /** Takes the drop-in and the flag away, for a service that runs always, and when Dualtone is removed. */
  remove(bounds: Bounds): Promise<Result<boolean>>;
  readonly dropInPath: string;
  readonly flagPath: string;
}

export interface BootGuardOptions {
  readonly unit: string;
  readonly run: Run;
  /** On tmpfs. */
  readonly runDir: string;
  /** Default /etc/systemd/system. */
  readonly unitDir?: string;
}

const contentOf = async (path: string): Promise<string | null> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
};

const write = (path: string, text: string): Promise<void> =>
  writeWhole(path, text, { mode: 0o644, isDurable: false, folderMode: 0o777 });

export const createBootGuard = ({
  unit,
  run,
  runDir,
  unitDir = '/etc/systemd/system',
}: BootGuardOptions): BootGuard => {
  const dropInPath = join(unitDir, `${unit}.d`, '50-dualtone.conf');
  const flagPath = join(runDir, 'active', unit.replaceAll(/[^\w.@:-]/g, '_'));
  const dropIn = `# Written by Dualtone: this unit runs on the active node only.
# Without the flag its start is skipped, at boot too. To undo: remove this file, then \`systemctl daemon-reload\`.
[Unit]
ConditionPathExists=${flagPath.replaceAll('%', '%%')}
`;

  const attempt = async (work: () => Promise<Result<boolean>>): Promise<Result<boolean>> => {
    try {
      return await work();
    } catch (error) {
      return fail(
        'boot-guard-not-written',
        `${unit} could not be kept from starting by itself: ${messageOf(error)}.`,
        `Let the agent write ${dropInPath} and ${flagPath}, or disable the unit by hand.`,
      );
    }
  };
  const reload = async (bounds: Bounds): Promise<Result<boolean>> => {
    const reloaded = await mustSucceed(run, ['systemctl', 'daemon-reload'], bounds);
    return reloaded.ok ? ok(true) : reloaded;
  };
  const ensureDropIn = async (bounds: Bounds): Promise<Result<boolean>> => {
    if ((await contentOf(dropInPath)) === dropIn) return ok(false);
    await write(dropInPath, dropIn);
    const reloaded = await reload(bounds);
    // A drop-in that systemd has not read guards nothing: the next try must not take it for done.
    if (!reloaded.ok) await rm(dropInPath, { force: true });
    return reloaded;
  };

  return {
    dropInPath,
    flagPath,
    allow: () =>
      attempt(async () => {
        if ((await contentOf(flagPath)) !== null) return ok(false);
        await write(flagPath, '');
        return ok(true);
      }),
    forbid: (bounds) =>
      attempt(async () => {
        const flagged = (await contentOf(flagPath)) !== null;
        await rm(flagPath, { force: true });
        const installed = await ensureDropIn(bounds);
        return installed.ok ? ok(installed.value || flagged) : installed;
      }),
    remove: (bounds) =>
      attempt(async () => {
        await rm(flagPath, { force: true });
        if ((await contentOf(dropInPath)) === null) return ok(false);
        await rm(dropInPath, { force: true });
        return reload(bounds);
      }),
  };
};
