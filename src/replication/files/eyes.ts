/** Sees changes in directories; where it cannot see all of one it says so, and that one is compared at times. */
import type { Instant, Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import { createWatch, type Dirty, type Watch } from './watch.ts';

export interface EyesOptions {
  readonly paths: readonly string[];
  readonly settleMs: Millis;
  /** How often what is not seen is compared. */
  readonly blindMs: Millis;
  readonly clock: Clock;
  readonly onDirty: (dirty: readonly Dirty[]) => void;
  /** What lies below these is to be compared; null: everything, since all is seen again from now on. */
  readonly onBlind: (roots: readonly string[] | null) => void;
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
/** What was only replaced is seen again by the first look. */
const FIRST_LOOK_MS: Millis = 1000;

export const createEyes = (options: EyesOptions): Eyes => {
  const { clock } = options;
  let watch: Watch | null = null;
  let blind: string | null = null;
  let cancel: () => void = () => undefined;

  const lookAgain = (afterMs: Millis): void => {
    cancel();
    cancel = clock.at(clock.now() + afterMs, () => void look());
  };

  /** Watches first: what changes meanwhile is found by the comparison. */
  const look = async (): Promise<void> => {
    const looking = watch;
    const roots = looking?.unseen() ?? [];
    await looking?.retry();
    if (watch !== looking || looking === null) return;
    options.onBlind(blind === null ? null : roots);
    if (blind !== null) lookAgain(options.blindMs);
  };

  const onTrouble = (text: string | null): void => {
    blind = text;
    cancel();
    if (text === null) return;
    options.onTrouble(text);
    lookAgain(Math.min(FIRST_LOOK_MS, options.blindMs));
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
