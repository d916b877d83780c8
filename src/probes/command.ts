import type { Clock } from '../ports.ts';
import { type Finished, type Run, run as runProgram } from '../process/run.ts';
import { type Answer, failed, type Subject, silent, type WatchedProbe, well } from './answer.ts';
import { createPacedProbe, type Pace } from './paced.ts';

/**
 * What exit codes mean. `plain`: 0 well, 1 failed, all else says nothing. `nagios`: 0 and 1 (warning) well, 2 failed, 3
 * says nothing. `lsb` (the status of an init script): 0 runs, 1 to 3 does not, all else says nothing.
 */
export type ExitConvention = 'plain' | 'nagios' | 'lsb';

export interface CommandProbeOptions extends Subject, Pace {
  /** The program with its whole path, and its arguments. */
  readonly argv: readonly string[];
  readonly exits: ExitConvention;
}

/** Asks a program. One at a time; one that does not end in time is killed with its children and counts as failed. */
export const createCommandProbe = (options: CommandProbeOptions, clock: Clock, run: Run = runProgram): WatchedProbe => {
  const { argv, exits, timeoutMs } = options;
  return createPacedProbe(
    { ...options, overlapping: false },
    async (signal) => {
      // The pace keeps the deadline; the runner's own is there for the case that the agent is stopped meanwhile.
      const ended = await run(argv, { timeoutMs: timeoutMs * 2 + 1_000, signal });
      return ended.ok ? judge(exits, ended.value) : silent(ended.error.message);
    },
    clock,
  );
};

const failingCodes: Readonly<Record<ExitConvention, readonly number[]>> = { plain: [1], nagios: [2], lsb: [1, 2, 3] };
const wellCodes: Readonly<Record<ExitConvention, readonly number[]>> = { plain: [0], nagios: [0, 1], lsb: [0] };

const judge = (exits: ExitConvention, { exitCode: code, endedBy, stdout, stderr }: Finished): Answer => {
  if (code === null) return silent(`the program was ended by ${endedBy ?? 'a signal'}`);
  const text = firstLine(stdout) || firstLine(stderr);
  const reason = text === '' ? `exit code ${code}` : `exit code ${code}: ${text}`;
  if (wellCodes[exits].includes(code)) return well(reason);
  return failingCodes[exits].includes(code) ? failed(reason) : silent(reason);
};

/** The first line, without what would spoil a terminal or a log. */
export const firstLine = (text: string): string =>
  (text.trimStart().split('\n', 1)[0] ?? '')
    .replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, '')
    .trim()
    .slice(0, 200);
