/** After a run that changed something: what caches it on this passive node is reloaded, by the rules of the profile. */
import { fail, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import type { Run } from '../../process/run.ts';
import { patternOf } from '../../replication/pattern.ts';
import type { StreamReporter } from '../../replication/stream.ts';
import type { Talk } from '../../replication/talk.ts';

export interface ReloadRule {
  /** Patterns of tables; none for a rule of files. */
  readonly tables: readonly string[];
  /** Patterns of whole paths; none for a rule of tables. */
  readonly paths: readonly string[];
  readonly run: readonly string[] | null;
  readonly restart: readonly string[];
  readonly asterisk: readonly string[];
}

export interface Changed {
  readonly tables: readonly string[];
  /** Whole paths of files. */
  readonly files: readonly string[];
}

export interface ReloadOptions {
  readonly rules: readonly ReloadRule[];
  readonly talk: Talk;
  readonly run: Run;
  readonly clock: Clock;
  readonly reporter: StreamReporter;
}

export interface Reload {
  start(): void;
  /** These have changed here by what follows from the main. */
  changed(what: Changed): void;
  /** The term under which this node serves, 0 when it does not: then nothing is reloaded, and what is under way is ended. */
  setHolding(holding: number): void;
  stop(): Promise<void>;
}

/** What is to be done, each thing once, in the order of the rules: programs, then units, then Asterisk. */
export interface ReloadPlan {
  readonly programs: readonly (readonly string[])[];
  readonly units: readonly string[];
  readonly modules: readonly string[];
}

/** Runs that follow each other closely are answered together. */
const SETTLE_MS: Millis = 1000;
/** Where changes come all the time, Asterisk is not reloaded all the time. */
const GAP_MS: Millis = 10_000;
const ASTERISK_MS: Millis = 20_000;
const PROGRAM_MS: Millis = 60_000;
const MOST_NAMES = 2000;

const isHit = (patterns: readonly string[], names: readonly string[]): boolean =>
  patterns.some((pattern) => {
    const fits = patternOf(pattern);
    return names.some((name) => fits.test(name));
  });

/** The plan for what changed; all lists empty where nothing caches it. */
export const planReload = (rules: readonly ReloadRule[], { tables, files }: Changed): ReloadPlan => {
  const hit = rules.filter((rule) => isHit(rule.tables, tables) || isHit(rule.paths, files));
  const programs = new Map(hit.flatMap(({ run }) => (run === null ? [] : [[run.join('\0'), run] as const])));
  return {
    programs: [...programs.values()],
    units: [...new Set(hit.flatMap(({ restart }) => restart))],
    modules: [...new Set(hit.flatMap(({ asterisk }) => asterisk))],
  };
};

type Deed = 'done' | 'passed-over';

const notReloaded = (what: string, why: string) =>
  fail(
    'reload-failed',
    `${what} was not reloaded after a run: ${why}.`,
    'Reload it by hand on the standby; until then it knows the former configuration.',
  );

const words = (text: string): string => text.trim().split('\n').at(-1)?.slice(0, 200) || 'no reason was given';

interface Tools {
  readonly run: Run;
  readonly signal: AbortSignal;
}

const runProgram = async ({ run, signal }: Tools, argv: readonly string[]): Promise<Result<Deed>> => {
  const ended = await run(argv, { timeoutMs: PROGRAM_MS, signal });
  if (!ended.ok) return ended.error.code === 'program-missing' ? ok('passed-over') : ended;
  if (ended.value.exitCode === 0) return ok('done');
  return notReloaded(argv.join(' '), words(ended.value.stderr || ended.value.stdout));
};

const restartUnit = async ({ run, signal }: Tools, unit: string): Promise<Result<Deed>> => {
  const looked = await run(['systemctl', 'is-active', '--quiet', unit], { timeoutMs: PROGRAM_MS, signal });
  if (!looked.ok) return looked;
  if (looked.value.exitCode !== 0) return ok('passed-over');
  const ended = await run(['systemctl', 'restart', unit], { timeoutMs: PROGRAM_MS, signal });
  if (!ended.ok) return ended;
  return ended.value.exitCode === 0 ? ok('done') : notReloaded(unit, words(ended.value.stderr));
};

const askAsterisk = ({ run, signal }: Tools, line: string) =>
  run(['asterisk', '-rx', line], { timeoutMs: ASTERISK_MS, signal });

/** On a cold standby there is no Asterisk to be told: it reads all when it starts. */
const isAsteriskUp = async (tools: Tools): Promise<boolean> => {
  const asked = await askAsterisk(tools, 'core show uptime seconds');
  return asked.ok && asked.value.exitCode === 0;
};

const reloadModule = async (tools: Tools, module: string): Promise<Result<Deed>> => {
  const asked = await askAsterisk(tools, `module reload ${module}`);
  if (!asked.ok) return asked;
  const said = asked.value.stdout;
  if (/no such module|not found|does not support reload/i.test(said)) return ok('passed-over');
  const isGood = asked.value.exitCode === 0 && !/error|fail|not properly initialized|not ready/i.test(said);
  return isGood ? ok('done') : notReloaded(`Asterisk's ${module}`, words(said || asked.value.stderr));
};

interface State {
  readonly options: ReloadOptions;
  tables: Set<string>;
  files: Set<string>;
  holding: number;
  abort: AbortController;
  working: Promise<void> | null;
  cancelWait: () => void;
  /** When the last ones were through. */
  endedAt: number;
  /** What was told as failed, so that it is told once. */
  readonly failed: Set<string>;
  stopped: boolean;
}

const textOf = (done: readonly string[], failed: number, ended: boolean): string => {
  const what = done.length === 0 ? 'nothing was reloaded' : `reloaded: ${done.join(', ')}`;
  return `${what}${failed === 0 ? '' : `; ${failed} failed`}${ended ? '; ended, because this node began to serve' : ''}`;
};

/** Does the plan; what fails keeps nothing else from its turn. */
const carryOut = async (state: State, plan: ReloadPlan): Promise<void> => {
  const { run, reporter } = state.options;
  const tools: Tools = { run, signal: state.abort.signal };
  const done: string[] = [];
  const passedOver: string[] = [];
  const faults: { readonly what: string; readonly message: string }[] = [];
  const attempt = async (what: string, deed: () => Promise<Result<Deed>>): Promise<void> => {
    if (tools.signal.aborted) return;
    const result = await deed();
    if (tools.signal.aborted) return;
    if (!result.ok) {
      faults.push({ what, message: result.error.message });
      if (!state.failed.has(what))
        reporter.say('warning', 'reload-failed', `${result.error.message} ${result.error.remedy}`);
      state.failed.add(what);
      return;
    }
    state.failed.delete(what);
    (result.value === 'done' ? done : passedOver).push(what);
  };
  for (const argv of plan.programs) await attempt(argv.join(' '), () => runProgram(tools, argv));
  for (const unit of plan.units) await attempt(unit, () => restartUnit(tools, unit));
  if (plan.modules.length > 0 && !tools.signal.aborted) {
    if (await isAsteriskUp(tools))
      for (const module of plan.modules) await attempt(module, () => reloadModule(tools, module));
    else passedOver.push('asterisk');
  }
  const ended = tools.signal.aborted;
  state.endedAt = state.options.clock.now();
  reporter.note('reload', { done, passedOver, faults, ended, text: textOf(done, faults.length, ended) });
};

const hasChanges = ({ tables, files }: State): boolean => tables.size + files.size > 0;

const forget = (state: State): void => {
  state.tables = new Set();
  state.files = new Set();
};

const work = async (state: State): Promise<void> => {
  while (hasChanges(state) && state.holding === 0 && !state.stopped) {
    const plan = planReload(state.options.rules, { tables: [...state.tables], files: [...state.files] });
    forget(state);
    state.abort = new AbortController();
    if (plan.programs.length + plan.units.length + plan.modules.length > 0) await carryOut(state, plan);
  }
};

const begin = (state: State): void => {
  state.working ??= work(state).finally(() => {
    state.working = null;
  });
};

/** Calls were never waited for here: who serves is not touched, and is told what it may lack. */
const giveUp = (state: State): void => {
  const isLate = hasChanges(state) || state.working !== null;
  state.cancelWait();
  forget(state);
  state.abort.abort();
  if (!isLate) return;
  state.options.reporter.say(
    'warning',
    'reload-not-finished',
    'This node began to serve before all was reloaded that had just come from the main; what changed there in the last seconds may not be in force: reload it by hand.',
  );
};

/** Null: not a list of names. */
const namesOf = (given: unknown): readonly string[] | null =>
  Array.isArray(given) && given.length <= MOST_NAMES && given.every((name) => typeof name === 'string') ? given : null;

const changedOf = (parameters: unknown): Changed | null => {
  if (typeof parameters !== 'object' || parameters === null) return null;
  const { tables, files } = parameters as { readonly tables?: unknown; readonly files?: unknown };
  const named = { tables: namesOf(tables ?? []), files: namesOf(files ?? []) };
  return named.tables === null || named.files === null ? null : { tables: named.tables, files: named.files };
};

/** Answers the main's `changed`, at once; what is reloaded follows a second later and is journaled. */
export const createReload = (options: ReloadOptions): Reload => {
  const { talk, clock } = options;
  const state: State = {
    options,
    tables: new Set(),
    files: new Set(),
    holding: 0,
    abort: new AbortController(),
    working: null,
    cancelWait: () => undefined,
    endedAt: Number.NEGATIVE_INFINITY,
    failed: new Set(),
    stopped: false,
  };
  const changed = ({ tables, files }: Changed): void => {
    if (state.holding > 0 || state.stopped) return;
    for (const table of tables) state.tables.add(table);
    for (const file of files) state.files.add(file);
    state.cancelWait();
    state.cancelWait = clock.at(Math.max(clock.now() + SETTLE_MS, state.endedAt + GAP_MS), () => begin(state));
  };
  return {
    changed,
    start: () =>
      talk.answer('changed', async (parameters) => {
        const what = changedOf(parameters);
        if (what === null)
          return fail(
            'peer-bad-question',
            'The other node asked something odd.',
            'Run the same version on both nodes.',
          );
        changed(what);
        return ok(null);
      }),
    setHolding: (holding) => {
      state.holding = holding;
      if (holding > 0) giveUp(state);
    },
    stop: async () => {
      state.stopped = true;
      state.cancelWait();
      state.abort.abort();
      await state.working;
    },
  };
};
