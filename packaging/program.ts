import { fail, ok, type Result } from '../src/core/result.ts';
import { type Finished, run } from '../src/process/run.ts';

/** Compressing a runtime with xz on a slow core. */
const MOST_MS = 900_000;
const MOST_OUTPUT_BYTES = 4 * 1024 * 1024;

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end; another exit code than 0 is the fault `program-failed`, with its last words. */
export const runProgram = async (argv: readonly string[], options: ProgramOptions = {}): Promise<Result<Finished>> => {
  const ended = await run(argv, { ...options, timeoutMs: MOST_MS, maxOutputBytes: MOST_OUTPUT_BYTES });
  if (!ended.ok || ended.value.exitCode === 0) return ended.ok ? ok(ended.value) : ended;
  const words = `${ended.value.stderr}${ended.value.stdout}`.trim().slice(-500);
  return fail('program-failed', `${argv.slice(0, 3).join(' ')} failed: ${words}.`, 'See what it says, and try again.');
};

/** What npm needs of its caller: who it is, and how it reaches the registry. */
export const callersEnvironment = (): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
