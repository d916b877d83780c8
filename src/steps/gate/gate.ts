import type { GateAction } from '../../core/effect.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import type { Clock, Gate } from '../../ports.ts';
import { type Run, run as runProgram } from '../../process/run.ts';
import { createKernel, install, type Kernel } from './kernel.ts';
import { isIntact, lookAtTables, staleLines } from './listing.ts';
import { createMemory } from './memory.ts';
import { type Monitor, startMonitor } from './monitor.ts';
import { createRepairer } from './repair.ts';
import { blueprintOf, type GateSettings, removeLines, TABLE } from './rules.ts';

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
  let monitor: Monitor | null = null;
  const looks = createLooks(clock, checkEveryMs, kernel, () => repairer.suspect());

  return {
    open: async () => {
      let ready = false;
      // It listens some milliseconds after its start, so it is started first; what it sees until then are our own changes.
      monitor = startMonitor(clock, {
        gone: () => ready && repairer.rulesGone(),
        blind: () => ready && void repairer.suspect(),
      });
      // All at once, since a restarted holder has one lease: an empty transaction warms `nft` up, and tells what is wrong with it; the question warms up the way to the kernel.
      const [listing, warm] = await Promise.all([lookAtTables(run), kernel.transact([]), kernel.untouched()]);
      const adopted = isIntact(listing, blueprint);
      if (adopted && listing.heldOpen) memory.note({ type: 'hold-open' }, clock.now());
      const opened = adopted ? warm : await install(kernel, blueprint, staleLines(listing, blueprint), []);
      if (!opened.ok) return opened;
      // From here on changes are counted.
      if (!adopted) await kernel.untouched();
      ready = true;
      looks.start();
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
      await monitor?.stop();
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
  apply: async () => ok(undefined),
  elsewhere: async () => ok(undefined),
  onTampered: () => {},
  dispose: async () => {},
});
