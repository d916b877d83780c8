/** A checkpoint in the simulator: the real voter of the core on a machine of its own. */
import { type CheckpointState, decideCheckpoint, startCheckpoint } from '../src/core/arbiter/checkpoint.ts';
import type { BootMemory, DiskMemory } from '../src/core/memory.ts';
import type { Message } from '../src/core/message.ts';
import type { Timing } from '../src/core/settings.ts';
import type { Role, VoterName } from '../src/core/words.ts';
import { createLocalClock } from './local-clock.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

export interface CheckpointProcess {
  readonly name: VoterName;
  status: 'running' | 'frozen' | 'dead';
  /** Its memory on tmpfs, for the checkers. */
  tmpfs: BootMemory | null;
  local(): number;
  trueTime(local: number): number;
  start(): void;
  kill(): void;
  /** Power loss: tmpfs is gone too. */
  lose(): void;
  freeze(): void;
  thaw(): void;
  receive(from: Role, message: Message): void;
}

export const createCheckpointProcess = (
  name: VoterName,
  timing: Timing,
  timeline: Timeline,
  random: Random,
  send: (to: Role, message: Message) => void,
  kept: () => void,
): CheckpointProcess => {
  const { local, trueTime } = createLocalClock(timeline, random, timing.clockPpm);
  let disk: DiskMemory | null = null;
  let state: CheckpointState | null = null;
  let backlog: { readonly from: Role; readonly message: Message }[] = [];
  const handle = (from: Role, message: Message): void => {
    if (state === null) return;
    const decision = decideCheckpoint(state, from, message, c.local(), timing);
    state = decision.state;
    c.tmpfs = state.boot;
    disk = state.disk;
    kept();
    for (const { to, message: answer } of decision.sends) send(to, answer);
  };
  const c: CheckpointProcess = {
    name,
    status: 'dead',
    tmpfs: null,
    local,
    trueTime,
    start() {
      if (c.status !== 'dead') return;
      c.status = 'running';
      state = startCheckpoint(c.tmpfs, disk, c.local(), timing);
      c.tmpfs = state.boot;
    },
    kill() {
      c.status = 'dead';
      state = null;
      backlog = [];
    },
    lose() {
      c.kill();
      c.tmpfs = null;
    },
    freeze() {
      if (c.status === 'running') c.status = 'frozen';
    },
    thaw() {
      if (c.status !== 'frozen') return;
      c.status = 'running';
      const waiting = backlog;
      backlog = [];
      for (const { from, message } of waiting) handle(from, message);
    },
    receive(from, message) {
      if (c.status === 'running') handle(from, message);
      else if (c.status === 'frozen' && backlog.length < 400) backlog.push({ from, message });
    },
  };
  return c;
};
