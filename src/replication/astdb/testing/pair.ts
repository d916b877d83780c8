import { fail, ok, type Result } from '../../../core/result.ts';
import type { Clock } from '../../../ports.ts';
import type { AstDbBase, BaseListeners } from '../base.ts';
import { type FamilyRules, type Follows, followsBy } from '../families.ts';
import type { AstDbMessage, AstDbTransport } from '../message.ts';
import type { News } from '../reading.ts';
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

/** AstDB as a map that remembers what was written since it was last looked at. */
const createTable = (follows: Follows) => {
  const rows = new Map<string, string>();
  let written: string[] = [];
  let vanished = 0;
  const forget = (): void => {
    written = [];
    vanished = 0;
  };
  return {
    rows,
    forget,
    put: (key: string, value: string): void => {
      rows.set(key, value);
      written.push(key);
    },
    remove: (key: string): void => {
      if (rows.delete(key)) vanished += 1;
    },
    followed: (): [string, string][] => [...rows].filter(([key]) => follows(key)),
    news: (): News | null => {
      if (written.length + vanished === 0) return null;
      const last = [...new Set(written)].filter((key) => rows.has(key) && follows(key));
      const doubt = vanished > 0 || written.length !== last.length;
      forget();
      return { put: last.map((key) => ({ key, value: rows.get(key) ?? '' })), doubt };
    },
  };
};

const away = fail('astdb-no-asterisk', 'Asterisk is not reached.', '');

/** An Asterisk that is a map; it tells what was written since the last look, unless `tells` is false. */
export const createAsterisk = (rules: FamilyRules = everything, tells = true) => {
  const follows = followsBy(rules);
  const { rows, forget, put, remove, followed, news } = createTable(follows);
  let listeners: BaseListeners | null = null;
  let up = true;
  let looked = false;
  const reads = { all: 0, others: 0, news: 0 };
  const calls: string[] = [];
  const whenUp = <T>(give: () => T): Result<T> => (up ? ok(give()) : away);
  const base: AstDbBase = {
    rules,
    start: (given) => {
      listeners = given;
      if (up) listeners.onOpen();
    },
    readAll: async () => {
      reads.all += 1;
      return whenUp(() => {
        forget();
        looked = true;
        return new Map(followed());
      });
    },
    readOthers: async () => {
      reads.others += 1;
      return whenUp(() => new Map(followed().filter(([key]) => !isContact(key))));
    },
    read: async (key) => whenUp(() => rows.get(key) ?? null),
    tellsNews: () => tells && looked,
    news: async () => {
      reads.news += 1;
      return whenUp(news);
    },
    tooLong: () => 0,
    apply: async (change) => {
      if (!up) return away;
      for (const key of change.delete.filter(follows)) remove(key);
      for (const { key, value, isNew } of change.put.filter((row) => follows(row.key))) {
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
  /** As a phone does it: the row changes, and Asterisk tells. */
  const register = (key: string, value: string | null): void => {
    if (value === null) remove(key);
    else put(key, value);
    listeners?.onChanged(key, value === null);
  };
  const setUp = (next: boolean): void => {
    up = next;
    looked = false;
    if (up) listeners?.onOpen();
  };
  // `put` and `remove` are what a dialplan does: Asterisk says nothing of it by itself.
  return { base, rows, reads, calls, put, remove, register, setUp };
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
