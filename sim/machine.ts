/** One node's body: power, a clock of its own, the kernel gate behind a pipe that can stall, disk, tmpfs, telephony. No decisions. */
import type { GateAction } from '../src/core/effect.ts';
import type { BootMemory, DiskMemory } from '../src/core/memory.ts';
import type { Settings } from '../src/core/settings.ts';
import type { Role } from '../src/core/words.ts';
import { createGatePipe } from './gate-pipe.ts';
import { createKernelGate, type KernelGate } from './kernel-gate.ts';
import { createLocalClock } from './local-clock.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

export type Telephony = 'well' | 'crashed' | 'hung';

export interface Machine {
  readonly role: Role;
  readonly settings: Settings;
  up: boolean;
  paused: boolean;
  /** How long it has stood still in all, true time. */
  stoodMs: number;
  telephony: Telephony;
  calls: number;
  /** What callers left here is at home at the main. */
  returnReady: boolean;
  /** Since when, true time. */
  returnSince: number;
  /** The machine's own network targets (link, gateway) answer it. */
  networkUp: boolean;
  nftStalled: boolean;
  diskSlowMs: number;
  diskFull: boolean;
  /** Results of steps come late, or never. */
  stepsSlowMs: number;
  stepsLost: boolean;
  /** Kept over the agent's death, lost with the power. */
  tmpfs: BootMemory | null;
  /** What the disk should hold, kept on tmpfs too: a full disk and a restarted agent together forget nothing. */
  diskOnTmpfs: DiskMemory | null;
  disk: DiskMemory | null;
  /** Monotonic time of this machine, ms; stands still while it is paused. */
  local(): number;
  /** Local time to true time, for what is due while the machine runs. */
  trueTime(local: number): number;
  /** Hands one transaction to the kernel; `done` runs when the kernel has taken it. */
  gate(action: GateAction, done: () => void): void;
  /** The kernel has taken it, whoever gave it. */
  gateTakes(action: GateAction): void;
  /** The agent and its `nft` died: what was in the pipe is executed still, or not; nobody hears of it. */
  orphanPipe(): void;
  /** Packets of the gated ports pass. */
  isOpen(): boolean;
  powerOn(): void;
  powerOff(): void;
  pause(): void;
  resume(): void;
  stallNft(stalled: boolean): void;
}

/** `gateChanged` is called after each transaction and when a ticket's timeout is over. */
type GateChanged = (machine: Machine, closingByItself: boolean) => void;

/** Wakes when the gate closes by itself. */
const createTimeoutWatch = (self: () => Machine, kernel: KernelGate, timeline: Timeline, gateChanged: GateChanged) => {
  let due = -1;
  const watch = (): void => {
    const m = self();
    const at = kernel.closesAt(m.local());
    if (at < 0 || at === Number.POSITIVE_INFINITY || at === due) return;
    due = at;
    timeline.at(m.trueTime(at) + 1e-6, () => {
      if (due !== at) return;
      due = -1;
      if (m.paused) return;
      gateChanged(m, true);
      watch();
    });
  };
  const forget = (): void => {
    due = -1;
  };
  return { watch, forget };
};

const freshBody = () => ({
  up: false,
  paused: false,
  stoodMs: 0,
  telephony: 'well' as Telephony,
  calls: 0,
  returnReady: true,
  returnSince: Number.NEGATIVE_INFINITY,
  networkUp: true,
  nftStalled: false,
  diskSlowMs: 0,
  diskFull: false,
  stepsSlowMs: 0,
  stepsLost: false,
  tmpfs: null,
  diskOnTmpfs: null,
  disk: null,
});

export const createMachine = (
  role: Role,
  settings: Settings,
  timeline: Timeline,
  random: Random,
  gateChanged: GateChanged,
): Machine => {
  const clock = createLocalClock(timeline, random, settings.timing.clockPpm);
  const kernel = createKernelGate(settings.slots, () => random.next() * settings.timing.gateLagMs);
  const timeouts = createTimeoutWatch(() => m, kernel, timeline, gateChanged);
  const stands = (): boolean => m.nftStalled || m.paused || !m.up;
  let pausedAt = 0;
  const take = (action: GateAction): void => {
    kernel.apply(action, clock.local());
    gateChanged(m, false);
    timeouts.watch();
  };
  const pipe = createGatePipe(timeline, random, stands, take);
  const m: Machine = {
    role,
    settings,
    ...freshBody(),
    local: clock.local,
    trueTime: clock.trueTime,
    gate: pipe.push,
    gateTakes: take,
    orphanPipe: pipe.orphan,
    isOpen: () => m.up && !m.paused && kernel.isOpen(clock.local()),
    powerOn() {
      m.up = true;
    },
    powerOff() {
      pipe.clear();
      kernel.reset();
      Object.assign(m, { up: false, tmpfs: null, diskOnTmpfs: null, telephony: 'well', nftStalled: false });
      gateChanged(m, false);
    },
    pause() {
      if (m.paused) return;
      m.paused = true;
      pausedAt = timeline.now;
      clock.stand();
    },
    resume() {
      if (!m.paused) return;
      m.paused = false;
      m.stoodMs += timeline.now - pausedAt;
      clock.goOn();
      timeouts.forget();
      gateChanged(m, false);
      timeouts.watch();
      pipe.pump();
    },
    stallNft(stalled) {
      m.nftStalled = stalled;
      pipe.pump();
    },
  };
  return m;
};
