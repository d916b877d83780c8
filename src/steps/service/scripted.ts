import { type Fault, fail, ok, type Result } from '../../core/result.ts';
import type { Finished, Run } from '../../process/run.ts';
import type { Bounds, ServiceLook, ServiceManager } from './manager.ts';

type Failure = { readonly ok: false; readonly error: Fault };

/** The last line that a failed program wrote, for its fault. */
export const lastWords = ({ stderr, stdout, exitCode, endedBy }: Finished): string => {
  const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '');
  const how = exitCode === null ? `was ended by ${endedBy}` : `ended with ${exitCode}`;
  return lines.length === 0 ? how : `${how}: ${lines.at(-1)?.trim()}`;
};

const actionFailed = (argv: readonly string[], finished: Finished): Failure =>
  fail('service-refused', `\`${argv.join(' ')}\` ${lastWords(finished)}.`, 'Run it by hand to see why.');

/** Runs a program that must end with 0. */
export const mustSucceed = async (
  run: Run,
  argv: readonly string[],
  bounds: Bounds,
  cwd?: string,
): Promise<Result<void>> => {
  const result = await run(argv, cwd === undefined ? bounds : { ...bounds, cwd });
  if (!result.ok) return result;
  return result.value.exitCode === 0 ? ok(undefined) : actionFailed(argv, result.value);
};

/** Exit codes of `status` after the Linux Standard Base: 0 runs; 1 and 2 dead with remains; 3 stopped. */
const lookFrom = (argv: readonly string[], finished: Finished): Result<ServiceLook> => {
  const { exitCode } = finished;
  if (exitCode === 0) return ok({ state: 'running', detail: 'running' });
  if (exitCode === 1 || exitCode === 2 || exitCode === 3) return ok({ state: 'stopped', detail: `status ${exitCode}` });
  return fail(
    'service-unseen',
    `\`${argv.join(' ')}\` ${lastWords(finished)}, which says neither that it runs (0) nor that it does not (3).`,
    'Correct the status command.',
  );
};

export interface Script {
  readonly name: string;
  readonly start: readonly string[];
  readonly stop: readonly string[];
  readonly status: readonly string[];
  /** Null: stop, then start. */
  readonly restart: readonly string[] | null;
}

/** A service behind programs of its own: an init script, or commands of the site. */
export const createScripted = (run: Run, script: Script): ServiceManager => ({
  name: script.name,
  look: async (bounds) => {
    const result = await run(script.status, bounds);
    return result.ok ? lookFrom(script.status, result.value) : result;
  },
  start: (bounds) => mustSucceed(run, script.start, bounds),
  stop: (bounds) => mustSucceed(run, script.stop, bounds),
  restart: async (bounds) => {
    if (script.restart !== null) return mustSucceed(run, script.restart, bounds);
    const stopped = await mustSucceed(run, script.stop, bounds);
    return stopped.ok ? mustSucceed(run, script.start, bounds) : stopped;
  },
  kill: null,
  describe: (what) => {
    const argv = what === 'restart' ? script.restart : script[what];
    return argv === null ? `${script.stop.join(' ')}; ${script.start.join(' ')}` : argv.join(' ');
  },
});

/** A script below /etc/init.d. */
export const initScript = (name: string, directory = '/etc/init.d'): Script => {
  const path = `${directory}/${name}`;
  return { name, start: [path, 'start'], stop: [path, 'stop'], status: [path, 'status'], restart: [path, 'restart'] };
};
