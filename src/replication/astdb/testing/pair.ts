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

interface Life {
  readonly tells: boolean;
  readonly reads: { all: number; others: number; news: number };
  readonly calls: string[];
  listeners: BaseListeners | null;
  up: boolean;
  looked: boolean;
  /** Reads of all rows wait for it, and see what is there then. */
  held: Promise<void>;
  /** Reads of all rows fail. */
  slow: boolean;
}

const baseOn = (rules: FamilyRules, table: ReturnType<typeof createTable>, life: Life): AstDbBase => {
  const follows = followsBy(rules);
  const { reads, calls } = life;
  const whenUp = <T>(give: () => T): Result<T> => (life.up ? ok(give()) : away);
  return {
    rules,
    start: (given) => {
      life.listeners = given;
      if (life.up) given.onOpen();
    },
    readAll: async () => {
      reads.all += 1;
      await life.held;
      if (life.slow) return fail('ami-timeout', 'It did not answer in time.', '');
      return whenUp(() => {
        table.forget();
        life.looked = true;
        return new Map(table.followed());
      });
    },
    readOthers: async () => {
      reads.others += 1;
      return whenUp(() => new Map(table.followed().filter(([key]) => !isContact(key))));
    },
    read: async (key) => whenUp(() => table.rows.get(key) ?? null),
    tellsNews: () => life.tells && life.looked,
    news: async () => {
      reads.news += 1;
      return whenUp(table.news);
    },
    tooLong: () => 0,
    apply: async (change) => {
      if (!life.up) return away;
      for (const key of change.delete.filter(follows)) table.remove(key);
      for (const { key, value, isNew } of change.put.filter((row) => follows(row.key))) {
        calls.push(`${isNew ? 'new' : 'again'} ${key}`);
        table.put(key, value);
      }
      return ok({ refused: [] });
    },
    liven: async () => ok(undefined),
    refreshSip: async () => {
      if (!life.up) return away;
      calls.push('refresh-sip');
      return ok('done');
    },
    limit: () => null,
    awaken: () => void calls.push('awaken'),
    sleep: () => undefined,
    trouble: () => (life.up ? null : 'down'),
    stop: async () => undefined,
  };
};

/** An Asterisk that is a map; it tells what was written since the last look, unless `tells` is false. */
export const createAsterisk = (rules: FamilyRules = everything, tells = true) => {
  const table = createTable(followsBy(rules));
  const reads = { all: 0, others: 0, news: 0 };
  const life: Life = {
    tells,
    reads,
    calls: [],
    listeners: null,
    up: true,
    looked: false,
    held: Promise.resolve(),
    slow: false,
  };
  const { rows, put, remove } = table;
  return {
    base: baseOn(rules, table, life),
    rows,
    reads,
    calls: life.calls,
    // What a dialplan does: Asterisk says nothing of it by itself.
    put,
    remove,
    /** Until what it gives is called, nobody learns what rows there are. */
    holdReads: (): (() => void) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      life.held = promise;
      return resolve;
    },
    failReads: (slow: boolean): void => {
      life.slow = slow;
    },
    /** As a phone does it: the row changes, and Asterisk tells. */
    register: (key: string, value: string | null): void => {
      if (value === null) remove(key);
      else put(key, value);
      life.listeners?.onChanged(key, value === null);
    },
    setUp: (next: boolean): void => {
      life.up = next;
      life.looked = false;
      if (next) life.listeners?.onOpen();
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
