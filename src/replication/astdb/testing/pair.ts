import { fail, ok } from '../../../core/result.ts';
import type { Clock } from '../../../ports.ts';
import type { AstDbBase, BaseListeners } from '../base.ts';
import { type FamilyRules, followsBy } from '../families.ts';
import type { AstDbMessage, AstDbTransport } from '../message.ts';
import { isContact } from '../rows.ts';

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
  `registrar/contact/${name};@x`,
  `{"uri":"sip:${name}@h","expiration_time":"${Math.floor((clock.wall() + lifeMs) / 1_000)}"}`,
];

export const everything: FamilyRules = { include: ['*'], exclude: [] };

/** An Asterisk that is a map; it tells what was written since the last look, unless `tells` is false. */
export const createAsterisk = (rules: FamilyRules = everything, tells = true) => {
  const rows = new Map<string, string>();
  const follows = followsBy(rules);
  let listeners: BaseListeners | null = null;
  let up = true;
  let written: string[] = [];
  let vanished = 0;
  let looked = false;
  const reads = { all: 0, others: 0, news: 0 };
  const calls: string[] = [];
  const away = fail('astdb-no-asterisk', 'Asterisk is not reached.', '');
  const followed = (): [string, string][] => [...rows].filter(([key]) => follows(key));
  const put = (key: string, value: string): void => {
    rows.set(key, value);
    written.push(key);
  };
  const remove = (key: string): void => {
    if (rows.delete(key)) vanished += 1;
  };
  const base: AstDbBase = {
    rules,
    start: (given) => {
      listeners = given;
      if (up) listeners.onOpen();
    },
    readAll: async () => {
      reads.all += 1;
      if (!up) return away;
      written = [];
      vanished = 0;
      looked = true;
      return ok(new Map(followed()));
    },
    readOthers: async () => {
      reads.others += 1;
      return up ? ok(new Map(followed().filter(([key]) => !isContact(key)))) : away;
    },
    read: async (key) => (up ? ok(rows.get(key) ?? null) : away),
    tellsNews: () => tells && looked,
    news: async () => {
      reads.news += 1;
      if (!up) return away;
      const last = [...new Set(written)].filter((key) => rows.has(key) && follows(key));
      const doubt = vanished > 0 || written.length !== last.length;
      if (written.length + vanished === 0) return ok(null);
      written = [];
      vanished = 0;
      return ok({ put: last.map((key) => ({ key, value: rows.get(key) ?? '' })), doubt });
    },
    tooLong: () => 0,
    apply: async (change) => {
      if (!up) return away;
      for (const key of change.delete.filter(follows)) remove(key);
      for (const { key, value, isNew } of change.put) {
        if (!follows(key)) continue;
        calls.push(`${isNew ? 'new' : 'again'} ${key}`);
        put(key, value);
      }
      return ok({ refused: [] });
    },
    liven: async () => ok(undefined),
    limit: () => null,
    awaken: () => void calls.push('awaken'),
    sleep: () => undefined,
    trouble: () => (up ? null : 'down'),
    stop: async () => undefined,
  };
  return {
    base,
    rows,
    reads,
    calls,
    /** As a dialplan writes: Asterisk says nothing of it by itself. */
    put,
    remove,
    /** As a phone does it: the row changes, and Asterisk tells. */
    register: (key: string, value: string | null) => {
      if (value === null) remove(key);
      else put(key, value);
      listeners?.onChanged(key, value === null);
    },
    setUp: (next: boolean) => {
      up = next;
      looked = false;
      if (up) listeners?.onOpen();
    },
  };
};

/** A connection between two nodes that can be cut, and that may lose what is on the way. */
export const createCable = () => {
  let connected = true;
  let passing: (message: AstDbMessage) => AstDbMessage | null = (message) => message;
  const seen: AstDbMessage[] = [];
  const ends: { onMessage: (message: unknown) => void; onConnected: () => void }[] = [0, 1].map(() => ({
    onMessage: () => undefined,
    onConnected: () => undefined,
  }));
  const end = (index: number): AstDbTransport => ({
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
