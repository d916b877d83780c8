/** Sees changes in directories; where it cannot see all of them it says so, and everything is compared at times. */
import type { Instant, Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import { createWatch, type Dirty, type Watch } from './watch.ts';

export interface EyesOptions {
  readonly paths: readonly string[];
  readonly settleMs: Millis;
  /** How often everything is compared while not all is seen. */
  readonly blindMs: Millis;
  readonly clock: Clock;
  readonly onDirty: (dirty: readonly Dirty[]) => void;
  /** Everything is to be compared. */
  readonly onBlind: () => void;
  /** Told once a trouble. */
  readonly onTrouble: (text: string) => void;
}

export interface Eyes {
  /** Settles when all is watched that can be. */
  open(): Promise<void>;
  close(): void;
  isOpen(): boolean;
  /** Why not all is seen; null when it is. */
  blind(): string | null;
  waitingSince(): Instant | null;
}

/** A change waits this much longer at most while others follow it. */
const LONGEST_SETTLE_MS: Millis = 2000;

export const createEyes = (options: EyesOptions): Eyes => {
  const { clock } = options;
  let watch: Watch | null = null;
  let blind: string | null = null;
  let cancel: () => void = () => undefined;

  const lookAgain = (): void => {
    cancel();
    cancel = clock.at(clock.now() + options.blindMs, () => {
      options.onBlind();
      void watch?.retry().then(() => (blind === null ? undefined : lookAgain()));
    });
  };

  const onTrouble = (text: string | null): void => {
    blind = text;
    cancel();
    if (text === null) return;
    options.onTrouble(text);
    lookAgain();
  };

  return {
    open: () => {
      const { paths, settleMs, onDirty } = options;
      watch = createWatch({
        roots: paths,
        settleMs,
        longestMs: settleMs + LONGEST_SETTLE_MS,
        clock,
        onDirty,
        onTrouble,
      });
      return watch.start();
    },
    close: () => {
      cancel();
      watch?.stop();
      watch = null;
      blind = null;
    },
    isOpen: () => watch !== null,
    blind: () => blind,
    waitingSince: () => watch?.waitingSince() ?? null,
  };
};
