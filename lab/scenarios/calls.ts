/** What the telephones do in a scenario. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fail, ok, type Result } from '../../src/core/result.ts';
import { monotonicMs } from '../phones/clock.ts';
import type { Deed } from './scenario.ts';
import type { Undertaking } from './undertaking.ts';

type Of<Kind extends Deed['do']> = Extract<Deed, { do: Kind }>;

const lookEveryMs = 25;
/** Until somebody who was to take a call has taken it. */
const takenWithinMs = 8000;
const answersAfterMs = 100;

const unexpected = (message: string): Result<never> => fail('not-as-expected', message, 'try it by hand');

const waitTaken = async ({ observers }: Undertaking, user: string, sinceMs: number): Promise<Result<void>> => {
  const deadlineMs = monotonicMs() + takenWithinMs;
  for (;;) {
    const legs = await observers.phones.ask('legs', null);
    if (!legs.ok) return legs;
    const taken = legs.value.filter(({ direction, beganMs }) => direction === 'taken' && beganMs >= sinceMs);
    if (taken.some((leg) => leg.user === user)) return ok(undefined);
    const others = taken.map((leg) => leg.user).join(', ');
    if (others !== '') return unexpected(`the call was to be taken by ${user}, and was by ${others}`);
    if (monotonicMs() > deadlineMs) return unexpected(`the call was not taken by ${user} within ${takenWithinMs} ms`);
    await sleep(lookEveryMs);
  }
};

/** The moments are the telephones' own, on this machine's one clock. */
export const placeCall = async (run: Undertaking, { from, to, takenBy }: Of<'call'>): Promise<Result<void>> => {
  const { phones } = run.observers;
  if (takenBy !== undefined) {
    const answering = { kind: 'answer', afterMs: answersAfterMs, voice: true } as const;
    const set = await phones.ask('answering', { users: [takenBy], answering });
    if (!set.ok) return set;
  }
  const sinceMs = monotonicMs();
  const call = await phones.ask('call', { from, to, voice: true });
  if (!call.ok) {
    const { code, message, remedy } = call.error;
    return fail(code, `the call from ${from} to ${to}: ${message}`, remedy);
  }
  run.calls.push(call.value.callId);
  return takenBy === undefined ? ok(undefined) : await waitTaken(run, takenBy, sinceMs);
};

export const dialCode = async ({ observers }: Undertaking, { from, code }: Of<'dial'>): Promise<Result<void>> => {
  const call = await observers.phones.ask('call', { from, to: code, voice: false });
  return call.ok
    ? ok(undefined)
    : fail(call.error.code, `${code} by ${from}: ${call.error.message}`, 'see the dialplan');
};

export const refusedCall = async (
  { observers }: Undertaking,
  { from, to, says }: Of<'refused-call'>,
): Promise<Result<void>> => {
  const call = await observers.phones.ask('call', { from, to, voice: false });
  if (call.ok) {
    await observers.phones.ask('hangUp', { callId: call.value.callId });
    return unexpected(`the call from ${from} to ${to} was to be refused, and was taken`);
  }
  const { message } = call.error;
  return says.test(message)
    ? ok(undefined)
    : unexpected(`the call from ${from} to ${to} was not refused so: ${message}`);
};

export const hangUp = async (run: Undertaking): Promise<Result<void>> => {
  const legs = await run.observers.phones.ask('legs', null);
  if (!legs.ok) return legs;
  for (const { callId, voice } of legs.value) {
    if (run.calls.includes(callId) && voice !== undefined) run.voicePausesMs.push(voice.longestPauseMs);
  }
  for (const callId of run.calls.splice(0)) {
    const ended = await run.observers.phones.ask('hangUp', { callId });
    if (!ended.ok) return ended;
  }
  return ok(undefined);
};

export const expectLamp = async (
  { observers }: Undertaking,
  { user, says, withinMs }: Of<'lamp'>,
): Promise<Result<void>> => {
  const deadlineMs = monotonicMs() + withinMs;
  for (;;) {
    const lamp = await observers.phones.ask('lamp', { user });
    if (!lamp.ok) return lamp;
    if (says.test(lamp.value ?? '')) return ok(undefined);
    if (monotonicMs() >= deadlineMs) {
      return unexpected(`the lamp of ${user} within ${withinMs} ms: it was told ${lamp.value}`);
    }
    await sleep(lookEveryMs);
  }
};

/** After a run: nobody talks, and every telephone rings again where it answered. */
export const endCalls = async (run: Undertaking): Promise<void> => {
  run.calls.splice(0);
  await run.observers.phones.ask('hangUpAll', null);
  await run.observers.phones.ask('answering', { answering: { kind: 'ring' } });
};
