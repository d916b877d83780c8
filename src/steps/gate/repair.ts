import { ok, type Result } from '../../core/result.ts';
import type { Clock } from '../../ports.ts';
import type { Run } from '../../process/run.ts';
import { install, type Kernel } from './kernel.ts';
import { isIntact, lookAtTables, staleLines } from './listing.ts';
import type { GateMemory } from './memory.ts';
import { actionLines, type Blueprint, existCommands, type GateSettings } from './rules.ts';

export interface RepairParts {
  readonly settings: GateSettings;
  readonly blueprint: Blueprint;
  readonly kernel: Kernel;
  readonly memory: GateMemory;
  readonly clock: Clock;
  readonly run: Run;
  /** Told after each repair, in words. */
  readonly onTampered: (what: string) => void;
}

/** A restored ticket is this much shorter, and is granted only if the kernel took it within that time: so it never runs longer. */
const RESTORE_MARGIN_MS = 60;

/** Puts back what the kernel was told last, never for longer: a relative timeout that is applied late would extend the lease. */
const restore = async (parts: RepairParts, stale: readonly string[]): Promise<Result<void>> => {
  const { settings, blueprint, kernel, memory, clock } = parts;
  if (memory.isHeld()) return install(kernel, blueprint, stale, actionLines({ type: 'hold-open' }, settings));
  const startedAt = clock.now();
  const live = memory.best();
  const leftMs = live === null ? 0 : Math.floor(live.ticket.until - startedAt - RESTORE_MARGIN_MS);
  if (live === null || leftMs < 1) return install(kernel, blueprint, stale, []);
  const { slot, ticket } = live;
  const installed = await install(kernel, blueprint, stale, actionLines({ type: 'arm', slot, ms: leftMs }, settings));
  const inTime = clock.now() - startedAt <= RESTORE_MARGIN_MS;
  // The slot may have been used again, or the gate closed, while the kernel was busy.
  if (!installed.ok || !inTime || memory.ticketIn(slot) !== ticket) return installed;
  return kernel.act({ type: 'grant', slot });
};

const tell = (parts: RepairParts, what: string, restored: Result<void>): void =>
  parts.onTampered(
    restored.ok
      ? `By another program ${what}; they were put back.`
      : `By another program ${what}, and they could not be put back: ${restored.error.message} ${restored.error.remedy}`,
  );

/** Looks first, and repairs what is not as it should be. */
const check = async (parts: RepairParts, isStopped: () => boolean): Promise<Result<void>> => {
  // Tables that are gone are known in a millisecond; a whole listing takes a process of its own.
  const there = await Promise.all(existCommands(parts.blueprint).map((command) => parts.kernel.look(command)));
  if (there.some((each) => !each.ok && each.error.code === 'gate-refused') && !isStopped()) {
    const restored = await restore(parts, []);
    tell(parts, 'the tables of the gate were gone', restored);
    return restored;
  }
  const listing = await lookAtTables(parts.run);
  if (isStopped() || isIntact(listing, parts.blueprint)) return ok(undefined);
  const restored = await restore(parts, staleLines(listing, parts.blueprint));
  tell(parts, 'the rules of the gate were changed', restored);
  return restored;
};

export interface Repairer {
  /** Rules were seen to go: they are put back at once, and looked at afterwards. */
  rulesGone(): void;
  /** Looks, and repairs what is not as it should be. One at a time; a suspicion during one is looked into after it. */
  suspect(): Promise<void>;
  stop(): Promise<void>;
}

const RETRY_MS = 1000;
/** Putting rules back takes others away, which is seen as well: so long after it, they are looked at before they are put back. */
const OWN_ECHO_MS = 500;

export const createRepairer = (parts: RepairParts): Repairer => {
  const { clock } = parts;
  let stopped = false;
  let suspected = false;
  let running: Promise<void> | null = null;
  let cancelRetry = (): void => {};
  let repairedAt = Number.NEGATIVE_INFINITY;

  const work = async (first: () => Promise<Result<void>>): Promise<void> => {
    const again = (): boolean => suspected && !stopped;
    let next = first;
    do {
      suspected = false;
      const repaired = await next();
      if (!repaired.ok && !stopped) cancelRetry = clock.at(clock.now() + RETRY_MS, () => void suspect());
      next = () => check(parts, () => stopped);
    } while (again());
    running = null;
  };
  const putBack = async (): Promise<Result<void>> => {
    repairedAt = clock.now();
    const restored = await restore(parts, []);
    suspected = true;
    tell(parts, 'rules of the gate were taken away', restored);
    return restored;
  };
  const suspect = (): Promise<void> => {
    if (stopped) return Promise.resolve();
    suspected = true;
    cancelRetry();
    running ??= work(() => check(parts, () => stopped));
    return running;
  };
  return {
    rulesGone: () => {
      if (stopped) return;
      if (running !== null || clock.now() - repairedAt < OWN_ECHO_MS) void suspect();
      else running = work(putBack);
    },
    suspect,
    stop: async () => {
      stopped = true;
      cancelRetry();
      await running;
    },
  };
};
