import type { Result } from '../../src/core/result.ts';
import type { Role } from '../../src/core/words.ts';

/** How much time one sign of the bar stands for, and how many there are. */
export const cellMs = 100;
export const cellCount = 70;

/** Who answered the telephone in most of such a time. */
export type Cell = Role | 'nobody' | 'unknown';

/** One node as the demo shows it. */
export interface NodeView {
  readonly role: Role;
  readonly power: boolean;
  /** What it does, in a few words. */
  readonly doing: string;
  readonly serves: boolean;
  readonly epoch: number;
  readonly health: string;
  readonly calls: number;
}

/** One moment of the demo. */
export interface Moment {
  readonly nodes: readonly NodeView[];
  /** The checkpoint, in a few words. */
  readonly checkpoint: string;
  /** Who has the provider's trunk, in a few words. */
  readonly trunk: string;
  readonly phones: number;
  /** Calls that are up, that were placed so far, and that were cut. */
  readonly calls: { readonly up: number; readonly placed: number; readonly cut: number };
  /** The last seconds as the asking telephone saw them, oldest first. */
  readonly cells: readonly Cell[];
}

/** What the demo plays with: the lab, or the simulator. */
export interface DemoWorld {
  readonly title: string;
  readonly look: () => Promise<Moment>;
  readonly cutPower: () => Promise<Result<void>>;
  readonly givePower: () => Promise<Result<void>>;
  readonly failback: () => Promise<Result<void>>;
  /** The main could take service back now. */
  readonly isReady: (who: Role) => Promise<boolean>;
  readonly serving: () => Promise<Role | undefined>;
  /** The longest time without an answer since a moment, in ms; what happened within the last quarter of a second is left out. */
  readonly outageSince: (sinceMs: number) => Promise<number>;
  /** Its clock, in ms. */
  readonly nowMs: () => number;
  readonly close: () => Promise<Result<void>>;
}
