/** A healthy pair on a poor network for days: how often does service change hands without cause? And how fast is the simulation? */
import { settingsFor, timings } from './presets.ts';
import { createWorld, type World } from './world.ts';

export interface SteadyOptions {
  readonly seed: number;
  readonly hours: number;
  readonly preset: 'fast' | 'quick';
  /** Probability that a packet is lost, on every link. */
  readonly loss: number;
  /** Bursts in which a link or a node loses everything, this long, at least a second apart; 0 for none. */
  readonly burstMs: number;
}

export interface SteadyResult {
  readonly hours: number;
  readonly bursts: number;
  /** Changes of holder, none of which had a cause. */
  readonly changes: number;
  /** Time with nobody serving after the start, ms. */
  readonly silentMs: number;
  readonly events: number;
}

const HOUR_MS = 3_600_000;

/** Every 1 to 5 seconds a link, or a node with all its links, is cut for `forMs`. */
const startBursts = (w: World, forMs: number, counted: () => void): void => {
  const next = (): void => {
    const { names } = w.network;
    const name = w.random.pick(names);
    const others = w.random.chance(0.5) ? names : [w.random.pick(names)];
    for (const other of others) {
      if (other === name) continue;
      w.network.link(name, other).cutUntil = w.timeline.now + forMs;
      w.network.link(other, name).cutUntil = w.timeline.now + forMs;
    }
    counted();
    w.timeline.after(forMs + w.random.between(1000, 5000), next);
  };
  w.timeline.at(5000, next);
};

/** Runs the pair for simulated hours; throws on a violation. */
export const runSteady = (options: SteadyOptions): SteadyResult => {
  const failback = { policy: 'manual', holdMs: 60_000, maxWaitMs: 0 } as const;
  const sim = { timing: timings[options.preset], checkpoints: 1, failback };
  const w = createWorld({ seed: options.seed, settingsOf: settingsFor(sim) });
  let bursts = 0;
  w.network.baseLoss = options.loss;
  if (options.burstMs > 0) {
    startBursts(w, options.burstMs, () => {
      bursts += 1;
    });
  }
  w.bootAll();
  w.timeline.runUntil(4000);
  const changesAtStart = w.checkers.changes;
  w.timeline.runUntil(4000 + options.hours * HOUR_MS);
  w.checkers.finish();
  const [violation] = w.checkers.violations;
  if (violation !== undefined) throw new Error(`seed ${options.seed}: ${violation.text} at ${violation.atMs} ms`);
  const silent = w.checkers.gaps.filter((gap) => gap.from > 3000);
  return {
    hours: options.hours,
    bursts,
    changes: w.checkers.changes - changesAtStart,
    silentMs: silent.reduce((sum, gap) => sum + gap.to - gap.from, 0),
    events: w.timeline.executed(),
  };
};
