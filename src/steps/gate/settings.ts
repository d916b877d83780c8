import { type Config, isRefusing } from '../../config/config.ts';
import type { Settings } from '../../core/settings.ts';
import type { GateSettings } from './rules.ts';

/** What the gate of this node is made of. */
export const gateSettingsOf = (config: Config, { slots }: Pick<Settings, 'slots'>): GateSettings => {
  const { sipPorts, iaxPort, mediaPorts } = config.gate;
  const virtualAddresses = (config.virtualIp?.addresses ?? []).map((each) => each.slice(0, each.indexOf('/')));
  const asked = [...config.probes.sip, ...config.probes.tcp].map(({ host }) => host);
  const isAsked = asked.includes(config.peer.address) || (config.drill.enabled && virtualAddresses.length === 0);
  // In a drill a node asks as a telephone does, also while its own gate is closed.
  const rehearsed = config.drill.enabled ? virtualAddresses : [];
  const probedAddresses = [...(isAsked ? [config.peer.address] : []), ...rehearsed];
  const forwarded = config.services.some((service) => 'compose' in service);
  const refuserPort = isRefusing(config) ? config.gate.refusePort : null;
  return { slots, sipPorts, iaxPort, mediaPorts, virtualAddresses, probedAddresses, forwarded, refuserPort };
};
