import type { Message } from './message.ts';
import type { Epoch, Instant, Millis, VoterName } from './words.ts';

/** One transaction on the kernel gate. Each is answered by a `gate` event with its `op`, in order. */
export type GateAction =
  /** Empty the slot's grant and put a ticket with timeout `ms` into it; the kernel's clock runs from now. */
  | { readonly type: 'arm'; readonly slot: number; readonly ms: Millis }
  /** The ticket in the slot is granted: packets pass until its timeout. */
  | { readonly type: 'grant'; readonly slot: number }
  | { readonly type: 'close' }
  /** Open without a timeout (manual mode, or `onIsolation: serve`). */
  | { readonly type: 'hold-open' };

export type StepDirection = 'activate' | 'passivate' | 'restart';

export type FenceAction = 'off' | 'status';

export type Effect =
  | { readonly kind: 'send'; readonly to: VoterName; readonly message: Message }
  | { readonly kind: 'gate'; readonly op: number; readonly action: GateAction }
  /** Answered by a `step` event with its `op`. The runner refuses an older epoch than it has seen and what is past `expiresAt`. */
  | {
      readonly kind: 'step';
      readonly op: number;
      readonly stepId: string;
      readonly direction: StepDirection;
      readonly epoch: Epoch;
      readonly expiresAt: Instant;
    }
  /**
   * Make sure of the other node's power: turn it `off`, or read its `status` only. Answered by a `fence` event with its `op`. No device is
   * asked to turn off past `expiresAt`.
   */
  | {
      readonly kind: 'fence';
      readonly op: number;
      readonly action: FenceAction;
      readonly epoch: Epoch;
      readonly expiresAt: Instant;
    }
  /** The other node is heard again: what has not been done of that request is left. */
  | { readonly kind: 'fence-end'; readonly op: number }
  /** The right was renewed: refresh what the kernel holds for a limited time (the virtual IP). */
  | { readonly kind: 'keep'; readonly until: Instant }
  | {
      readonly kind: 'notify';
      readonly level: 'info' | 'warning' | 'alarm';
      readonly code: string;
      readonly text: string;
    }
  /** The answer to the command with this id. */
  | {
      readonly kind: 'reply';
      readonly id: string;
      readonly ok: boolean;
      readonly code: string;
      readonly text: string;
      readonly remedy: string;
    };
