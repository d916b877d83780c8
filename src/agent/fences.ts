/** The devices that turn the other node off, as the core has them: one order at a time, bounded, ended when it is heard again. */
import type { Config } from '../config/config.ts';
import type { Effect } from '../core/effect.ts';
import type { FenceOutcome } from '../core/event.ts';
import { messageOf } from '../core/result.ts';
import type { AskDevice } from '../fencing/device.ts';
import { type FenceResult, type Level, readByLevels, turnOffByLevels } from '../fencing/levels.ts';
import type { Clock } from '../ports.ts';

export type FenceOrder = Extract<Effect, { kind: 'fence' }>;

export interface FenceListeners {
  /** Exactly once for each order, unless it was ended. */
  answer(op: number, outcome: FenceOutcome, detail: string): void;
  note(kind: string, data: unknown): void;
  say(level: 'info' | 'warning' | 'alarm', code: string, text: string): void;
}

export interface Fences {
  start(listeners: FenceListeners): void;
  order(order: FenceOrder): void;
  /** What has not been done of it is left; its programs are stopped. */
  end(op: number): void;
  stop(): Promise<void>;
}

type FencingConfig = NonNullable<Config['fencing']>;

/** Long enough for a slow server's supply to be told. */
const ON_MS = 120_000;

const turnOn = async ({ devices }: Level, ask: AskDevice, listeners: FenceListeners): Promise<void> => {
  for (const device of devices) {
    const told = await ask.turn(device, 'on', AbortSignal.timeout(ON_MS));
    listeners.note('fence', { device: device.name, action: 'on', done: told.ok });
    if (!told.ok)
      listeners.say(
        'alarm',
        'fence-not-on-again',
        `The other node was turned off and not on again: ${told.error.message}`,
      );
  }
};

const carryOut = (order: FenceOrder, { levels }: FencingConfig, ask: AskDevice, clock: Clock, signal: AbortSignal) => {
  const desk = { ask, now: clock.now, expiresAt: order.expiresAt, signal };
  return order.action === 'off' ? turnOffByLevels(levels, desk) : readByLevels(levels, desk);
};

/** Null where no device is configured. */
export const createFences = ({ fencing }: Pick<Config, 'fencing'>, ask: AskDevice, clock: Clock): Fences | null => {
  if (fencing === null) return null;
  const underWay = new Map<number, AbortController>();
  const running = new Set<Promise<void>>();
  let listeners: FenceListeners | null = null;
  const answer = (order: FenceOrder, { outcome, detail }: FenceResult, isEnded: boolean): void => {
    listeners?.note('fence', { action: order.action, outcome, detail, ...(isEnded ? { ended: true } : {}) });
    if (!isEnded) listeners?.answer(order.op, outcome, detail);
  };
  const work = async (order: FenceOrder, calledOff: AbortController): Promise<void> => {
    const cancel = clock.at(order.expiresAt, () => calledOff.abort());
    const result = await carryOut(order, fencing, ask, clock, calledOff.signal);
    cancel();
    const isEnded = underWay.get(order.op) !== calledOff;
    underWay.delete(order.op);
    answer(order, result, isEnded);
    // One that was called off may have been turned off all the same, in the moment in which it was heard again.
    const level = result.level ?? (isEnded ? (fencing.levels[0] ?? null) : null);
    if (order.action === 'off' && fencing.afterOff === 'power-on' && level !== null && listeners !== null)
      await turnOn(level, ask, listeners);
  };
  return {
    start: (told) => {
      listeners = told;
    },
    order: (order) => {
      const calledOff = new AbortController();
      underWay.set(order.op, calledOff);
      const doing = work(order, calledOff).catch((error: unknown) => {
        underWay.delete(order.op);
        listeners?.answer(order.op, 'failed', `its program broke: ${messageOf(error)}`);
      });
      running.add(doing);
      void doing.finally(() => running.delete(doing));
    },
    end: (op) => {
      const calledOff = underWay.get(op);
      underWay.delete(op);
      calledOff?.abort();
    },
    stop: async () => {
      for (const [op, calledOff] of underWay) {
        underWay.delete(op);
        calledOff.abort();
      }
      listeners = null;
      await Promise.all(running);
    },
  };
};
