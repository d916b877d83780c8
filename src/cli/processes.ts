/** `dualtone agent` and `dualtone checkpoint`: from a file to a running process, or one clear sentence. */

import type { Parsed } from '../config/parse.ts';
import { flushCompileCache } from 'node:module';
import type { Fault, Result } from '../core/result.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { problemLines } from './problems.ts';
import { PROGRAM } from './program.ts';

const fatal = ({ code, message, remedy }: Fault): string => `dualtone: ${message}.\n    ${remedy} [${code}]\n`;

const run = async <C>(
  path: string,
  parsed: Parsed<C>,
  start: (config: C, program: string) => Promise<Result<void>>,
): Promise<ExitCode> => {
  if (!parsed.ok) {
    process.stderr.write(await problemLines(path, parsed.problems));
    return EXIT.configInvalid;
  }
  // Kept now, since a long-lived process may end without a chance to: the next start takes a third of the time.
  flushCompileCache();
  for (const note of parsed.notes) process.stderr.write(`dualtone: ${note}\n`);
  const ended = await start(parsed.config, PROGRAM);
  if (ended.ok) return EXIT.ok;
  process.stderr.write(fatal(ended.error));
  return EXIT.notStarted;
};

export const runAgent = async (path: string): Promise<ExitCode> => {
  const [{ loadConfig }, { runNode }] = await Promise.all([
    import('../config/machine.ts'),
    import('../agent/node-process.ts'),
  ]);
  return run(path, loadConfig(path), runNode);
};

export const runCheckpointAgent = async (path: string): Promise<ExitCode> => {
  const [{ loadCheckpointConfig }, { runCheckpoint }] = await Promise.all([
    import('../config/machine.ts'),
    import('../agent/checkpoint-process.ts'),
  ]);
  return run(path, loadCheckpointConfig(path), runCheckpoint);
};
