/**
 * What would fail how long, by the real core in a simulated world: `dualtone simulate` with this node's configuration. It runs in the
 * idle class, takes at most one file of tmpfs and 160 MB, and ends with who asked.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { printConfig } from '../../config/print.ts';
import { fail, messageOf, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import { createLineReader } from '../../process/json-lines.ts';
import { childEnv } from '../../process/programs.ts';
import type { Forecast, ForecastRow, StreamProgress } from '../contract.ts';

/** Of each fault; five seconds of a processor that nobody else wants. */
const RUNS = 20;
/** Faults that `dualtone simulate --config` knows, for the progress alone. */
const FAULTS = 15;
/** A machine that is busy with telephony gives it little. */
const LONGEST_MS: Millis = 10 * 60_000;
const MOST_ERROR_CHARS = 2000;

const isRow = (input: unknown): input is ForecastRow => {
  if (typeof input !== 'object' || input === null) return false;
  const { fault, runs, p50, p99 } = input as Readonly<Record<string, unknown>>;
  return typeof fault === 'string' && [runs, p50, p99].every((each) => Number.isFinite(each));
};

const ended = (child: ChildProcess): Promise<string | null> =>
  new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? null : (signal ?? `exit code ${code ?? '?'}`)));
  });

/** The configuration where the simulator finds it; what looks like a secret is not in it. */
const keepFor = (config: Config): Result<string> => {
  const path = join(config.runDir, 'forecast.yaml');
  try {
    mkdirSync(config.runDir, { recursive: true, mode: 0o755 });
    rmSync(path, { force: true });
    writeFileSync(path, printConfig(config), { mode: 0o600, flag: 'wx' });
    return ok(path);
  } catch (error) {
    const why = messageOf(error);
    return fail('forecast-failed', `The simulation could not be prepared: ${why}.`, 'See the owner of `run-dir`.');
  }
};

const simulate = async (
  argv: readonly string[],
  signal: AbortSignal,
  onRow: (row: ForecastRow) => void,
): Promise<Result<void>> => {
  const late = AbortSignal.timeout(LONGEST_MS);
  const child = spawn('chrt', ['--idle', '0', ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: childEnv(),
    signal: AbortSignal.any([signal, late]),
    killSignal: 'SIGKILL',
  });
  let said = '';
  child.stdout.setEncoding('utf8').on(
    'data',
    createLineReader(
      (input) => {
        if (isRow(input)) onRow(input);
      },
      () => undefined,
    ),
  );
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(0, MOST_ERROR_CHARS);
  });
  const why = await ended(child);
  if (why === null) return ok(undefined);
  if (late.aborted)
    return fail(
      'forecast-late',
      'The simulation was given up after ten minutes.',
      'Try again when the machine is idle.',
    );
  const first = said.split('\n')[0] ?? '';
  return fail(
    'forecast-failed',
    `The simulation ended early: ${first === '' ? why : first}.`,
    'Try it on the command line: `dualtone simulate --config FILE`.',
  );
};

/**
 * `program`: how this program is started, without its arguments. Faults: `forecast-of-looks`, `forecast-late`, `forecast-failed`.
 */
export const forecast = async (
  program: readonly string[],
  config: Config,
  signal: AbortSignal,
  onProgress: (progress: StreamProgress) => void,
): Promise<Result<Forecast>> => {
  if (config.watch.kind === 'looks')
    return fail(
      'forecast-of-looks',
      'This preset decides by counting bad looks at the main, which the simulator’s table does not know.',
      'See docs/measurements.md for the times of the presets; those of `fast` and `quick` can be forecast.',
    );
  const kept = keepFor(config);
  if (!kept.ok) return kept;
  const began = performance.now();
  const rows: ForecastRow[] = [];
  const argv = [...program, 'simulate', '--config', kept.value, '--seeds', String(RUNS), '--json'];
  onProgress({ what: '', done: 0, total: FAULTS });
  const done = await simulate(argv, signal, (row) => {
    rows.push(row);
    onProgress({ what: row.fault, done: rows.length, total: Math.max(FAULTS, rows.length) });
  });
  rmSync(kept.value, { force: true });
  if (!done.ok) return done;
  return ok({ rows, tookMs: Math.round(performance.now() - began), preset: config.preset });
};
