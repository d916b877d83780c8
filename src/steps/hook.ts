import { existsSync } from 'node:fs';
import type { StepDirection } from '../core/effect.ts';
import type { Result } from '../core/result.ts';
import type { Epoch, Millis, Role } from '../core/words.ts';
import type { StepOutcome } from '../ports.ts';
import { type Finished, type Run, run as runProgram } from '../process/run.ts';
import { type DisposableStep, done, failed, guarded, outcomeOf, unknown } from './outcome.ts';
import { lastWords } from './service/scripted.ts';

export interface HookOptions {
  readonly name: string;
  /** Program with its whole path, then arguments. */
  readonly argv: readonly string[];
  readonly when: 'activate' | 'passivate' | 'both';
  readonly timeoutMs: Millis;
  readonly role: Role;
  /** The epoch of the plan that is under way. */
  readonly epoch: () => Epoch;
  readonly run?: Run;
  /** Default: whether systemd is PID 1 and can be reached by `systemd-run`, which needs D-Bus. */
  readonly hasSystemd?: boolean;
}

const reachesSystemd = (): boolean => existsSync('/run/systemd/system') && existsSync('/run/dbus/system_bus_socket');

/** The unit ends by itself so long after the deadline, should nobody be left to end it. */
const BACKSTOP_MS = 1000;
const KILL_TIMEOUT_MS = 500;
let started = 0;

/** In a unit of its own: what the hook leaves behind, a daemon of its own session even, ends with the unit. */
const inUnit = (
  unit: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  timeoutMs: Millis,
): readonly string[] => [
  'systemd-run',
  '--quiet',
  '--collect',
  '--wait',
  '--pipe',
  `--unit=${unit}`,
  '--property=KillMode=control-group',
  `--property=RuntimeMaxSec=${Math.ceil(timeoutMs + BACKSTOP_MS)}ms`,
  ...Object.entries(env).map(([name, value]) => `--setenv=${name}=${value}`),
  '--',
  ...argv,
];

/**
 * A program of the site as a step. It gets `DUALTONE_ROLE`, `DUALTONE_EPOCH` and `DUALTONE_DIRECTION` (`activate` or
 * `passivate`), and is run again when its outcome was not seen: it must bear that.
 */
export const createHookStep = (options: HookOptions): DisposableStep => {
  const { name, argv, timeoutMs, run = runProgram, hasSystemd = reachesSystemd() } = options;
  const applies = (direction: StepDirection): boolean => options.when === 'both' || options.when === direction;

  const start = async (env: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Result<Finished>> => {
    if (!hasSystemd) return run(argv, { timeoutMs, signal, env });
    started += 1;
    const unit = `dualtone-hook-${name}-${process.pid}-${started}`;
    const result = await run(inUnit(unit, argv, env, timeoutMs), { timeoutMs, signal });
    // The client of systemd was stopped, not the unit.
    if (!result.ok) await run(['systemctl', 'kill', '--signal=KILL', unit], { timeoutMs: KILL_TIMEOUT_MS });
    return result;
  };

  const act = async (direction: StepDirection, signal: AbortSignal): Promise<StepOutcome> => {
    const env = {
      DUALTONE_ROLE: options.role,
      DUALTONE_EPOCH: String(options.epoch()),
      DUALTONE_DIRECTION: direction,
    };
    const result = await start(env, signal);
    if (!result.ok) return outcomeOf(result.error);
    const { exitCode, tookMs } = result.value;
    return exitCode === 0
      ? done(`hook ${name} ended well after ${Math.round(tookMs)} ms`, true)
      : failed(`hook ${name} ${lastWords(result.value)}`);
  };

  return {
    run: (direction, signal) =>
      guarded(async () => {
        if (signal.aborted) return unknown('called off before it began');
        return applies(direction) ? act(direction, signal) : done(`hook ${name} does not run on ${direction}`, false);
      }),
    preview: async (direction) =>
      applies(direction) ? `run ${argv.join(' ')}` : `nothing: hook ${name} does not run on ${direction}`,
    dispose: async () => {},
  };
};
