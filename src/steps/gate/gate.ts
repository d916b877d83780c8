import type { GateAction } from '../../core/effect.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Instant, Millis } from '../../core/words.ts';
import type { Clock, Gate } from '../../ports.ts';
import { type Run, run as runProgram } from '../../process/run.ts';
import { createKernel, install, type Kernel } from './kernel.ts';
import { isIntact, lookAtTables, staleLines } from './listing.ts';
import { createMemory, type GateMemory } from './memory.ts';
import { type Monitor, startMonitor } from './monitor.ts';
import { createRepairer, type Repairer } from './repair.ts';
import { actionLines, type Blueprint, blueprintOf, type GateSettings, removeLines, TABLE } from './rules.ts';

export interface GateOptions {
  readonly settings: GateSettings;
  readonly clock: Clock;
  readonly run?: Run;
  /** A transaction that the kernel has not answered by then is given up and its outcome unknown. Default 1 s. */
  readonly timeoutMs?: Millis;
  /** How often it is asked besides the watching whether the rules are as they were. Default 10 s. */
  readonly checkEveryMs?: Millis;
}

/** Of so many looks (an hour's) one reads all rules, even where the kernel, which counts each change, says that there was none. */
const GLANCES_A_LISTING = 360;

/** What happened while the watcher was starting is seen by then. */
const FIRST_CHECK_MS = 300;

/** Whole milliseconds, rounded down; throws on a slot or a timeout that cannot be. */
const checked = (action: GateAction, slots: number): GateAction => {
  const slotFits = !('slot' in action) || (Number.isInteger(action.slot) && action.slot >= 0 && action.slot < slots);
  if (!slotFits || (action.type === 'arm' && !(action.ms >= 1))) {
    throw new Error(`no such gate action: ${JSON.stringify(action)}`);
  }
  return action.type === 'arm' ? { ...action, ms: Math.floor(action.ms) } : action;
};

/** Looks at the rules from time to time; while nobody else has changed a rule set, most listings, which take two programs, are left out. */
const createLooks = (clock: Clock, everyMs: Millis, kernel: Kernel, suspect: () => Promise<void>) => {
  let cancel = (): void => {};
  let glances = 0;
  const look = async (): Promise<void> => {
    glances += 1;
    const untouched = await kernel.untouched();
    if (!untouched || glances % GLANCES_A_LISTING === 1) await suspect();
  };
  const lookAfter = (ms: Millis): void => {
    cancel = clock.at(clock.now() + ms, () => {
      void look();
      lookAfter(everyMs);
    });
  };
  return { start: (): void => lookAfter(FIRST_CHECK_MS), stop: (): void => cancel() };
};

/** A ticket that comes with the rules is so much shorter, and is taken back if the kernel took longer: it never runs beyond its time. */
const SERVING_MARGIN = 0.5;

const gateThere = () =>
  fail(
    'gate-there',
    `There is a gate in the kernel already (table "${TABLE}"): what serves behind it is a matter of its lease.`,
    `If it was left by a pair that is no more: \`dualtone disable\`, or \`nft delete table inet ${TABLE}\`.`,
  );

const gateLate = (ms: Millis) =>
  fail(
    'gate-late',
    `The kernel took ${Math.round(ms)} ms for the rules of the gate, and it was closed again.`,
    'Look at the load of the machine; service begins as after a boot.',
  );

interface Serving {
  readonly settings: GateSettings;
  readonly blueprint: Blueprint;
  readonly kernel: Kernel;
  readonly memory: GateMemory;
  readonly clock: Clock;
}

/** Rules, ticket and grant at once. */
const installServing = async (parts: Serving, slot: number, until: Instant): Promise<Result<void>> => {
  const { settings, blueprint, kernel, memory, clock } = parts;
  const startedAt = clock.now();
  const marginMs = SERVING_MARGIN * (until - startedAt);
  const ms = Math.floor(until - startedAt - marginMs);
  if (ms < 1) return gateLate(0);
  const actions = [{ type: 'arm', slot, ms } as const, { type: 'grant', slot } as const];
  for (const action of actions) memory.note(checked(action, settings.slots), startedAt);
  const lines = actions.flatMap((action) => actionLines(action, settings));
  const installed = await install(kernel, blueprint, [], lines);
  const tookMs = clock.now() - startedAt;
  if (installed.ok && tookMs <= marginMs) return installed;
  memory.note({ type: 'close' }, clock.now());
  if (installed.ok) await kernel.act({ type: 'close' });
  return installed.ok ? gateLate(tookMs) : installed;
};

/** All at once, since a restarted holder has one lease: an empty transaction warms `nft` up, and tells what is wrong with it; the question warms up the way to the kernel. */
const lookFirst = async (run: Run, kernel: Kernel) => {
  const [listing, warm] = await Promise.all([lookAtTables(run), kernel.transact([]), kernel.untouched()]);
  return { listing, warm };
};

