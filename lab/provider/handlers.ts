import { fail, ok, type Result } from '../../src/core/result.ts';
import type { Account } from '../../src/sip/account.ts';
import { monotonicMs } from '../phones/clock.ts';
import type { Handlers } from '../phones/lines.ts';
import { type RingProber, startRingProber } from '../phones/ring-prober.ts';
import { type Outside, openOutside } from './outside.ts';
import type { ProviderCommands } from './protocol.ts';

const notOpen = fail('lab-not-open', 'The provider is not open yet.', 'Send open first.');

/** What the provider's program does for each command. All ends with the signal. */
export function createHandlers(signal: AbortSignal): Handlers<ProviderCommands> {
  let outside: Outside | undefined;
  return {
    open: async (plan) => {
      if (outside !== undefined) return fail('lab-open', 'The provider is open already.', 'Start another program.');
      const opened = await openOutside(plan, signal);
      if (!opened.ok) return opened;
      outside = opened.value;
      return ok({ port: outside.agent.localPort });
    },
    evidence: ({ sinceMs, untilMs = monotonicMs() }) =>
      outside === undefined ? notOpen : ok(outside.evidence(sinceMs, untilMs)),
    registered: ({ timeoutMs }) => (outside === undefined ? notOpen : whenRegistered(outside, timeoutMs)),
    call: (plan) => outside?.call(plan) ?? notOpen,
    hangUp: ({ callId }) => outside?.hangUp(callId) ?? notOpen,
    legs: () => (outside === undefined ? notOpen : ok(outside.legs.reports())),
    ...ringHandlers(() => outside),
  };
}

function whenRegistered(
  { registrar }: Outside,
  timeoutMs: number,
): Promise<Result<{ readonly contact: string; readonly atMs: number }>> {
  return new Promise((resolve) => {
    const answer = (): void => {
      const binding = registrar.current();
      if (binding === undefined) return;
      clearTimeout(timer);
      resolve(ok({ contact: binding.contact.uriText, atMs: binding.lastMs }));
    };
    const timer = setTimeout(() => {
      resolve(fail('lab-timeout', `No trunk registered within ${timeoutMs} ms.`, 'Look into the log of the PBX.'));
    }, timeoutMs);
    registrar.onAccepted(answer);
    answer();
  });
}

type RingNames = 'ringStart' | 'ringReport' | 'ringStop';

function ringHandlers(outside: () => Outside | undefined): Pick<Handlers<ProviderCommands>, RingNames> {
  const proberByName = new Map<string, RingProber>();
  const unknown = (name: string): ReturnType<typeof fail> =>
    fail('lab-name', `Nothing of the name ${name} runs.`, 'Start it first, under this name.');
  return {
    ringStart: async (plan) => {
      const now = outside();
      if (now === undefined) return notOpen;
      if (proberByName.has(plan.name)) return fail('lab-name', `${plan.name} runs already.`, 'Take another name.');
      const caller = now.caller();
      if (!caller.ok) return caller;
      // A trunk may come from another address after each move, and is called where it registered last.
      const callerNow = (): Account | null => {
        const held = now.caller();
        return held.ok ? held.value : null;
      };
      const prober = await startRingProber({ ...plan, from: caller.value.user }, callerNow, now.agent.localAddress);
      if (!prober.ok) return prober;
      proberByName.set(plan.name, prober.value);
      return ok(null);
    },
    ringReport: ({ name, sinceMs, untilMs }) => {
      const prober = proberByName.get(name);
      return prober === undefined ? unknown(name) : ok(prober.report(sinceMs, untilMs));
    },
    ringStop: async ({ name }) => {
      const prober = proberByName.get(name);
      if (prober === undefined) return unknown(name);
      proberByName.delete(name);
      await prober.stop();
      return ok(null);
    },
  };
}
