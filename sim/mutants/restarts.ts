/** Guards of the renewal for longer with which an agent ends (ADR 0026). */
import type { Mutant } from './mutant.ts';

const planned = [
  'agent-restart-planned',
  'agent-restart-planned-then-cut',
  'agent-restart-planned-and-forgotten',
  'cut-two-ways',
  'isolation',
  'takeover',
] as const;

export const restartGuards: readonly Mutant[] = [
  {
    name: 'a longer ticket rests on an ordinary promise',
    file: 'src/core/arbiter/voter.ts',
    find: 'ask.restarts ? longestPromiseMs(promises) : promises.promiseMs',
    replace: 'promises.promiseMs + (ask.restarts ? 0 : longestPromiseMs(promises) * 0)',
    faults: planned,
    seeds: 500,
  },
  {
    name: 'an ordinary promise ends a longer one',
    file: 'src/core/arbiter/voter.ts',
    find: 'Math.max(promise.until, until)',
    replace: 'until',
    faults: planned,
    seeds: 500,
  },
  {
    name: 'an ordinary request shortens the time for which its own gate may be open',
    file: 'src/core/lease.ts',
    find: 'Math.max(d.s.boot.openUntil, d.now + forMs)',
    replace: 'd.now + forMs',
    faults: planned,
    seeds: 2000,
  },
  {
    name: 'a checkpoint is silent after a boot for an ordinary promise only',
    file: 'src/core/arbiter/checkpoint.ts',
    find: 'now + longestPromiseMs(promises)',
    replace: 'now + promises.promiseMs',
    faults: planned,
    seeds: 2000,
  },
  {
    name: 'a node is silent after a boot for an ordinary promise only',
    file: 'src/core/decide.ts',
    find: 'd.now + longestPromiseMs(d.settings.timing)',
    replace: 'd.now + d.settings.timing.promiseMs + longestPromiseMs(d.settings.timing) * 0',
    faults: planned,
    seeds: 3000,
  },
  {
    name: 'a gate whose closing was not confirmed counts as closed while a longer ticket runs',
    file: 'src/core/phases/closing.ts',
    find: ', d.s.boot.openUntil);',
    replace: ');',
    faults: planned,
    seeds: 3000,
  },
  {
    name: 'a longer ticket outlasts a rival that needs no votes and has not promised',
    file: 'src/core/lease.ts',
    find: '!isLonger(d, round) || round.yes.includes(rivalOf(d.settings.role))',
    replace: 'true',
    faults: ['agent-restart-planned'],
    pair: 'without-votes',
    seeds: 500,
  },
  {
    name: 'who needs no votes takes over by silence though it has promised to wait',
    file: 'src/core/policy.ts',
    find: 'Math.max(claimEnds(d), given)',
    replace: 'claimEnds(d) + given * 0',
    faults: ['agent-restart-planned'],
    pair: 'without-votes',
    seeds: 500,
  },
];
