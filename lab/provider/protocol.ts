import type { Target } from '../../src/sip/transactions.ts';
import type { OutageReport } from '../phones/outage.ts';
import type { AccountPlan, LegReport, Span } from '../phones/protocol.ts';
import type { RingPlan } from '../phones/ring-prober.ts';

export interface ProviderPlan {
  readonly localAddress: string;
  /** Default 5060. */
  readonly localPort?: number;
  /** The trunk's login. */
  readonly account: AccountPlan;
  /** What is granted at most, in seconds; default 3600. */
  readonly expiresMaxS?: number;
  /** What becomes of a second registrant while the first holds: it takes the place (default), or is refused with 403. */
  readonly whenTaken?: 'replace' | 'refuse';
  /** What the outside world does when it is called; default: answers after 50 ms, with a voice. */
  readonly answering?: { readonly afterMs: number; readonly voice: boolean };
}

/** One request that reached the provider. A repetition of the same packet is not noted again, but counted in `packetsBySource`. */
export interface Note {
  readonly atMs: number;
  readonly source: Target;
  readonly method: string;
  readonly callId: string;
  /** Which program sent it, as its User-Agent header says: the lab gives each node a name there. */
  readonly by: string;
  readonly contact: string | undefined;
  /** `challenged`, `accepted`, `replaced` (accepted in place of another), `refused`, `removed`, `answered`. */
  readonly outcome: string;
}

/** Another registrant than before was accepted: a Call-ID is one registrant's. One for each change of service is as it should be. */
export interface RegistrantChange {
  readonly atMs: number;
  readonly from: { readonly callId: string; readonly by: string; readonly lastMs: number };
  readonly to: { readonly callId: string; readonly by: string };
}

export interface Evidence {
  readonly notes: readonly Note[];
  /** Packets of any kind, answers to our own requests and garbage too, by sender's address. */
  readonly packetsBySource: Readonly<Record<string, number>>;
  readonly registrationsAccepted: number;
  readonly registrationsRefused: number;
  readonly changes: readonly RegistrantChange[];
  readonly current:
    | { readonly contact: string; readonly callId: string; readonly by: string; readonly untilMs: number }
    | undefined;
}

export interface InboundPlan {
  /** The number dialled, an extension of the PBX. */
  readonly to: string;
  readonly voice: boolean;
  /** How long it may ring; default 5000. */
  readonly timeoutMs?: number;
}

type Named = { readonly name: string };

/** The commands of `main.ts`. */
export interface ProviderCommands {
  readonly open: { readonly args: ProviderPlan; readonly value: { readonly port: number } };
  readonly evidence: { readonly args: Span; readonly value: Evidence };
  /** Settles at the next accepted REGISTER, or at once if a registration holds. Fault `lab-timeout`. */
  readonly registered: {
    readonly args: { readonly timeoutMs: number };
    readonly value: { readonly contact: string; readonly atMs: number };
  };
  /** Calls the PBX from outside, at the registered contact. */
  readonly call: {
    readonly args: InboundPlan;
    readonly value: { readonly callId: string; readonly answeredAfterMs: number };
  };
  readonly hangUp: { readonly args: { readonly callId: string }; readonly value: null };
  readonly legs: { readonly args: null; readonly value: readonly LegReport[] };
  /** Calls without pause until it rings, as the telephones' ring prober does, but from outside. */
  readonly ringStart: {
    readonly args: Omit<RingPlan, 'from'>;
    readonly value: null;
  };
  readonly ringReport: { readonly args: Named & Span; readonly value: OutageReport };
  readonly ringStop: { readonly args: Named; readonly value: null };
}
