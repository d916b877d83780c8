/** The first lines of a scenario: what the pair is configured to be. */
import type { Settings } from '../../src/core/settings.ts';
import type { Role } from '../../src/core/words.ts';
import { settingsFor, timings } from '../presets.ts';

/** Pings of a look at the main, as the originals made them. */
export interface Pings {
  readonly everyMs: number;
  readonly count: number;
  readonly gapMs: number;
}

interface Preset {
  readonly timing: keyof typeof timings;
  readonly checkpoints: number;
  readonly watch: Settings['watch'];
  readonly failback: Settings['failback'];
  readonly pings: Pings | null;
}

const HOUR = 3_600_000;
const looks = (badLooks: number, everyMs: number): Settings['watch'] => ({ kind: 'looks', badLooks, lookMs: everyMs });

/** What the presets of the configuration come to, as far as the core is concerned (src/config/presets.ts). */
const presetByName: Readonly<Record<string, Preset>> = {
  classic: {
    timing: 'fast',
    checkpoints: 0,
    watch: looks(1, 60_000),
    failback: { policy: 'auto', holdMs: 0, maxWaitMs: 0 },
    pings: { everyMs: 60_000, count: 3, gapMs: 10_000 },
  },
  blog2012: {
    timing: 'fast',
    checkpoints: 0,
    watch: looks(2, 30_000),
    failback: { policy: 'auto', holdMs: 0, maxWaitMs: 0 },
    pings: { everyMs: 30_000, count: 1, gapMs: 0 },
  },
  remsys: {
    timing: 'fast',
    checkpoints: 0,
    watch: looks(5, 60_000),
    failback: { policy: 'manual', holdMs: 60_000, maxWaitMs: 0 },
    pings: { everyMs: 60_000, count: 1, gapMs: 0 },
  },
  fast: {
    timing: 'fast',
    checkpoints: 1,
    watch: { kind: 'lease' },
    failback: { policy: 'when-idle', holdMs: 60_000, maxWaitMs: HOUR / 2 },
    pings: null,
  },
  quick: {
    timing: 'quick',
    checkpoints: 1,
    watch: { kind: 'lease' },
    failback: { policy: 'when-idle', holdMs: 60_000, maxWaitMs: HOUR / 2 },
    pings: null,
  },
};

export interface Pair {
  preset: string;
  seed: number;
  checkpoints: number | null;
  change: Partial<Settings>;
  failback: Partial<Settings['failback']>;
  whenLost: 'wait' | 'likely';
}

export const newPair = (): Pair => ({
  preset: 'fast',
  seed: 1,
  checkpoints: null,
  change: {},
  failback: {},
  whenLost: 'wait',
});

const presetOf = ({ preset }: Pair): Preset => {
  const found = presetByName[preset];
  if (found === undefined) throw new Error(`no preset is called ${preset}`);
  return found;
};

export const pingsOf = (pair: Pair): Pings | null => presetOf(pair).pings;

export const settingsOf =
  (pair: Pair) =>
  (role: Role): Settings => {
    const preset = presetOf(pair);
    const checkpoints = pair.checkpoints ?? preset.checkpoints;
    const failback = { ...preset.failback, ...pair.failback };
    const base = settingsFor({ timing: timings[preset.timing], checkpoints, failback, whenLost: pair.whenLost })(role);
    return { ...base, watch: preset.watch, flapping: { maxSwitches: 3, windowMs: HOUR }, ...pair.change };
  };

/** `100ms`, `3s`, `2m`, `1h`. */
export const spanOf = (text: string): number => {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  if (found === null) throw new Error(`not a span of time: ${text}`);
  const unit = { ms: 1, s: 1000, m: 60_000, h: HOUR }[found[2] as 'ms' | 's' | 'm' | 'h'];
  return Number(found[1]) * unit;
};

type Setter = (pair: Pair, words: readonly string[]) => void;

const setterByWord: Readonly<Record<string, Setter>> = {
  preset: (pair, [name]) => {
    pair.preset = name ?? '';
  },
  seed: (pair, [seed]) => {
    pair.seed = Number(seed);
  },
  checkpoints: (pair, [count]) => {
    pair.checkpoints = Number(count);
  },
  'when-lost': (pair, [what]) => {
    pair.whenLost = what === 'likely' ? 'likely' : 'wait';
  },
  failback: (pair, [policy, ...rest]) => {
    pair.failback = { policy: policy as 'auto' };
    for (let i = 0; i < rest.length; i += 2) {
      const value = spanOf(rest[i + 1] ?? '');
      pair.failback = { ...pair.failback, ...(rest[i] === 'hold' ? { holdMs: value } : { maxWaitMs: value }) };
    }
  },
  'on-isolation': (pair, [what]) => {
    pair.change = { ...pair.change, onIsolation: what as 'serve' };
  },
  unfit: (pair, [policy]) => {
    pair.change = { ...pair.change, unfit: { policy: policy as 'takeover', restartWaitMs: 1000, lastResortMs: 1000 } };
  },
  'restart-step': (pair, [step]) => {
    pair.change = { ...pair.change, restartStep: step === 'none' ? null : (step ?? null) };
  },
  fenced: (pair) => {
    const fencing = { timeoutMs: 5000, retryMs: 2000, standbyDelayMs: 1000, unheardMs: 1000 };
    pair.change = { ...pair.change, fencing };
  },
  telephony: (pair, [what]) => {
    pair.change = { ...pair.change, telephony: what as 'cold' };
  },
};

/** True when the line was one that configures. */
export const configure = (pair: Pair, line: string): boolean => {
  const [word = '', ...rest] = line.split(/\s+/);
  const setter = setterByWord[word];
  setter?.(pair, rest);
  return setter !== undefined;
};
