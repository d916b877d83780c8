import { fail, ok } from '../../../core/result.ts';
import type { Clock } from '../../../ports.ts';
import type { BaseListeners, ContactsBase } from '../base.ts';
import type { ContactsMessage, ContactsTransport } from '../message.ts';

/** Time that passes when a test says so; both nodes live by it. */
export const createTime = () => {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly fire: () => void }>();
  const wallAtStart = 1_800_000_000_000;
  const clock: Clock = {
    now: () => now,
    wall: () => wallAtStart + now,
    at: (at, fire) => {
      const timer = { at, fire };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 12; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const pass = async (ms: number): Promise<void> => {
    const until = now + ms;
    await settle();
    for (;;) {
      const [timer] = [...timers].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at);
      if (timer === undefined) break;
      timers.delete(timer);
      now = Math.max(now, timer.at);
      timer.fire();
      await settle();
    }
    now = until;
    await settle();
  };
  return { clock, pass, waiting: () => timers.size };
};

export const row = (name: string, clock: Clock, lifeMs = 600_000): [string, string] => [
  `${name};@x`,
  `{"uri":"sip:${name}@h","expiration_time":"${Math.floor((clock.wall() + lifeMs) / 1_000)}"}`,
];

/** An Asterisk that is a map. */
export const createAsterisk = () => {
  const rows = new Map<string, string>();
  let listeners: BaseListeners | null = null;
  let up = true;
  const reads = { all: 0 };
  const away = fail('contacts-no-asterisk', 'Asterisk is not reached.', '');
  const base: ContactsBase = {
    start: (given) => {
      listeners = given;
      if (up) listeners.onOpen();
    },
    readAll: async () => {
      reads.all += 1;
      return up ? ok(new Map(rows)) : away;
    },
    read: async (key) => (up ? ok(rows.get(key) ?? null) : away),
    apply: async (change) => {
      if (!up) return away;
      for (const key of change.delete) rows.delete(key);
      for (const { key, value } of change.put) rows.set(key, value);
      return ok({ refused: 0 });
    },
    trouble: () => (up ? null : 'down'),
    stop: async () => undefined,
  };
  return {
    base,
    rows,
    reads,
    /** As a phone does it: the row changes, and Asterisk tells. */
    register: (key: string, value: string | null) => {
      if (value === null) rows.delete(key);
      else rows.set(key, value);
      listeners?.onChanged(key);
    },
    setUp: (next: boolean) => {
      up = next;
      if (up) listeners?.onOpen();
    },
  };
};

/** A connection between two nodes that can be cut, and that may lose what is on the way. */
export const createCable = () => {
  let connected = true;
  let passing: (message: ContactsMessage) => ContactsMessage | null = (message) => message;
  const seen: ContactsMessage[] = [];
  const ends: { onMessage: (message: unknown) => void; onConnected: () => void }[] = [0, 1].map(() => ({
    onMessage: () => undefined,
    onConnected: () => undefined,
  }));
  const end = (index: number): ContactsTransport => ({
    send: (message) => {
      if (!connected) return false;
      seen.push(message);
      const passed = passing(message);
      if (passed === null) return true;
      const bytes = JSON.stringify(passed);
      const other = ends[1 - index];
      queueMicrotask(() => {
        if (connected) other?.onMessage(JSON.parse(bytes));
      });
      return true;
    },
    onMessage: (listener) => {
      const own = ends[index];
      if (own !== undefined) own.onMessage = listener;
    },
    onConnected: (listener) => {
      const own = ends[index];
      if (own !== undefined) own.onConnected = listener;
    },
  });
  return {
    ends: [end(0), end(1)] as const,
    seen,
    cut: () => {
      connected = false;
    },
    join: () => {
      connected = true;
      for (const { onConnected } of ends) onConnected();
    },
    /** What becomes of each message on the way; null: it is lost. */
    pass: (how: typeof passing) => {
      passing = how;
    },
    inject: (index: number, message: unknown) => ends[index]?.onMessage(message),
  };
};
