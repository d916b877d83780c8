import type { Profile } from '../profile.ts';

export const asteriskProfile: Profile = {
  name: 'asterisk',
  description: 'Asterisk alone, as its own unit.',
  defaults: {
    services: [{ unit: 'asterisk.service' }],
    probes: { ami: {} },
  },
};
