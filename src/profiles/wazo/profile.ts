import type { Profile } from '../profile.ts';
import { servicesOf } from '../xivo/original.ts';
import { wazoStreams } from '../xivo/streams.ts';
import { wazoOriginal } from './original.ts';

/** The telephony group with DHCP and monit, and what its database and files consist of. */
export const wazoProfile: Profile = {
  name: 'wazo',
  description: 'A Wazo server: the whole telephony group with DHCP and monit.',
  defaults: {
    services: servicesOf(wazoOriginal),
    probes: { ami: {} },
    streams: wazoStreams,
  },
};
