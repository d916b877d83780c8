import { existsSync } from 'node:fs';
import type { StepDirection } from '../../core/effect.ts';
import { ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import type { StepOutcome } from '../../ports.ts';
import { type Run, run as runProgram } from '../../process/run.ts';
import { type DisposableStep, done, failed, guarded, outcomeOf, unknown } from '../outcome.ts';
import { type BootGuard, createBootGuard } from './boot-guard.ts';
import { createCompose } from './compose.ts';
import type { Bounds, ServiceLook, ServiceManager } from './manager.ts';
import { createScripted, initScript, type Script } from './scripted.ts';
import { createSystemdUnit, wholeUnitName } from './systemd.ts';

/** What is started and stopped. */
export type Service =
  | { readonly kind: 'unit'; readonly unit: string }
  /** A script below /etc/init.d. */
  | { readonly kind: 'init'; readonly script: string }
  /** A directory with a compose project. */
  | { readonly kind: 'compose'; readonly directory: string }
  | { readonly kind: 'command'; readonly commands: Omit<Script, 'restart'> };

export interface Preparation {
  readonly run: readonly string[];
  readonly timeoutMs: Millis;
}

export interface ServiceOptions {
  readonly service: Service;
  /** It runs on both nodes (warm): a plan only sees to it that it does. */
  readonly alwaysRuns: boolean;
  readonly timeoutMs: Millis;
  /** Run before it is started, in order; what fails is told and keeps it from nothing. Default: none. */
  readonly prepare?: readonly Preparation[];
  /** On tmpfs: flags of the boot guard. */
  readonly runDir: string;
  readonly run?: Run;
  /** Default: whether systemd is PID 1. */
  readonly hasSystemd?: boolean;
  readonly unitDir?: string;
}

/** So much of the deadline a service has to stop by itself; then it is killed. */
const GENTLE_PART = 0.6;
/** How `env` and shells say that there is no such program. */
const NOT_FOUND = 127;

const managerOf = (service: Service, run: Run): ServiceManager => {
  switch (service.kind) {
    case 'unit':
      return createSystemdUnit(run, wholeUnitName(service.unit));
    case 'init':
      return createScripted(run, initScript(service.script));
    case 'compose':
      return createCompose(run, service.directory);
    case 'command':
      return createScripted(run, { ...service.commands, restart: null });
  }
};

/** Changes nothing. */
export const lookAtService = (service: Service, run: Run, timeoutMs: Millis): Promise<Result<ServiceLook>> =>
  managerOf(service, run).look({ timeoutMs, signal: new AbortController().signal });

const guardOf = (options: ServiceOptions, run: Run): BootGuard | null => {
  const { service, hasSystemd = existsSync('/run/systemd/system') } = options;
  const unit = service.kind === 'unit' ? service.unit : service.kind === 'init' ? service.script : null;
  if (!hasSystemd || unit === null) return null;
  const unitDir = options.unitDir === undefined ? {} : { unitDir: options.unitDir };
  return createBootGuard({ unit: wholeUnitName(unit), run, runDir: options.runDir, ...unitDir });
};

interface Parts {
  readonly manager: ServiceManager;
  readonly guard: BootGuard | null;
  readonly bounds: (part: number) => Bounds;
  /** What went wrong in it; empty where all went well. */
  readonly prepare: () => Promise<readonly string[]>;
}

/** Stops or restarts; what does not follow in its time is killed, and then it follows. */
const forced = async (parts: Parts, action: 'stop' | 'restart'): Promise<Result<void>> => {
  const { manager, bounds } = parts;
  const gentle = await manager[action](bounds(GENTLE_PART));
  const overdue = !gentle.ok && gentle.error.code === 'program-timeout';
  if (!overdue || manager.kill === null) return gentle;
  const killed = await manager.kill(bounds(1 - GENTLE_PART));
  if (!killed.ok) return killed;
  // The job that waited for the end goes on by itself, and this joins it; a second restart would wait for a second end.
  return action === 'stop' ? manager.stop(bounds(1 - GENTLE_PART)) : manager.start(bounds(1 - GENTLE_PART));
};

const verify = async (
  { manager, bounds }: Parts,
  wanted: ServiceLook['state'],
  changed: boolean,
): Promise<StepOutcome> => {
  const look = await manager.look(bounds(1));
  if (!look.ok) return outcomeOf(look.error);
  const { state, detail } = look.value;
  if (state === wanted) return done(`${manager.name} ${detail}`, changed);
  if (state === 'changing') return unknown(`${manager.name} is still changing: ${detail}`);
  return failed(`${manager.name} is ${detail} though it was told otherwise; see its own log`);
};

const bringTo = async (parts: Parts, wanted: 'running' | 'stopped', guardChanged: boolean): Promise<StepOutcome> => {
  const { manager, bounds } = parts;
  const before = await manager.look(bounds(1));
  if (!before.ok) return outcomeOf(before.error);
  if (before.value.state === wanted) return done(`${manager.name} ${before.value.detail}`, guardChanged);
  const troubles = wanted === 'running' ? await parts.prepare() : [];
  const acted = await (wanted === 'running' ? manager.start(bounds(1)) : forced(parts, 'stop'));
  const outcome = acted.ok ? await verify(parts, wanted, true) : outcomeOf(acted.error);
  return { ...outcome, detail: [outcome.detail, ...troubles].join('; ') };
};

/** A program that is not there, or not found by `env`, is passed over: not every site has it. */
const prepared = async (
  { prepare = [] }: ServiceOptions,
  run: Run,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const troubles: string[] = [];
  for (const { run: argv, timeoutMs } of prepare) {
    const ended = await run(argv, { timeoutMs, signal });
    if (!ended.ok && ended.error.code !== 'program-missing') troubles.push(`before it: ${ended.error.message}`);
    if (!ended.ok || ended.value.exitCode === 0 || ended.value.exitCode === NOT_FOUND) continue;
    troubles.push(`before it: ${argv.join(' ')} ended with ${ended.value.exitCode}`);
  }
  return troubles;
};

const after = ({ prepare = [] }: ServiceOptions): string =>
  prepare.length === 0 ? '' : `, after ${prepare.map(({ run }) => `\`${run.join(' ')}\``).join(', ')}`;

/** Starts, stops and restarts one service, and keeps it from starting by itself where it is to run on the active node only. */
export const createServiceStep = (options: ServiceOptions): DisposableStep => {
  const run = options.run ?? runProgram;
  const manager = managerOf(options.service, run);
  const guard = guardOf(options, run);

  const guardFor = async (direction: StepDirection, bounds: Bounds): Promise<Result<boolean>> => {
    if (guard === null) return ok(false);
    if (options.alwaysRuns) return guard.remove(bounds);
    return direction === 'passivate' ? guard.forbid(bounds) : guard.allow(bounds);
  };

  const act = async (direction: StepDirection, signal: AbortSignal): Promise<StepOutcome> => {
    const parts: Parts = {
      manager,
      guard,
      bounds: (part) => ({ timeoutMs: Math.max(1, options.timeoutMs * part), signal }),
      prepare: () => prepared(options, run, signal),
    };
    const guarding = await guardFor(direction, parts.bounds(1));
    if (direction === 'restart') {
      const restarted = await forced(parts, 'restart');
      return restarted.ok ? verify(parts, 'running', true) : outcomeOf(restarted.error);
    }
    const stops = direction === 'passivate' && !options.alwaysRuns;
    const brought = await bringTo(parts, stops ? 'stopped' : 'running', guarding.ok && guarding.value);
    // What could not be guarded is stopped all the same, and then said.
    return guarding.ok || brought.outcome !== 'done' ? brought : outcomeOf(guarding.error);
  };

  const preview = async (direction: StepDirection): Promise<string> => {
    const look = await manager.look({ timeoutMs: 5000, signal: new AbortController().signal });
    const state = look.ok ? look.value.state : 'stopped';
    if (!look.ok) return `cannot look at ${manager.name}: ${look.error.message}`;
    if (direction === 'restart') return manager.describe('restart');
    const stops = direction === 'passivate' && !options.alwaysRuns;
    const action = stops ? 'stop' : 'start';
    const acts =
      state === (stops ? 'stopped' : 'running')
        ? `nothing: ${manager.name} is ${look.value.detail}`
        : `${manager.describe(action)}${stops ? '' : after(options)}`;
    if (guard === null || options.alwaysRuns) return acts;
    return stops
      ? `${acts}; start forbidden by ${guard.dropInPath} while ${guard.flagPath} is absent`
      : `${acts}; start allowed by ${guard.flagPath}`;
  };

  return {
    run: (direction, signal) =>
      guarded(async () => (signal.aborted ? unknown('called off before it began') : act(direction, signal))),
    preview,
    dispose: async () => {},
  };
};
