import type { BootMemory, DiskMemory } from './memory.ts';
import type { Message } from './message.ts';
import type { Epoch, Instant, Millis, Mode, VoterName, WallTime } from './words.ts';

/** One probe's answer. `silent` says that nothing came back, which may be the asker's own fault; `failed` is evidence. */
export interface Sample {
  readonly probe: string;
  readonly outcome: 'ok' | 'failed' | 'silent';
  /**
   * What the sample speaks of: `telephony` of this node (decides fit or unfit), `optional` parts (at worst degraded),
   * this node's own `network` (link, gateway), the `rival` as seen from here, or the `main` as a checkpoint sees it.
   */
  readonly about: 'telephony' | 'optional' | 'network' | 'rival' | 'main';
  /** The telephony is gone for certain (process dead, port refused): no hysteresis. */
  readonly crashed: boolean;
  readonly reason: string;
}

/** All samples of a moment. */
export interface Look {
  readonly samples: readonly Sample[];
  /** Calls in progress on this node, -1 when not known. */
  readonly calls: number;
  /** How old that count is; absent: of this moment. */
  readonly callsAgoMs?: Millis;
}

export type Command =
  | { readonly name: 'start'; readonly confirmed: boolean }
  | { readonly name: 'stop' }
  | { readonly name: 'takeover'; readonly confirmed: boolean }
  | { readonly name: 'switchover'; readonly whenIdle: boolean; readonly maxWaitMs: Millis }
  | { readonly name: 'failback'; readonly whenIdle: boolean; readonly maxWaitMs: Millis }
  | { readonly name: 'mode'; readonly mode: Mode }
  | { readonly name: 'maintenance-on'; readonly forMs: Millis; readonly reason: string }
  | { readonly name: 'maintenance-off' }
  | { readonly name: 'acknowledge' };

export type FenceOutcome = 'off' | 'on' | 'failed' | 'unknown';

export type Event =
  /** The process began. `boot` is null after a boot or where the tmpfs file is missing or odd; `disk` null on the first start ever. */
  | {
      readonly kind: 'started';
      readonly at: Instant;
      readonly wall: WallTime;
      readonly boot: BootMemory | null;
      readonly disk: DiskMemory | null;
      /** Seed of the core's chance (random waits). */
      readonly seed: number;
    }
  | { readonly kind: 'wake'; readonly at: Instant }
  /** The process is about to end, most often to begin again at once. */
  | { readonly kind: 'ending'; readonly at: Instant }
  | { readonly kind: 'look'; readonly at: Instant; readonly look: Look }
  | { readonly kind: 'message'; readonly at: Instant; readonly from: VoterName; readonly message: Message }
  /** The kernel's answer to the gate effect with this `op`. */
  | { readonly kind: 'gate'; readonly at: Instant; readonly op: number; readonly ok: boolean }
  | {
      readonly kind: 'step';
      readonly at: Instant;
      readonly op: number;
      readonly outcome: 'done' | 'failed' | 'unknown';
      readonly detail: string;
    }
  /** A person's word, valid until `expiresAt`, for the epoch that the person saw (null: any). */
  | {
      readonly kind: 'command';
      readonly at: Instant;
      readonly id: string;
      readonly by: string;
      readonly expiresAt: Instant;
      readonly epoch: Epoch | null;
      readonly command: Command;
    }
  /** Whether the main, if it served now, would have all that was left on the standby: `why` it has not. */
  | { readonly kind: 'return'; readonly at: Instant; readonly ready: boolean; readonly why: string }
  /**
   * What the devices say of the other node's power, to the fence effect with this `op`. `off`: read back by itself, and off. `on`: read only.
   * `failed`: it is not off, or a device refused. `unknown`: no device answered in time.
   */
  | {
      readonly kind: 'fence';
      readonly at: Instant;
      readonly op: number;
      readonly outcome: FenceOutcome;
      readonly detail: string;
    }
  /** Monotonic and wall or boot clock disagree by `jumpMs`: the machine may have been paused, or a clock was set. */
  | { readonly kind: 'clock-jump'; readonly at: Instant; readonly jumpMs: Millis; readonly paused: boolean };
