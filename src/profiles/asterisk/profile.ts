import type { Profile } from '../profile.ts';
import { asteriskFileReloads } from './reloads.ts';

export const asteriskProfile: Profile = {
  name: 'asterisk',
  description: 'Asterisk alone, as its own unit.',
  defaults: {
    services: [{ unit: 'asterisk.service' }],
    probes: { ami: {} },
    streams: { files: { reload: asteriskFileReloads } },
  },
};
