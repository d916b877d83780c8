/** Replication from the command line: runs on request, the way for files, the database's set-up. */
import type { Config } from '../../config/config.ts';
import type { Result } from '../../core/result.ts';
import type { StreamProgress, StreamRun } from '../../replication/stream.ts';
import type { Work } from '../../replicator/protocol.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { problemLines } from '../problems.ts';
import { DEFAULT_CONFIG } from '../program.ts';
import { barLine } from '../render/bar.ts';
import { printable } from '../render/printable.ts';
import { type CommonOptions, Ended, type Output, orEnd, showFault, socketOf } from '../target.ts';
import { whoami } from './order.ts';

/** One line that is written over again on a terminal; nothing elsewhere. */
const createBar = (options: CommonOptions, output: Output) => {
  const shown = options.json !== true && process.stderr.isTTY;
  return {
    show: (progress: StreamProgress): void => {
      if (shown) output.err(`\r\u001b[K${barLine(progress)}`);
    },
    end: (): void => {
      if (shown) output.err('\r\u001b[K');
    },
  };
};

/** Asks the agent for work; Ctrl-C cancels it. */
const asked = async (work: Work, options: CommonOptions, output: Output): Promise<Result<unknown>> => {
  const { askWork } = await import('../../api/client.ts');
  const cancel = new AbortController();
  const onInterrupt = (): void => cancel.abort();
  process.once('SIGINT', onInterrupt);
  const bar = createBar(options, output);
  const socket = await socketOf(options, output);
  const result = await askWork(socket, `${whoami()} (command line)`, work, cancel.signal, bar.show);
  bar.end();
  process.off('SIGINT', onInterrupt);
  return result;
};

/** The same, or the command's end. */
export const askFor = async (work: Work, options: CommonOptions, output: Output): Promise<unknown> =>
  orEnd(await asked(work, options, output), options, output);

const showRuns = (runs: readonly StreamRun[], output: Output): void => {
  for (const run of runs) {
    output.out(`${run.stream}: ${printable(run.text)} (${(run.tookMs / 1000).toFixed(1)} s)\n`);
    for (const { message, remedy } of run.warnings) output.err(`  ! ${printable(message)}\n    ${printable(remedy)}\n`);
  }
};

/** `dualtone replicate [stream]`. */
export const replicate = async (
  stream: string | undefined,
  options: CommonOptions,
  output: Output,
): Promise<ExitCode> => {
  const done = await asked({ name: 'replicate', stream: stream ?? null }, options, output);
  if (options.json === true && done.ok) output.out(`${JSON.stringify({ ok: true, runs: done.value })}\n`);
  else if (options.json !== true) {
    // Where some failed, the fault has with it what the others did.
    const { runs = [] } = (done.ok ? { runs: done.value } : done.error) as { readonly runs?: readonly StreamRun[] };
    showRuns(runs, output);
  }
  return done.ok ? EXIT.ok : showFault(done.error, options, output);
};

/** The node's configuration, read for a command that works without the agent. */
export const configOf = async (options: CommonOptions, output: Output): Promise<Config> => {
  const path = options.config ?? DEFAULT_CONFIG;
  const { loadConfig } = await import('../../config/machine.ts');
  const parsed = loadConfig(path);
  if (parsed.ok) return parsed.config;
  output.err(await problemLines(path, parsed.problems));
  throw new Ended(EXIT.configInvalid);
};

/** `dualtone sync serve`: the only command of the other node's key. Ends with rsync's own exit code. */
export const syncServe = async (options: CommonOptions, output: Output): Promise<number> => {
  const config = await configOf(options, output);
  const { serveSync } = await import('../../replicator/receive.ts');
  return serveSync(config, process.env['SSH_ORIGINAL_COMMAND']);
};
