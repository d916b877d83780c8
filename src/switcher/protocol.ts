/** What the agent and the process that switches other machines say to each other: one JSON object a line. */
import type { Epoch, WallTime } from '../core/words.ts';

/** How this node stands, as far as other machines must follow. */
export interface Service {
  /** It serves, and callers may be sent to it: Asterisk runs and the address is here. */
  readonly active: boolean;
  /** Of its present term; 0 where it is not active. */
  readonly epoch: Epoch;
  /** The highest term that the other node has asked for since this agent started; 0: none. */
  readonly others: Epoch;
}

/** One machine outside the pair. */
export interface SwitchView {
  /** `edge`, `contact-centre`, `berofos NAME`. */
  readonly name: string;
  /** `waiting`: nothing is to be done as long as this node is what it is. */
  readonly state: 'waiting' | 'trying' | 'done';
  /** Of the direction that is tried or done. */
  readonly direction: 'activate' | 'passivate' | null;
  readonly since: WallTime;
  /** Failed tries of this direction so far. */
  readonly failed: number;
  /** Why the last try failed; null while none has. */
  readonly trouble: string | null;
  /** The next step of a person who reads the trouble. */
  readonly remedy: string | null;
}

/** For the journal. */
export interface SwitchNote {
  readonly name: string;
  readonly direction: 'activate' | 'passivate';
  readonly outcome: 'done' | 'failed' | 'mended';
  readonly code: string;
  readonly text: string;
}

export type ToSwitcher = { readonly type: 'service'; readonly service: Service };

export type FromSwitcher =
  | { readonly type: 'status'; readonly switches: readonly SwitchView[] }
  | { readonly type: 'note'; readonly note: SwitchNote }
  | {
      readonly type: 'say';
      readonly level: 'info' | 'warning' | 'alarm';
      readonly code: string;
      readonly text: string;
    };
