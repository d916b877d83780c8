/**
 * What was kept as it must look when it is read. By hand and not with zod: loading that takes 70 ms, and a holder's agent
 * that is restarted has one lease for its whole start.
 */
import type { BootMemory, DiskMemory } from '../core/memory.ts';
import type { Order, Orders } from '../core/message.ts';
import { emptyDisk } from '../core/state.ts';
import { isRecord } from '../core/words.ts';

/** The value, or what is wrong with it, in words. */
export type Checked<T> = { readonly good: true; readonly value: T } | { readonly good: false; readonly why: string };

/** Null when the value is good, else what is wrong, after its path. */
type Check = (value: unknown) => string | null;

const is =
  (test: (value: unknown) => boolean, what: string): Check =>
  (value) =>
    test(value) ? null : `is not ${what}`;

const whole = is((value) => Number.isSafeInteger(value) && Number(value) >= 0, 'a whole number from 0');
const finite = is((value) => Number.isFinite(value), 'a number');
const flag = is((value) => typeof value === 'boolean', 'true or false');
const text = is((value) => typeof value === 'string', 'a text');
const numbers = is((value) => Array.isArray(value) && value.every(Number.isFinite), 'a list of numbers');
const oneOf = (...words: readonly unknown[]): Check =>
  is((value) => words.includes(value), `one of ${words.join(', ')}`);

const fields =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) => {
    if (!isRecord(value)) return 'is not an object';
    const strange = Object.keys(value).find((key) => !Object.hasOwn(checks, key));
    if (strange !== undefined) return `${strange} is not known`;
    for (const [key, check] of Object.entries(checks)) {
      const wrong = check(value[key]);
      if (wrong !== null) return `${key} ${wrong}`;
    }
    return null;
  };

const nullable =
  (check: Check): Check =>
  (value) =>
    value === null ? null : check(value);

const boot = fields({
  promise: nullable(fields({ holder: oneOf('main', 'standby'), epoch: whole, until: finite })),
  highest: whole,
  releasedMain: whole,
  releasedStandby: whole,
  openUntil: finite,
  silentUntil: finite,
  holding: whole,
  seq: whole,
  heldOpen: flag,
  looksBad: whole,
} satisfies Record<keyof BootMemory, Check>);

const order = fields({
  revision: whole,
  knew: whole,
  mode: oneOf('automatic', 'manual'),
  manualSince: whole,
  maintenanceMs: finite,
  maintenanceReason: text,
} satisfies Record<keyof Order, Check>);

const disk = fields({
  epochCeiling: whole,
  orders: fields({ main: order, standby: order } satisfies Record<keyof Orders, Check>),
  maintenanceUntilWall: finite,
  loose: flag,
  serving: flag,
  switches: numbers,
  standbyMayServeFrom: finite,
  needsAcknowledgement: flag,
  pinned: flag,
  heldOpenBy: nullable(oneOf('main', 'standby')),
} satisfies Record<keyof DiskMemory, Check>);

/** Without these nothing can be believed; all others may be missing, as in what an older version kept. */
const NEEDED = ['epochCeiling', 'orders'] as const;

/** An agent that is upgraded goes on with what the older version kept. */
export const checkBoot = (value: unknown): Checked<BootMemory> => {
  const whole = isRecord(value) ? { looksBad: 0, ...value } : value;
  const why = boot(whole);
  return why === null ? { good: true, value: whole as BootMemory } : { good: false, why };
};

/** What an older version did not know yet is as at the first start. */
export const checkDisk = (value: unknown): Checked<DiskMemory> => {
  const missing = isRecord(value) ? NEEDED.find((key) => !Object.hasOwn(value, key)) : undefined;
  if (missing !== undefined) return { good: false, why: `${missing} is missing` };
  const whole = isRecord(value) ? { ...emptyDisk, ...value } : value;
  const why = disk(whole);
  return why === null ? { good: true, value: whole as DiskMemory } : { good: false, why };
};
