import type { Fault } from '../../src/core/result.ts';
import type { Server } from './follow.ts';
import type { OutageReport } from './outage.ts';
import type { ProbePlan } from './prober.ts';
import type { RingPlan } from './ring-prober.ts';
import type { VoiceReport } from './voice.ts';

/** What is noted with its moment. A registration counts once, however many packets it takes. */
export const noteKinds = [
  'registration-begun',
  'registration-granted',
  'registration-failed',
  'asked-options',
  'rang',
  'answered',
  'call-placed',
  'call-refused',
  'call-ended-by-us',
  'call-ended-by-other',
] as const;
export type NoteKind = (typeof noteKinds)[number];
export type Counts = Readonly<Record<NoteKind, number>>;

export interface AccountPlan {
  readonly user: string;
  readonly password: string;
}

/** What a telephone does when it is called: ring until the caller gives up, or answer after a while. */
export type Answering =
  | { readonly kind: 'ring' }
  | { readonly kind: 'answer'; readonly afterMs: number; readonly voice: boolean };

export interface OpenPlan {
  readonly localAddress: string;
  /** Where everything is sent: the virtual IP, or a name that is followed. */
  readonly server: Server;
  /** The host part of all addresses; default: the server's name or address. */
  readonly domain?: string;
  readonly accounts: readonly AccountPlan[];
  /** How many telephones share one UDP port; default 100. */
  readonly phonesPerPort?: number;
  /** How long a telephone rings if nobody cancels; default 5000. */
  readonly ringForMs?: number;
}

export interface RegisterPlan {
  /** How many telephones begin in a second; default 200. */
  readonly ratePerS?: number;
  /** What they ask for; default 3600. They refresh after nine tenths of what they are granted. */
  readonly expiresS?: number;
  /** How long one registration may take before it is tried again; default 8000. */
  readonly timeoutMs?: number;
}

export interface RegisterReport {
  readonly registered: number;
  readonly failed: readonly { readonly user: string; readonly error: Fault }[];
  readonly tookMs: number;
}

export interface CallPlan {
  readonly from: string;
  /** A user or an extension. */
  readonly to: string;
  readonly voice: boolean;
  /** How long it may ring; default 5000. */
  readonly timeoutMs?: number;
}

export interface LegReport {
  readonly callId: string;
  readonly user: string;
  readonly direction: 'placed' | 'taken';
  readonly beganMs: number;
  readonly endedMs: number | undefined;
  readonly endedBy: 'us' | 'other' | undefined;
  readonly voice: VoiceReport | undefined;
}

export interface Span {
  readonly sinceMs: number;
  /** Default: now. */
  readonly untilMs?: number;
}

type Named = { readonly name: string };

/** The commands of `main.ts`. */
export interface PhonesCommands {
  readonly open: { readonly args: OpenPlan; readonly value: { readonly phones: number; readonly ports: number } };
  readonly register: { readonly args: RegisterPlan; readonly value: RegisterReport };
  readonly unregister: { readonly args: null; readonly value: RegisterReport };
  readonly answering: {
    /** Default: all of them. */
    readonly args: { readonly users?: readonly string[]; readonly answering: Answering };
    readonly value: null;
  };
  readonly call: {
    readonly args: CallPlan;
    readonly value: { readonly callId: string; readonly answeredAfterMs: number };
  };
  readonly hangUp: { readonly args: { readonly callId: string }; readonly value: null };
  readonly hangUpAll: { readonly args: null; readonly value: { readonly ended: number; readonly failed: number } };
  /** What a telephone's message lamp was told last: `1/0 by NAME`, new and old, and the User-Agent that said so; null: nothing. */
  readonly lamp: { readonly args: { readonly user: string }; readonly value: string | null };
  readonly legs: { readonly args: null; readonly value: readonly LegReport[] };
  readonly counts: { readonly args: Span; readonly value: Counts };
  readonly probeStart: { readonly args: ProbePlan; readonly value: null };
  readonly probeReport: { readonly args: Named & Span; readonly value: OutageReport };
  readonly probeStop: { readonly args: Named; readonly value: null };
  readonly ringStart: { readonly args: RingPlan; readonly value: null };
  readonly ringReport: { readonly args: Named & Span; readonly value: OutageReport };
  readonly ringStop: { readonly args: Named; readonly value: null };
  readonly cost: {
    readonly args: null;
    readonly value: { readonly cpuMs: number; readonly residentMb: number; readonly nowMs: number };
  };
}

/** Lines that answer no command. */
export type PhonesEvent =
  | { readonly event: 'rang'; readonly user: string; readonly atMs: number }
  | {
      readonly event: 'call-ended';
      readonly callId: string;
      readonly user: string;
      readonly by: 'us' | 'other';
      readonly atMs: number;
    };
