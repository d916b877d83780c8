import { join } from 'node:path';
import { ok, type Result } from '../src/core/result.ts';
import { runChecked } from './process.ts';

/** The repository that this file is in. */
export const ownRepository = join(import.meta.dirname, '..');

/** Agent and checkpoint in one file each, as hosts are to run them; made anew only where a source has changed. */
export const buildProgram = async (repository: string): Promise<Result<void>> => {
  const script = join(repository, 'scripts', 'build-program.mjs');
  const built = await runChecked([process.execPath, script, '--if-needed']);
  return built.ok ? ok(undefined) : built;
};
