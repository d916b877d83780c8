import type { Settings, Timing } from '../src/core/settings.ts';
import type { Role, VoterName } from '../src/core/words.ts';

/** Times of the presets `fast` and `quick` (lease.md). */
export const timings: Readonly<Record<'fast' | 'quick', Timing>> = {
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
};

const checkpointNames: readonly VoterName[] = ['checkpoint-1', 'checkpoint-2', 'checkpoint-3'];

export interface SimSettings {
  readonly timing: Timing;
  /** 0: arbiter `none`. */
  readonly checkpoints: number;
  readonly failback: Settings['failback'];
  readonly whenLost?: 'wait' | 'likely';
}

export const settingsFor =
  (sim: SimSettings) =>
  (role: Role): Settings => ({
    role,
    timing: sim.timing,
    arbiter:
      sim.checkpoints === 0
        ? { kind: 'none' }
        : {
            kind: 'checkpoints',
            voters: checkpointNames.slice(0, sim.checkpoints),
            whenLost: sim.whenLost ?? 'wait',
            lostAfterMs: 2000,
          },
    watch: { kind: 'lease' },
    onIsolation: 'stop',
    telephony: 'warm',
    loneWaitMs: 2000,
    restartStep: 'telephony',
    health: { badLooks: 3, goodLooks: 2 },
    unfit: { policy: 'takeover', restartWaitMs: 1000, lastResortMs: 1000 },
    failback: sim.failback,
    flapping: { maxSwitches: 1000, windowMs: 3_600_000 },
    plan: [
      { id: 'virtual-ip', timeoutMs: 2000, onFailure: 'continue' },
      { id: 'telephony', timeoutMs: 10_000, onFailure: 'continue' },
    ],
    slots: 8,
  });
