/** The pipe to the kernel: transactions in order, each taking a moment, all standing while `nft` or the machine does. */
import type { GateAction } from '../src/core/effect.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

export interface GatePipe {
  push(action: GateAction, done: () => void): void;
  /** Goes on after a stall. */
  pump(): void;
  /** Power is gone: what was in the pipe too. */
  clear(): void;
  /** The writer died: what it wrote is executed still, or not, and nobody hears of it. */
  orphan(): void;
}

interface Entry {
  readonly action: GateAction;
  done: (() => void) | null;
}

export const createGatePipe = (
  timeline: Timeline,
  random: Random,
  stands: () => boolean,
  execute: (action: GateAction) => void,
): GatePipe => {
  let entries: Entry[] = [];
  let busy = false;
  let generation = 0;
  const take = (): void => {
    busy = false;
    if (stands()) return;
    const entry = entries.shift();
    if (entry === undefined) return;
    execute(entry.action);
    entry.done?.();
    pump();
  };
  const pump = (): void => {
    if (busy || stands() || entries.length === 0) return;
    busy = true;
    const born = generation;
    timeline.after(0.1 + random.next() * 0.3, () => {
      if (born === generation) take();
    });
  };
  return {
    pump,
    push(action, done) {
      entries.push({ action, done });
      pump();
    },
    clear() {
      generation += 1;
      busy = false;
      entries = [];
    },
    orphan() {
      if (random.chance(0.5)) entries = [];
      for (const entry of entries) entry.done = null;
    },
  };
};
