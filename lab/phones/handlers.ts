import { fail, ok, type Result } from '../../src/core/result.ts';
import { monotonicMs } from './clock.ts';
import type { Handlers } from './lines.ts';
import { openPopulation, type Population } from './population.ts';
import { type ProberThread, startProberThread } from './prober-thread.ts';
import type { PhonesCommands, PhonesEvent } from './protocol.ts';
import { createRegistering, type Registering } from './registering.ts';
import { type RingProber, startRingProber } from './ring-prober.ts';

/** Opened, with what keeps it registered. */
interface Opened {
  readonly population: Population;
  readonly registering: Registering;
  readonly localAddress: string;
}

const notOpen = fail('lab-not-open', 'There are no telephones yet.', 'Send open first.');
const unknown = (name: string): ReturnType<typeof fail> =>
  fail('lab-name', `Nothing of the name ${name} runs.`, 'Start it first, under this name.');
const taken = (name: string): ReturnType<typeof fail> =>
  fail('lab-name', `${name} runs already.`, 'Stop it, or take another name.');

/** What the telephones' program does for each command. All ends with the signal. */
export function createHandlers(emit: (event: PhonesEvent) => void, signal: AbortSignal): Handlers<PhonesCommands> {
  let opened: Opened | undefined;
  return {
    open: async (plan) => {
      if (opened !== undefined) return fail('lab-open', 'There are telephones already.', 'Start another program.');
      const population = await openPopulation(plan, emit, signal);
      if (!population.ok) return population;
      const registering = createRegistering(population.value, signal);
      opened = { population: population.value, registering, localAddress: plan.localAddress };
      return ok({ phones: population.value.phoneByUser.size, ports: population.value.ports });
    },
    register: async (plan) => (opened === undefined ? notOpen : ok(await opened.registering.register(plan))),
    unregister: async () => (opened === undefined ? notOpen : ok(await opened.registering.unregister())),
    answering: ({ users, answering }) => {
      for (const [user, phone] of opened?.population.phoneByUser ?? []) {
        if (users === undefined || users.includes(user)) phone.answering = answering;
      }
      return opened === undefined ? notOpen : ok(null);
    },
    call: (plan) => opened?.population.call(plan) ?? notOpen,
    hangUp: ({ callId }) => opened?.population.hangUp(callId) ?? notOpen,
    hangUpAll: async () => {
      if (opened === undefined) return notOpen;
      const { population } = opened;
      const results = await Promise.all(population.legs.running().map((callId) => population.hangUp(callId)));
      const failed = results.filter((result) => !result.ok).length;
      return ok({ ended: results.length - failed, failed });
    },
    lamp: ({ user }) => (opened === undefined ? notOpen : ok(opened.population.lamp(user))),
    legs: () => (opened === undefined ? notOpen : ok(opened.population.legs.reports())),
    counts: ({ sinceMs, untilMs = monotonicMs() }) =>
      opened === undefined ? notOpen : ok(opened.population.ledger.count(sinceMs, untilMs)),
    cost: () => {
      const { user, system } = process.cpuUsage();
      const residentMb = process.memoryUsage.rss() / 2 ** 20;
      return ok({ cpuMs: (user + system) / 1000, residentMb, nowMs: monotonicMs() });
    },
    ...probeHandlers(signal),
    ...ringHandlers(() => opened, signal),
  };
}

type ProbeNames = 'probeStart' | 'probeReport' | 'probeStop';
type RingNames = 'ringStart' | 'ringReport' | 'ringStop';

function probeHandlers(signal: AbortSignal): Pick<Handlers<PhonesCommands>, ProbeNames> {
  const proberByName = new Map<string, ProberThread>();
  signal.addEventListener('abort', () => {
    for (const prober of proberByName.values()) void prober.stop();
  });
  return {
    probeStart: async (plan) => {
      if (proberByName.has(plan.name)) return taken(plan.name);
      const prober = await startProberThread(plan);
      if (!prober.ok) return prober;
      proberByName.set(plan.name, prober.value);
      return ok(null);
    },
    probeReport: async ({ name, sinceMs, untilMs }) => {
      const prober = proberByName.get(name);
      return prober === undefined ? unknown(name) : ok(await prober.report(sinceMs, untilMs));
    },
    probeStop: async ({ name }) => {
      const prober = proberByName.get(name);
      if (prober === undefined) return unknown(name);
      proberByName.delete(name);
      await prober.stop();
      return ok(null);
    },
  };
}

function ringHandlers(
  opened: () => Opened | undefined,
  signal: AbortSignal,
): Pick<Handlers<PhonesCommands>, RingNames> {
  const proberByName = new Map<string, RingProber>();
  const stop = async (name: string): Promise<Result<null>> => {
    const prober = proberByName.get(name);
    if (prober === undefined) return unknown(name);
    proberByName.delete(name);
    await prober.stop();
    return ok(null);
  };
  signal.addEventListener('abort', () => {
    for (const name of proberByName.keys()) void stop(name);
  });
  return {
    ringStart: async (plan) => {
      const now = opened();
      if (now === undefined) return notOpen;
      if (proberByName.has(plan.name)) return taken(plan.name);
      const phone = now.population.phoneByUser.get(plan.from);
      if (phone === undefined) return fail('lab-account', `No telephone ${plan.from}.`, 'Open it first.');
      const prober = await startRingProber(plan, () => phone.account, now.localAddress);
      if (!prober.ok) return prober;
      proberByName.set(plan.name, prober.value);
      return ok(null);
    },
    ringReport: ({ name, sinceMs, untilMs }) => {
      const prober = proberByName.get(name);
      return prober === undefined ? unknown(name) : ok(prober.report(sinceMs, untilMs));
    },
    ringStop: ({ name }) => stop(name),
  };
}
