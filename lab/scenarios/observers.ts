import { setTimeout as sleep } from 'node:timers/promises';
import { fail, ok, type Result } from '../../src/core/result.ts';
import type { Role } from '../../src/core/words.ts';
import { extensionAt, type PbxPlan, phoneAccounts, trunkAccount } from '../asterisk/plan.ts';
import type { Lab } from '../lab.ts';
import { linkAddressOf, octetByRole } from '../network/addressing.ts';
import { type Phones, startPhones } from '../phones/client.ts';
import { monotonicMs } from '../phones/clock.ts';
import type { Server } from '../phones/follow.ts';
import type { PhonesEvent, RegisterPlan } from '../phones/protocol.ts';
import { type Provider, startProvider } from '../provider/client.ts';
import { followedName } from '../remsys/places.ts';
import { startWitness, type Witness } from '../witness/client.ts';
import type { Serving } from './scenario.ts';

/** Everybody who sees the pair from outside, for the whole life of a lab. */
export interface Observers {
  readonly phones: Phones;
  readonly provider: Provider;
  readonly witnessByRole: Readonly<Record<Role, Witness>>;
  /** Registers all telephones and begins to ask; the pair must serve. May be repeated. Faults: `phones-unregistered`, those of the programs. */
  readonly begin: () => Promise<Result<void>>;
  /** When `begin` last succeeded, in ms of `monotonicMs`. */
  readonly registeredAtMs: () => number;
  /** Who answered within the last moments (default 60 ms). */
  readonly serving: (withinMs?: number) => Promise<Result<Serving>>;
  readonly stop: () => Promise<void>;
}

export interface ObserverOptions {
  readonly lab: Lab;
  readonly pbx: PbxPlan;
  readonly signal: AbortSignal;
  /** At which pace the telephones register, and again and again. */
  readonly register?: RegisterPlan;
  readonly onPhoneEvent?: (event: PhonesEvent) => void;
}

/** The name of the telephones' prober. */
export const askerName = 'asker';
/** Who asks, and who calls in scenarios: these two do not ring. */
export const askingExtension = extensionAt(0);
/** The telephone that is called from outside. */
export const rungExtension = (pbx: PbxPlan): string => extensionAt(pbx.endpoints - 1);

/** What telephones call: the virtual IP, or between routed networks a name. */
const serverOf = (lab: Lab): Server =>
  lab.routed === undefined ? { address: lab.virtual.v4, port: 5060 } : followedName(lab);

const openPhones = async ({ lab, pbx, signal, onPhoneEvent }: ObserverOptions): Promise<Result<Phones>> => {
  const host = lab.host('phones');
  const phones = await startPhones({
    enter: host.enter,
    signal,
    ...(onPhoneEvent === undefined ? {} : { onEvent: onPhoneEvent }),
  });
  if (!phones.ok) return phones;
  const opened = await phones.value.ask('open', {
    localAddress: host.address.v4,
    server: serverOf(lab),
    accounts: phoneAccounts(pbx),
  });
  return opened.ok ? phones : opened;
};

const openProvider = async ({ lab, pbx, signal }: ObserverOptions): Promise<Result<Provider>> => {
  const host = lab.host('provider');
  const provider = await startProvider({ enter: host.enter, signal });
  if (!provider.ok) return provider;
  const opened = await provider.value.ask('open', { localAddress: host.address.v4, account: trunkAccount(pbx) });
  return opened.ok ? provider : opened;
};

const openWitness = async ({ lab, signal }: ObserverOptions, role: Role): Promise<Result<Witness>> => {
  const eye = `eye-${role}`;
  const spared = await lab.network.spare(eye, role);
  if (!spared.ok) return spared;
  return await startWitness({
    at: lab.host(eye),
    ...(lab.routed === undefined
      ? { server: lab.virtual.v4, linkAddress: linkAddressOf(lab.subnet, octetByRole[role]) }
      : { server: lab.host(role).address.v4 }),
    user: askingExtension,
    signal,
  });
};

/** Who followed a name to the node that does not serve is refused there, and asks for the name again within its TTL. */
const registerAll = async (phones: Phones, plan: RegisterPlan, withinMs: number): Promise<Result<void>> => {
  const deadlineMs = monotonicMs() + withinMs;
  const registered = await phones.ask('register', plan);
  if (!registered.ok) return registered;
  const [first] = registered.value.failed;
  if (first === undefined) return ok(undefined);
  if (monotonicMs() < deadlineMs) {
    await sleep(500);
    return await registerAll(phones, plan, deadlineMs - monotonicMs());
  }
  const { length } = registered.value.failed;
  const why = `${first.user}: ${first.error.message}`;
  return fail(
    'phones-unregistered',
    `${length} telephones could not register, first ${why}`,
    'look at the active Asterisk',
  );
};

/** Asks both witnesses about the last moments. */
const servingNow = async (
  witnessByRole: Readonly<Record<Role, Witness>>,
  withinMs: number,
): Promise<Result<Serving>> => {
  const nowMs = monotonicMs();
  const [main, standby] = await Promise.all([
    witnessByRole.main.report(nowMs - withinMs, nowMs),
    witnessByRole.standby.report(nowMs - withinMs, nowMs),
  ]);
  if (!main.ok) return main;
  if (!standby.ok) return standby;
  if (main.value.answers > 0 && standby.value.answers > 0) return ok('both');
  if (main.value.answers > 0) return ok('main');
  return ok(standby.value.answers > 0 ? 'standby' : 'nobody');
};

/** Starts telephones, provider and witnesses in their networks, which must be on. The telephones register with `begin`. */
export const startObservers = async (options: ObserverOptions): Promise<Result<Observers>> => {
  const phones = await openPhones(options);
  if (!phones.ok) return phones;
  const provider = await openProvider(options);
  if (!provider.ok) return provider;
  const [main, standby] = await Promise.all([openWitness(options, 'main'), openWitness(options, 'standby')]);
  if (!main.ok) return main;
  if (!standby.ok) return standby;
  const witnessByRole = { main: main.value, standby: standby.value };
  let asks = false;
  let registeredAtMs = Number.NEGATIVE_INFINITY;
  const begin = async (): Promise<Result<void>> => {
    const beganMs = monotonicMs();
    const withinMs = options.lab.routed === undefined ? 0 : 35_000;
    const registered = await registerAll(phones.value, options.register ?? {}, withinMs);
    if (registered.ok) registeredAtMs = beganMs;
    if (!registered.ok || asks) return registered;
    const { lab } = options;
    const started = await phones.value.ask('probeStart', {
      name: askerName,
      localAddress: lab.host('phones').address.v4,
      server: serverOf(lab),
      user: askingExtension,
    });
    asks = started.ok;
    return started.ok ? ok(undefined) : started;
  };
  return ok({
    phones: phones.value,
    provider: provider.value,
    witnessByRole,
    begin,
    registeredAtMs: () => registeredAtMs,
    serving: async (withinMs = 60) => await servingNow(witnessByRole, withinMs),
    stop: async () => {
      await Promise.all(
        [phones.value, provider.value, main.value, standby.value].map(async (each) => await each.stop()),
      );
    },
  });
};