/** Hears of rules that are taken away; what it sees before it is ready are our own changes. */
const createWatch = (clock: Clock, repairer: Repairer) => {
  let monitor: Monitor | null = null;
  let isReady = false;
  return {
    /** It listens some milliseconds after its start, so it is started before anything else. */
    start: (): void => {
      monitor ??= startMonitor(clock, {
        gone: () => isReady && repairer.rulesGone(),
        blind: () => isReady && void repairer.suspect(),
      });
    },
    ready: (): void => {
      isReady = true;
    },
    stop: async (): Promise<void> => monitor?.stop(),
  };
};

/**
 * The lease gate on nftables: one line a transaction, answered when the kernel took it. A fault `pipe-program-timeout` or
 * `pipe-program-ended` leaves open whether it did; with `gate-refused` and `gate-not-permitted` nothing was changed.
 */
export const createGate = (options: GateOptions): Gate => {
  const { settings, clock, run = runProgram, timeoutMs = 1000, checkEveryMs = 10_000 } = options;
  const blueprint = blueprintOf(settings);
  const memory = createMemory();
  const kernel = createKernel(settings, timeoutMs);
  const listeners: ((what: string) => void)[] = [];
  const onTampered = (what: string): void => {
    for (const listener of listeners) listener(what);
  };
  const repairer = createRepairer({ settings, blueprint, kernel, memory, clock, run, onTampered });
  const watch = createWatch(clock, repairer);
  const looks = createLooks(clock, checkEveryMs, kernel, () => repairer.suspect());
  const begin = async (isNew: boolean): Promise<void> => {
    // From here on changes are counted.
    if (isNew) await kernel.untouched();
    watch.ready();
    looks.start();
  };

  return {
    open: async () => {
      watch.start();
      const { listing, warm } = await lookFirst(run, kernel);
      const adopted = isIntact(listing, blueprint);
      if (adopted && listing.heldOpen) memory.note({ type: 'hold-open' }, clock.now());
      const opened = adopted ? warm : await install(kernel, blueprint, staleLines(listing, blueprint), []);
      if (opened.ok) await begin(!adopted);
      return opened;
    },
    openServing: async (slot, until) => {
      watch.start();
      const { listing, warm } = await lookFirst(run, kernel);
      if (!warm.ok) return warm;
      if (listing.tables.length > 0) return gateThere();
      const opened = await installServing({ settings, blueprint, kernel, memory, clock }, slot, until);
      if (opened.ok) await begin(true);
      return opened;
    },
    apply: async (action) => {
      const whole = checked(action, settings.slots);
      memory.note(whole, clock.now());
      const applied = await kernel.act(whole);
      if (applied.ok || applied.error.code !== 'gate-refused') return applied;
      // Most likely the table is gone: put it back and say it again.
      await repairer.suspect();
      return kernel.act(whole);
    },
    elsewhere: async (ms) =>
      settings.refuserPort === null ? ok(undefined) : kernel.act({ type: 'elsewhere', ms: Math.floor(ms) }),
    onTampered: (listener) => {
      listeners.push(listener);
    },
    dispose: async () => {
      looks.stop();
      await repairer.stop();
      await watch.stop();
      await kernel.close();
    },
  };
};

const LIST_TIMEOUT_MS = 2000;

/** What a gate that was enforced until now has left would stay closed for good. Fault: `gate-left`. */
const removeLeft = async (run: Run): Promise<Result<void>> => {
  const listed = await run(['nft', 'list', 'tables'], { timeoutMs: LIST_TIMEOUT_MS });
  // Without the program, or the right to run it, there is none of ours either.
  const isLeft = listed.ok && listed.value.stdout.split('\n').some((line) => line.endsWith(` ${TABLE}`));
  if (!isLeft) return ok(undefined);
  const removed = await run(['nft', removeLines.join('; ')], { timeoutMs: LIST_TIMEOUT_MS });
  if (removed.ok && removed.value.exitCode === 0) return ok(undefined);
  return fail(
    'gate-left',
    `The gate is not enforced any more, and its table "${TABLE}" could not be removed: telephony would stay cut off.`,
    `Remove it by hand: \`nft delete table inet ${TABLE}\` and \`nft delete table arp ${TABLE}\`.`,
  );
};

/** For `gate.enforce: false`: nothing is dropped, every transaction succeeds. The lease is then kept by the agent alone. */
export const createUngated = (run: Run = runProgram): Gate => ({
  open: () => removeLeft(run),
  openServing: () => removeLeft(run),
  apply: async () => ok(undefined),
  elsewhere: async () => ok(undefined),
  onTampered: () => {},
  dispose: async () => {},
});
