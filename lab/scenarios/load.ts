/** Many telephones at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fail, ok, type Result } from '../../src/core/result.ts';
import { extensionAt, services } from '../asterisk/plan.ts';
import type { Load } from '../needs.ts';
import { monotonicMs } from '../phones/clock.ts';
import type { RegisterPlan, RegisterReport } from '../phones/protocol.ts';
import type { Observers } from './observers.ts';

/** Telephones refresh after nine tenths of what they are granted, on average. */
const refreshedAfter = 0.9;
/** The first two ask, and ring. */
const firstCaller = 2;
const callWithinMs = 20_000;
const registerWithinMs = 20_000;

/** A pace at which all have registered once when the first one does so again. Pure. */
export const paceOf = ({ endpoints, registrationsAMinute }: Load): RegisterPlan => ({
  ratePerS: registrationsAMinute / 60,
  expiresS: Math.round((60 * endpoints) / registrationsAMinute / refreshedAfter),
  timeoutMs: registerWithinMs,
});

/** Telephones call a number that answers and stays silent. Fault: `not-as-expected` with the first that was refused. */
export const placeMany = async ({ phones }: Observers, count: number, aSecond: number): Promise<Result<void>> => {
  const beganMs = monotonicMs();
  const placed: ReturnType<typeof phones.ask<'call'>>[] = [];
  for (let index = 0; index < count; index += 1) {
    const waitMs = beganMs + (index * 1000) / aSecond - monotonicMs();
    if (waitMs > 1) await sleep(waitMs);
    const from = extensionAt(firstCaller + index);
    placed.push(phones.ask('call', { from, to: services.silence, voice: false, timeoutMs: callWithinMs }));
  }
  const results = await Promise.all(placed);
  const refused = results.flatMap((result) => (result.ok ? [] : [result.error.message]));
  return refused.length === 0
    ? ok(undefined)
    : fail('not-as-expected', `${refused.length} of ${count} calls were refused: ${refused[0]}`, 'see Asterisk’s log');
};

/** All telephones register at once. Faults: those of the program, `not-as-expected` with the first that could not. */
export const storm = async (
  { phones }: Observers,
  load: Load | undefined,
  aSecond: number,
): Promise<Result<RegisterReport>> => {
  const pace = load === undefined ? {} : paceOf(load);
  const report = await phones.ask('register', { ...pace, ratePerS: aSecond, timeoutMs: registerWithinMs });
  if (!report.ok) return report;
  const [first] = report.value.failed;
  if (first === undefined) return report;
  const { length } = report.value.failed;
  return fail(
    'not-as-expected',
    `${length} telephones could not register in the storm, first ${first.user}: ${first.error.message}`,
    'see Asterisk’s log',
  );
};
