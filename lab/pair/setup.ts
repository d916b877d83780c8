import type { DataSetup } from '../data/streams.ts';
import type { FencingSetup } from '../fencing/setup.ts';
import type { RemsysSetup } from '../remsys/setup.ts';
import type { XivoSetup } from '../xivo/setup.ts';

/** How the pair of a scenario is configured; what differs from a plain `config` file of a user is in here, and nothing else. */
export interface PairSetup {
  readonly preset: 'fast' | 'quick' | 'etcd';
  /** How many Dualtone checkpoints vote; 0: arbiter `none`, or etcd. */
  readonly checkpoints: number;
  readonly whenLost: 'wait' | 'likely';
  /** With `likely`. */
  readonly lostAfterMs: number;
  readonly telephony: 'warm' | 'cold';
  readonly failback: {
    readonly policy: 'auto' | 'when-idle' | 'manual';
    readonly holdMs: number;
    readonly maxWaitMs: number;
  };
  readonly unfit: { readonly policy: 'takeover' | 'restart-first'; readonly restartWaitMs: number };
  /** Voluntary moves within an hour. */
  readonly maxSwitches: number;
  /** False: nothing but the agents' own good will keeps a node mute. Only to prove that the lab would see it. */
  readonly enforceGate: boolean;
  /** What follows besides AstDB; anything needs PostgreSQL and sshd on the nodes. */
  readonly data: DataSetup;
  /** Null: no XiVO. Anything else needs the topology `xivo`. */
  readonly xivo: XivoSetup | null;
  /** Null: no pair of two sites. Anything else needs the topology `remsys`. */
  readonly remsys: RemsysSetup | null;
  /** Null: nothing turns a node off. Anything else needs a lab with devices. */
  readonly fencing: FencingSetup | null;
  /** The right to serve lies in the lab's cluster; needs one. */
  readonly etcd: boolean;
}

/** The usual pair of the lab. Moves back only when told to, so that a run shows one move, and the next begins where this one did. */
export const usualSetup: PairSetup = {
  preset: 'fast',
  checkpoints: 1,
  whenLost: 'wait',
  lostAfterMs: 60_000,
  telephony: 'warm',
  failback: { policy: 'manual', holdMs: 60_000, maxWaitMs: 1_800_000 },
  unfit: { policy: 'takeover', restartWaitMs: 10_000 },
  maxSwitches: 1000,
  enforceGate: true,
  data: 'none',
  xivo: null,
  remsys: null,
  fencing: null,
  etcd: false,
};

/** Whether two setups need the same files. */
export const sameSetup = (one: PairSetup, other: PairSetup): boolean => JSON.stringify(one) === JSON.stringify(other);
