import type { Millis, Role, VoterName } from './words.ts';

/** Times of the lease (lease.md). */
export interface Timing {
  /** `h`: a holder renews, and a passive node says hello, this often. */
  readonly heartbeatMs: Millis;
  /** `P`: a voter's promise, from its receipt of the request. */
  readonly promiseMs: Millis;
  /** `D`: the holder's lease, from before its request was sent. */
  readonly leaseMs: Millis;
  /** `R`: by this much both are longer for a holder whose agent is about to restart. */
  readonly restartMs: Millis;
  /** `g`: how late the kernel may notice that a timeout is over. */
  readonly gateLagMs: Millis;
  /** `ρ`: how far a clock may be off its rate, parts per million. */
  readonly clockPpm: number;
  /** A request that has not won within this time is withdrawn. */
  readonly askMs: Millis;
  /** The standby that hears a well main gives it this long to go first, counted from when the main may have listened enough. */
  readonly headStartMs: Millis;
}

/** What a voter must know of them. */
export type Promises = Pick<Timing, 'promiseMs' | 'restartMs'>;

/** The longest promise that a voter gives. */
export const longestPromiseMs = ({ promiseMs, restartMs }: Promises): Millis => promiseMs + restartMs;

/** A step of a plan as the core knows it; what it does is the adapter's. */
export interface Step {
  readonly id: string;
  readonly timeoutMs: Millis;
  /** What the plan does when the step fails: go on (and try again later), or stop there. */
  readonly onFailure: 'continue' | 'stop';
}

/** How the standby watches the main: by the lease, or by looks as the originals did. */
export type Watch =
  | { readonly kind: 'lease' }
  | {
      readonly kind: 'looks';
      /** How many bad looks in a row before a takeover (classic 1, blog2012 2, remsys 5). */
      readonly badLooks: number;
      /** How often a look is due; also how long an agent's silence makes a look bad. */
      readonly lookMs: Millis;
      /** Both nodes ask checkpoints that cannot promise (NRPE): so many must not reach the main. Absent: the standby pings. */
      readonly need?: number;
    };

export type Arbiter =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'checkpoints';
      /** Dualtone voters besides the two nodes. */
      readonly voters: readonly VoterName[];
      readonly whenLost: 'wait' | 'likely';
      /** With `likely`: after this long without an answer the nodes agree to leave the lost one out. */
      readonly lostAfterMs: Millis;
    }
  | {
      /** One voter, whose memory is a value in an etcd cluster. */
      readonly kind: 'etcd';
      readonly voters: readonly VoterName[];
      readonly whenLost: 'wait' | 'likely';
      readonly lostAfterMs: Millis;
    };

export interface Failback {
  readonly policy: 'auto' | 'when-idle' | 'manual';
  /** The main must have been well for this long. */
  readonly holdMs: Millis;
  /** With `when-idle`: go back after this long at the latest, calls or not. */
  readonly maxWaitMs: Millis;
}

export interface HealthRules {
  /** Bad looks in a row before `down`. */
  readonly badLooks: number;
  /** Good looks in a row before `up` again. */
  readonly goodLooks: number;
}

export interface UnfitRules {
  readonly policy: 'takeover' | 'restart-first';
  /** With `restart-first`: how long the restarted telephony has to become well. */
  readonly restartWaitMs: Millis;
  /** How long an unfit node waits, with nobody serving and no fit rival, before it serves as well as it can. */
  readonly lastResortMs: Millis;
}

/** Only automatic failback is capped: an unfit node always hands over to a fit one, and a silent main is always taken over (ADR 0004). */
export interface FlappingRules {
  readonly maxSwitches: number;
  readonly windowMs: Millis;
}

/** A device turns the other node's power off: where silence alone would decide, and never instead of the lease (ADR 0048). */
export interface Fencing {
  /** The longest that one request may take, all devices together; then its outcome is unknown. */
  readonly timeoutMs: Millis;
  /** So long after one that failed, the next. */
  readonly retryMs: Millis;
  /** Where neither node served by its last word, the standby asks so much later, so that the two do not turn each other off. */
  readonly standbyDelayMs: Millis;
  /** After a takeover by votes, a node that stays unheard for so long is turned off, since it may stand still; null: it is left alone. */
  readonly unheardMs: Millis | null;
}

/** What the core needs to know of a node's configuration. */
export interface Settings {
  readonly role: Role;
  readonly timing: Timing;
  readonly arbiter: Arbiter;
  readonly watch: Watch;
  /** What a node that serves does when its lease runs out: stop (default), or go on at the risk of two. */
  readonly onIsolation: 'stop' | 'serve';
  /** `warm`: the passive node's telephony runs and is mute. `cold`: the plan starts it. */
  readonly telephony: 'warm' | 'cold';
  /** Under arbiter `none`: how long a node that starts and hears nobody listens before it serves. */
  readonly loneWaitMs: Millis;
  /** The step whose `restart` direction restarts telephony in place; null when nothing can. */
  readonly restartStep: string | null;
  readonly health: HealthRules;
  readonly unfit: UnfitRules;
  readonly failback: Failback;
  readonly flapping: FlappingRules;
  /** Null: no device is configured, and silence is believed as before. */
  readonly fencing: Fencing | null;
  /** In the order of activation; passivation runs them backwards. */
  readonly plan: readonly Step[];
  /** Number of ticket slots in the kernel gate; more than leaseMs / heartbeatMs. */
  readonly slots: number;
}
