/** One node's body: power, a clock of its own, the kernel gate behind a pipe that can stall, disk, tmpfs, telephony. No decisions. */
import type { GateAction } from '../src/core/effect.ts';
import type { BootMemory, DiskMemory } from '../src/core/memory.ts';
import type { Settings } from '../src/core/settings.ts';
import type { Role } from '../src/core/words.ts';
import { createKernelGate } from './kernel-gate.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

export type Telephony = 'well' | 'crashed' | 'hung';

export interface Machine {
  readonly role: Role;
  readonly settings: Settings;
  up: boolean;
  paused: boolean;
  telephony: Telephony;
  calls: number;
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
  disk: DiskMemory | null;
  /** Monotonic time of this machine, ms; stands still while it is paused. */
  local(): number;
  /** Local time to true time, for what is due while the machine runs. */
  trueTime(local: number): number;
  /** Hands one transaction to the kernel; `done` runs when the kernel has taken it. */
  gate(action: GateAction, done: () => void): void;
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

interface PipeEntry {
  readonly action: GateAction;
  done: (() => void) | null;
}

/** `gateChanged` is called after each transaction and when a ticket's timeout is over. */
export const createMachine = (
  role: Role,
  settings: Settings,
  timeline: Timeline,
  random: Random,
  gateChanged: (machine: Machine, closingByItself: boolean) => void,
): Machine => {
  const ppm = settings.timing.clockPpm * 1e-6;
  const clock = { rate: 1 + random.between(-ppm, ppm), offset: random.between(1e4, 1e6), stoodAt: -1 };
  const kernel = createKernelGate(settings.slots, () => random.next() * settings.timing.gateLagMs);
  let pipe: PipeEntry[] = [];
  let busy = false;
  let boots = 0;
  let timeoutDue = -1;

  const watchTimeout = (): void => {
    const at = kernel.closesAt(m.local());
    if (at < 0 || at === Number.POSITIVE_INFINITY || at === timeoutDue) return;
    timeoutDue = at;
    timeline.at(m.trueTime(at) + 1e-6, () => {
      if (timeoutDue !== at) return;
      timeoutDue = -1;
      if (m.paused) return;
      gateChanged(m, true);
      watchTimeout();
    });
  };
  const pump = (): void => {
    if (busy || m.nftStalled || m.paused || !m.up || pipe.length === 0) return;
    busy = true;
    const boot = boots;
    timeline.after(0.1 + random.next() * 0.3, () => {
      busy = false;
      if (boot !== boots || m.nftStalled || m.paused) return pump();
      const entry = pipe.shift();
      if (entry === undefined) return;
      kernel.apply(entry.action, m.local());
      gateChanged(m, false);
      watchTimeout();
      entry.done?.();
      pump();
    });
  };
  const m: Machine = {
    role,
    settings,
    up: false,
    paused: false,
    telephony: 'well',
    calls: 0,
    networkUp: true,
    nftStalled: false,
    diskSlowMs: 0,
    diskFull: false,
    stepsSlowMs: 0,
    stepsLost: false,
    tmpfs: null,
    disk: null,
    local: () => clock.offset + clock.rate * (clock.stoodAt >= 0 ? clock.stoodAt : timeline.now),
    trueTime: (local) => (local - clock.offset) / clock.rate,
    gate(action, done) {
      pipe.push({ action, done });
      pump();
    },
    orphanPipe() {
      if (random.chance(0.5)) pipe = [];
      for (const entry of pipe) entry.done = null;
    },
    isOpen: () => m.up && !m.paused && kernel.isOpen(m.local()),
    powerOn() {
      m.up = true;
      boots += 1;
    },
    powerOff() {
      m.up = false;
      boots += 1;
      busy = false;
      pipe = [];
      m.tmpfs = null;
      m.telephony = 'well';
      m.nftStalled = false;
      kernel.reset();
      gateChanged(m, false);
    },
    pause() {
      if (m.paused) return;
      m.paused = true;
      clock.stoodAt = timeline.now;
    },
    resume() {
      if (!m.paused) return;
      m.paused = false;
      clock.offset -= clock.rate * (timeline.now - clock.stoodAt);
      clock.stoodAt = -1;
      timeoutDue = -1;
      gateChanged(m, false);
      watchTimeout();
      pump();
    },
    stallNft(stalled) {
      m.nftStalled = stalled;
      pump();
    },
  };
  return m;
};
