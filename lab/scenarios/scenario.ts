import type { Role } from '../../src/core/words.ts';
import type { EtcdAct } from '../etcd/acts.ts';
import type { LabFault } from '../faults/fault.ts';
import type { LabNeeds } from '../needs.ts';
import type { PairSetup } from '../pair/setup.ts';

/** Who answers for the virtual IP, as the witnesses see it. */
export type Serving = Role | 'nobody' | 'both';

/** One thing that is done in a scenario. The next begins when it is done. */
export type Deed =
  /** Stays until mended by its name (default: its kind), at the latest after the run. */
  | { readonly do: 'fault'; readonly fault: LabFault; readonly as?: string }
  | { readonly do: 'mend'; readonly name: string }
  /** Boots hosts that are off, all at once. */
  | { readonly do: 'boot'; readonly hosts: readonly string[] }
  /** Runs the command line on a node; another exit code than `exit` (default 0) fails the run; `any`: not judged. */
  | {
      readonly do: 'order';
      readonly on: Role;
      readonly argv: readonly string[];
      readonly exit?: number | 'any';
      readonly inBackground?: boolean;
    }
  | { readonly do: 'systemctl'; readonly on: string; readonly argv: readonly string[] }
  /** Runs a program in a host; an exit code other than 0 fails the run. With `refusal` the program must fail, and say so. */
  | {
      readonly do: 'exec';
      readonly on: string;
      readonly argv: readonly string[];
      readonly input?: string;
      readonly withinMs?: number;
      readonly refusal?: { readonly what: string; readonly says: RegExp };
    }
  /** Runs a program again and again until its output fits; if not within the time, the run fails. A group `tookMs` is what the telephone took. */
  | {
      readonly do: 'expect';
      readonly what: string;
      readonly on: string;
      readonly argv: readonly string[];
      readonly input?: string;
      readonly says: RegExp;
      readonly withinMs: number;
    }
  /** Watches a host for a time: programs that anything in it starts, most of them. More fails the run, with their names. */
  | { readonly do: 'commands'; readonly on: string; readonly forMs: number; readonly most: number }
  /** Waits until the witnesses see this; if not within the time, the run fails. */
  | { readonly do: 'wait'; readonly serving: Serving; readonly withinMs: number }
  | { readonly do: 'pause'; readonly ms: number }
  /** Of the cluster as a whole. */
  | { readonly do: 'etcd'; readonly act: EtcdAct }
  /** A telephone calls, and talks until `hang-up`; a call that ends otherwise is noted. With `takenBy`, that telephone must take it. */
  | { readonly do: 'call'; readonly from: string; readonly to: string; readonly takenBy?: string }
  /** A telephone dials a code: the telephone system answers, and ends the call itself. */
  | { readonly do: 'dial'; readonly from: string; readonly code: string }
  /** A telephone calls, and must be refused with this answer: `486 Busy Here`. */
  | { readonly do: 'refused-call'; readonly from: string; readonly to: string; readonly says: RegExp }
  /** A telephone with a main and a backup registrar begins; it goes on until the run ends. */
  | { readonly do: 'backup-phone' }
  /** Waits until it registers at this node, no longer than `mostMs` after it last did. */
  | { readonly do: 'backup-phone-at'; readonly role: Role; readonly withinMs: number; readonly mostMs: number }
  | { readonly do: 'hang-up' }
  /** So many telephones call at the pace given, and stay in their calls until the run ends. */
  | { readonly do: 'calls'; readonly count: number; readonly aSecond: number }
  /** All telephones register at once, in the background: a run waits for it, and each must be registered in the end. */
  | { readonly do: 'storm'; readonly aSecond: number }
  /** Waits until a telephone's message lamp was told this: `1/0 by NAME`, new and old, and who said so. */
  | { readonly do: 'lamp'; readonly user: string; readonly says: RegExp; readonly withinMs: number };

/** What must be seen for a run to be as it should. Everything left out is told, and not judged. */
export interface Expected {
  /** Who serves at the end of the observed time; `one`: either node. */
  readonly serving: Serving | 'one';
  /** The longest time in which no telephone is answered. */
  readonly outageMsMost: number;
  readonly inboundOutageMsMost?: number;
  /** From the call's first packet to the first ring, of the calls from outside; the median. */
  readonly inboundSetupMsMost?: number;
  /** From the first answer of who serves newly until it has registered the trunk. */
  readonly trunkAfterMsMost?: number;
  /** Of the telephone that asks for SRV. */
  readonly srvOutageMsMost?: number;
  /** Two nodes that answer at once: none, except where the scenario is there to prove that the lab would see it. */
  readonly twoServing: 'none' | 'some';
  /** How often the service goes from one node to the other. */
  readonly moves?: number;
  /** In per cent; default 100 where somebody serves; `any`: not judged. */
  readonly registrationsKept?: number | 'any';
  /** Calls that neither telephone nor scenario ended. */
  readonly callsCut?: number;
  /** In the voice of the scenario's own calls. */
  readonly voicePauseMsMost?: number;
  /** The pair waits for a person's acknowledgement at the end. */
  readonly needsAcknowledgement?: boolean;
}

/** The row of the table of numbers that a series of runs is held against. */
export interface Goal {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Scenario {
  readonly name: string;
  /** One line: what happens, and what should follow. */
  readonly text: string;
  /** What of the pair differs from the usual. */
  readonly setup?: Partial<PairSetup>;
  readonly needs?: LabNeeds;
  /** Done and settled before the observation begins. */
  readonly prepare?: readonly Deed[];
  readonly deeds: readonly Deed[];
  /** How long it is observed after the last deed; default 1000. */
  readonly staysMs?: number;
  /** Calls from outside ring a telephone without pause; default true. They keep the pair from being idle. */
  readonly inbound?: boolean;
  /** A telephone that finds its servers by SRV calls another without pause; between two sites only. */
  readonly srvPhone?: boolean;
  readonly expected: Expected;
  readonly goal?: Goal;
}
