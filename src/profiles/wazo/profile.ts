import type { Profile } from '../profile.ts';
import { programOf, servicesOf } from '../xivo/original.ts';
import { wazoStreams } from '../xivo/streams.ts';
import { wazoOriginal } from './original.ts';

/** The telephony group with DHCP and monit, and what its database and files consist of. */
export const wazoProfile: Profile = {
  name: 'wazo',
  description: 'A Wazo server: the whole telephony group with DHCP and monit.',
  defaults: {
    services: servicesOf(wazoOriginal),
    switches: { programs: [{ name: 'agents', ...programOf(wazoOriginal.relogAgents) }] },
    probes: { ami: {} },
    streams: wazoStreams,
  },
};
