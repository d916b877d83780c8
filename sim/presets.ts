import { ETCD } from '../src/core/arbiter/etcd-voter.ts';
import type { Arbiter, Settings, Timing } from '../src/core/settings.ts';
import type { Role, VoterName } from '../src/core/words.ts';

/** Times of the presets `fast` and `quick` (lease.md). */
export const timings: Readonly<Record<'fast' | 'quick' | 'etcd', Timing>> = {
  fast: {
    heartbeatMs: 100,
    promiseMs: 600,
    leaseMs: 560,
    restartMs: 400,
    gateLagMs: 12,
    clockPpm: 500,
    askMs: 80,
    headStartMs: 150,
  },
  quick: {
    heartbeatMs: 40,
    promiseMs: 200,
    leaseMs: 170,
    restartMs: 400,
    gateLagMs: 12,
    clockPpm: 500,
    askMs: 80,
    headStartMs: 150,
  },
  /** Preset `etcd`, scaled to what a run lasts as its cluster's disks are. */
  etcd: {
    heartbeatMs: 100,
    promiseMs: 600,
    leaseMs: 560,
    restartMs: 400,
    gateLagMs: 12,
    clockPpm: 500,
    askMs: 200,
    headStartMs: 150,
  },
};

const checkpointNames: readonly VoterName[] = ['checkpoint-1', 'checkpoint-2', 'checkpoint-3'];

export interface SimSettings {
  readonly timing: Timing;
  /** 0: arbiter `none`. */
  readonly checkpoints: number;
  readonly failback: Settings['failback'];
  readonly whenLost?: 'wait' | 'likely';
  /** Checkpoints that cannot promise, so many of which must not reach the main; instead of votes. */
  readonly need?: number;
  /** One etcd cluster votes instead of checkpoints. */
  readonly etcd?: boolean;
  /** Each node's power has a device. */
  readonly fenced?: boolean;
  /** A node that hears nobody waits no longer. */
  readonly isHasty?: boolean;
}

const arbiterOf = ({ checkpoints, etcd = false, whenLost = 'wait' }: SimSettings): Arbiter => {
  const lost = { whenLost, lostAfterMs: 2000 };
  if (etcd) return { kind: 'etcd', voters: [ETCD], ...lost };
  return checkpoints === 0
    ? { kind: 'none' }
    : { kind: 'checkpoints', voters: checkpointNames.slice(0, checkpoints), ...lost };
};

/** Preset `remsys`, its minute scaled to what a run lasts. */
const looks = { kind: 'looks', badLooks: 5, lookMs: 300 } as const;

export const settingsFor =
  (sim: SimSettings) =>
  (role: Role): Settings => ({
    role,
    timing: sim.timing,
    arbiter: arbiterOf(sim),
    watch: sim.need === undefined ? { kind: 'lease' } : { ...looks, need: sim.need },
    onIsolation: 'stop',
    telephony: 'warm',
    loneWaitMs: sim.need === undefined && sim.fenced !== true && sim.isHasty !== true ? 2000 : 300,
    restartStep: 'telephony',
    health: { badLooks: 3, goodLooks: 2 },
    unfit: { policy: 'takeover', restartWaitMs: 1000, lastResortMs: 1000 },
    failback: sim.failback,
    flapping: { maxSwitches: 1000, windowMs: 3_600_000 },
    plan: [
      { id: 'virtual-ip', timeoutMs: 2000, onFailure: 'continue' },
      { id: 'telephony', timeoutMs: 10_000, onFailure: 'continue' },
    ],
    fencing: sim.fenced === true ? { timeoutMs: 900, retryMs: 250, standbyDelayMs: 300, unheardMs: 150 } : null,
    slots: 8,
  });
