import type { Profile } from '../profile.ts';
import { wazoStreams } from '../xivo/streams.ts';

/** The telephony group with DHCP and monit, in the order in which Wazo's own scripts start it, and what its database and files consist of. */
export const wazoProfile: Profile = {
  name: 'wazo',
  description: 'A Wazo server: the whole telephony group with DHCP and monit.',
  defaults: {
    services: [
      { unit: 'wazo-dxtora.service', when: 'active' },
      { unit: 'wazo-provd.service', when: 'active' },
      { unit: 'wazo-agid.service', when: 'active' },
      { unit: 'asterisk.service' },
      { unit: 'wazo-amid.service', when: 'active' },
      { unit: 'wazo-call-logd.service', when: 'active' },
      { unit: 'wazo-agentd.service', when: 'active' },
      { unit: 'wazo-phoned.service', when: 'active' },
      { unit: 'wazo-calld.service', when: 'active' },
      { unit: 'wazo-websocketd.service', when: 'active' },
      { unit: 'isc-dhcp-server.service', when: 'active' },
      { unit: 'monit.service', when: 'active' },
    ],
    probes: { ami: {} },
    streams: wazoStreams,
  },
};
