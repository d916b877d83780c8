import { setTimeout as sleep } from 'node:timers/promises';
import { extensionAt } from '../asterisk/plan.ts';
import type { Phones } from '../phones/client.ts';

/** Telephones that call each other again and again. */
export interface Callers {
  readonly counts: () => { readonly up: number; readonly placed: number; readonly cut: number };
  /** Settles when the last call has been hung up. */
  readonly stop: () => Promise<void>;
}

const pairs = 5;
const talkMs = 4000;

/** A pause in the voice after which nobody goes on talking. */
const patienceMs = 500;

const wasCut = async (phones: Phones, callId: string): Promise<boolean> => {
  const legs = await phones.ask('legs', null);
  const voice = legs.ok ? legs.value.find((leg) => leg.callId === callId)?.voice : undefined;
  return (voice?.longestPauseMs ?? 0) > patienceMs;
};

/** Lets five telephones call five others, each for four seconds, with a voice. A call that fell silent was cut. */
export const startCallers = async (phones: Phones, endpoints: number): Promise<Callers> => {
  const half = Math.floor(endpoints / 2);
  const count = Math.min(pairs, half - 1);
  let [up, placed, cut] = [0, 0, 0];
  const stopping = new AbortController();
  const users = Array.from({ length: count }, (_, index) => extensionAt(half + index));
  await phones.ask('answering', { users, answering: { kind: 'answer', afterMs: 400, voice: true } });
  const pause = async (ms: number): Promise<void> => {
    await sleep(ms, undefined, { signal: stopping.signal }).catch(() => undefined);
  };
  const callOn = async (index: number): Promise<void> => {
    await pause(index * 600);
    while (!stopping.signal.aborted) {
      const call = await phones.ask('call', {
        from: extensionAt(index + 1),
        to: users[index] ?? '',
        voice: true,
        timeoutMs: 1500,
      });
      if (!call.ok) {
        await pause(500);
        continue;
      }
      placed += 1;
      up += 1;
      await pause(talkMs);
      if (await wasCut(phones, call.value.callId)) cut += 1;
      await phones.ask('hangUp', { callId: call.value.callId });
      up -= 1;
      await pause(300);
    }
  };
  const loops = Array.from({ length: count }, async (_, index) => await callOn(index));
  return {
    counts: () => ({ up, placed, cut }),
    stop: async () => {
      stopping.abort();
      await Promise.all(loops);
    },
  };
};
