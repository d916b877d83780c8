import { ETCD } from '../core/arbiter/etcd-voter.ts';
import type { Arbiter, Settings, Step, Watch } from '../core/settings.ts';
import { type Config, type HookConfig, neededReports, serviceName } from './config.ts';
import { fencingSettings } from './fencing.ts';

const arbiterOf = (config: Config): Arbiter => {
  const { arbiter } = config;
  if (arbiter.kind === 'none') return { kind: 'none' };
  if (arbiter.kind === 'etcd')
    return { kind: 'etcd', voters: [ETCD], whenLost: arbiter.whenLost, lostAfterMs: arbiter.lostAfterMs };
  const voters = arbiter.checkpoints.filter((each) => each.kind === 'voter').map((each) => each.name);
  // Ping targets cannot promise: with them alone the lease is renewed as without an arbiter, and they tell who is cut off.
  if (voters.length === 0) return { kind: 'none' };
  return { kind: 'checkpoints', voters, whenLost: arbiter.whenLost, lostAfterMs: arbiter.lostAfterMs };
};

const watchOf = (config: Config): Watch => {
  const { watch } = config;
  if (watch.kind === 'lease') return { kind: 'lease' };
  const need = neededReports(config);
  return { kind: 'looks', badLooks: watch.badLooks, lookMs: watch.everyMs, ...(need === null ? {} : { need }) };
};

const hookSteps = (config: Config, position: HookConfig['position']): readonly Step[] =>
  config.hooks
    .filter((hook) => hook.position === position)
    .map((hook) => ({ id: `hook:${hook.name}`, timeoutMs: hook.timeoutMs, onFailure: hook.onFailure }));

/** The step that restarts telephony in place: Asterisk where it is named, else the first service. */
const restartStepOf = (config: Config): string | null => {
  const names = config.services.map(serviceName);
  const name = names.find((each) => each.includes('asterisk')) ?? names[0];
  return name === undefined ? null : `service:${name}`;
};

/**
 * The steps in the order of activation: hooks that go first, the virtual IP (callers move at once; after a cold Asterisk), services up to
 * Asterisk, hooks that wait for telephony only, the other services, the other hooks.
 * Ids: `hook:NAME`, `virtual-ip`, `service:NAME` with NAME as `serviceName` says.
 */
export const planOf = (config: Config): readonly Step[] => {
  const virtualIp: readonly Step[] =
    config.virtualIp === null
      ? []
      : [{ id: 'virtual-ip', timeoutMs: config.virtualIp.timeoutMs, onFailure: config.virtualIp.onFailure }];
  const services = config.services.map((service) => ({
    id: `service:${serviceName(service)}`,
    timeoutMs: service.timeoutMs,
    onFailure: service.onFailure,
  }));
  const upTo = services.findIndex(({ id }) => id === restartStepOf(config)) + 1;
  const telephony = services.slice(0, upTo);
  return [
    ...hookSteps(config, 'first'),
    // A cold Asterisk is started before callers are sent to it; a warm one is only looked at. What comes after it keeps nobody waiting.
    ...(config.telephony === 'warm' ? [...virtualIp, ...telephony] : [...telephony, ...virtualIp]),
    ...hookSteps(config, 'telephony'),
    ...services.slice(upTo),
    ...hookSteps(config, 'last'),
  ];
};

/** What the core needs to know of a node's configuration. */
export const toSettings = (config: Config): Settings => {
  const { slots, loneWaitMs, ...timing } = config.timing;
  return {
    role: config.node.role,
    timing,
    arbiter: arbiterOf(config),
    watch: watchOf(config),
    onIsolation: config.onIsolation,
    telephony: config.telephony,
    loneWaitMs,
    restartStep: restartStepOf(config),
    health: config.health,
    unfit: config.unfit,
    failback: config.failback,
    flapping: config.flapping,
    fencing: fencingSettings(config),
    plan: planOf(config),
    slots,
  };
};
