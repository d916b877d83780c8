/** Guards of a first agent that goes on with what serves (ADR 0063). */
import type { Mutant } from './mutant.ts';

const adopted = (each: Omit<Mutant, 'pair' | 'file' | 'seeds'> & Partial<Mutant>): Mutant => ({
  file: 'src/core/adoption.ts',
  pair: 'adopted',
  seeds: 500,
  ...each,
});

export const adoptionGuards: readonly Mutant[] = [
  adopted({
    name: 'adopted: the standby may as well',
    find: "if (role !== 'main')",
    replace: 'if (false)',
  }),
  adopted({
    name: 'adopted: also where others vote',
    find: "if (arbiter.kind !== 'none')",
    replace: 'if (false)',
  }),
  adopted({
    name: 'adopted: the ticket is longer than the time for which others are waited for',
    find: 'ticketMs: timing.leaseMs + timing.restartMs',
    replace: 'ticketMs: timing.leaseMs + timing.restartMs + 9000',
    faults: ['agent-restart'],
    seeds: 1000,
  }),
];
