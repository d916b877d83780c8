import type { Profile } from '../profile.ts';
import { programOf, servicesOf, xivoOriginal } from './original.ts';
import { xivoStreams } from './streams.ts';

/** The telephony group with DHCP and monit, and what its database and files consist of. */
export const xivoProfile: Profile = {
  name: 'xivo',
  description: 'A XiVO server: the whole telephony group with DHCP and monit.',
  defaults: {
    services: servicesOf(xivoOriginal),
    switches: { programs: [{ name: 'agents', ...programOf(xivoOriginal.relogAgents) }] },
    probes: { ami: {} },
    streams: xivoStreams,
  },
};
