import type { Profile } from '../profile.ts';
import { xivoStreams } from './streams.ts';

/**
 * The telephony group with DHCP and monit, in the order in which XiVO's own scripts start it:
 * monit last in and first out, or it starts what a passivation stops.
 */
export const xivoProfile: Profile = {
  name: 'xivo',
  description: 'A XiVO server: the whole telephony group with DHCP and monit.',
  defaults: {
    services: [
      { unit: 'xivo-dxtora.service', when: 'active' },
      { unit: 'xivo-provd.service', when: 'active' },
      { unit: 'xivo-agid.service', when: 'active' },
      { unit: 'asterisk.service' },
      { unit: 'xivo-amid.service', when: 'active' },
      { unit: 'xivo-call-logs.service', when: 'active' },
      { unit: 'xivo-agentd.service', when: 'active' },
      { unit: 'xivo-ctid.service', when: 'active' },
      { unit: 'xivo-dird.service', when: 'active' },
      { unit: 'xivo-dird-phoned.service', when: 'active' },
      { unit: 'xivo-ctid-ng.service', when: 'active' },
      { unit: 'xivo-websocketd.service', when: 'active' },
      { unit: 'isc-dhcp-server.service', when: 'active' },
      { unit: 'monit.service', when: 'active' },
    ],
    probes: { ami: {} },
    streams: xivoStreams,
  },
};
