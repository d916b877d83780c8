/** From the configuration to the adapters of the plan's steps, by the ids that `planOf` gives them. */
import { type Config, runsAlways, serviceName } from '../config/config.ts';
import type { Epoch } from '../core/words.ts';
import type { Clock } from '../ports.ts';
import { createHookStep } from '../steps/hook.ts';
import type { DisposableStep } from '../steps/outcome.ts';
import { createServiceStep } from '../steps/service/service.ts';
import { serviceOf } from '../steps/service/settings.ts';
import { createVirtualIpStep } from '../steps/virtual-ip.ts';
import { asAlways } from './priority.ts';

/** `epoch`: of the plan that is under way, for the hooks' environment. */
export const stepAdaptersOf = (
  config: Config,
  clock: Clock,
  epoch: () => Epoch,
): ReadonlyMap<string, DisposableStep> => {
  const { virtualIp, services, hooks, runDir, telephony } = config;
  const adapterById = new Map<string, DisposableStep>();
  if (virtualIp !== null) {
    const { addresses, announcements, announceEveryMs } = virtualIp;
    const step = { addresses, interface: virtualIp.interface, announcements, announceEveryMs, clock };
    adapterById.set('virtual-ip', createVirtualIpStep(step));
  }
  for (const service of services) {
    const options = {
      service: serviceOf(service),
      alwaysRuns: runsAlways(service, telephony),
      timeoutMs: service.timeoutMs,
      prepare: service.prepare,
      runDir,
      ...('init' in service || 'command' in service ? { run: asAlways() } : {}),
    };
    adapterById.set(`service:${serviceName(service)}`, createServiceStep(options));
  }
  for (const { name, run, when, timeoutMs } of hooks) {
    const options = { name, argv: run, when, timeoutMs, role: config.node.role, epoch, run: asAlways() };
    adapterById.set(`hook:${name}`, createHookStep(options));
  }
  return adapterById;
};
