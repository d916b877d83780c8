import type { Span } from '../phones/protocol.ts';
import type { Interval } from './serving.ts';

export interface WitnessPlan {
  readonly localAddress: string;
  /** Where telephony is reached: the virtual IP. Which node hears the question is the kernel's neighbour table's matter. */
  readonly server: string;
  /** An extension that the PBX knows; it slows down strangers. */
  readonly user: string;
  /** Default 10. */
  readonly intervalMs?: number;
}

export interface Testimony {
  readonly asked: number;
  readonly answers: number;
  /** When the node answered; answers not more than two and a half periods apart are one interval. */
  readonly served: readonly Interval[];
  readonly lastMs: number | undefined;
}

/** The commands of `main.ts`. */
export interface WitnessCommands {
  readonly start: { readonly args: WitnessPlan; readonly value: null };
  readonly report: { readonly args: Span; readonly value: Testimony };
}
