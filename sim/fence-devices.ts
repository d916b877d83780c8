/** The power of each node behind a device that the other one reaches by the network: it can be slow, hang, refuse, or say that it did what it did not. */
import type { Effect } from '../src/core/effect.ts';
import type { FenceOutcome } from '../src/core/event.ts';
import type { Settings } from '../src/core/settings.ts';
import { type Role, rivalOf, type VoterName } from '../src/core/words.ts';
import type { AgentProcess } from './agent-process.ts';
import type { Network } from './network.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

type Order = Extract<Effect, { kind: 'fence' }>;

export interface FenceDevice {
  readonly name: VoterName;
  /** The node whose power it has. */
  readonly role: Role;
  /** `lies`: says that it turned the power off, and does not; its status is true. `says-off`: lies of that too, which no rule mends: in stories only. */
  mood: 'well' | 'hangs' | 'refuses' | 'lies' | 'says-off';
  /** Its work takes so much longer, before it acts and after. */
  slowMs: number;
  /** Its answer is so much longer on its way, and comes in any case. */
  lateMs: number;
  /** Turns the power on again when it has been proved off (`then: power-on`). */
  readonly powersOn: boolean;
}

export interface FenceDevices {
  readonly all: readonly FenceDevice[];
  /** `role` wants the other's power off, or its status; answers once, unless the asker is cut off from the device or it hangs. */
  order(role: Role, order: Order, answer: (outcome: FenceOutcome) => void): void;
  /** What has not been done yet is left. */
  end(role: Role, op: number): void;
}

/** What the devices do to machines. */
export interface Power {
  off(role: Role): void;
  on(role: Role): void;
}

/** As many names in the network as there are devices: a node can be cut off from them like from anybody. */
export const deviceNames = ({ fencing }: Settings): readonly VoterName[] =>
  fencing === null ? [] : ['power-of-main', 'power-of-standby'];

export const createFenceDevices = (
  settings: Settings,
  agents: Readonly<Record<Role, AgentProcess>>,
  power: Power,
  network: Network,
  timeline: Timeline,
  random: Random,
): FenceDevices => {
  const isFenced = settings.fencing !== null;
  const powersOn = isFenced && random.chance(0.5);
  const roles: readonly Role[] = isFenced ? ['main', 'standby'] : [];
  const all = roles.map(
    (role): FenceDevice => ({ name: `power-of-${role}`, role, mood: 'well', slowMs: 0, lateMs: 0, powersOn }),
  );
  const left = new Set<string>();
  const passes = (from: VoterName, to: VoterName): boolean => timeline.now >= network.link(from, to).cutUntil;
  const act = (device: FenceDevice, { action }: Order): FenceOutcome => {
    if (device.mood === 'refuses') return 'failed';
    if (device.mood === 'says-off') return 'off';
    if (action === 'off' && device.mood === 'well') power.off(device.role);
    const isOn = agents[device.role].machine.up;
    if (action === 'off') return isOn ? 'failed' : 'off';
    return isOn ? 'on' : 'off';
  };
  const answered = (device: FenceDevice, outcome: FenceOutcome, order: Order): void => {
    if (!device.powersOn || outcome !== 'off' || order.action !== 'off') return;
    timeline.after(random.between(100, 1500), () => power.on(device.role));
  };
  return {
    all,
    order(role, order, answer) {
      const device = all.find((each) => each.role === rivalOf(role));
      if (device === undefined) return;
      const key = `${role} ${agents[role].state.life} ${order.op}`;
      timeline.after(random.between(10, 90) + random.next() * device.slowMs, () => {
        if (left.has(key) || device.mood === 'hangs' || !passes(role, device.name)) return;
        const outcome = act(device, order);
        const { lateMs } = device;
        timeline.after(random.between(2, 30) + random.next() * device.slowMs + lateMs, () => {
          if (lateMs === 0 && !passes(device.name, role)) return;
          answer(outcome);
          answered(device, outcome, order);
        });
      });
    },
    end(role, op) {
      left.add(`${role} ${agents[role].state.life} ${op}`);
    },
  };
};
