/** What a node does when its wall clock went ahead: a set clock and a pause of the machine look the same from inside. */
import type { Mutant } from './mutant.ts';

const doubt = 'src/core/doubt.ts';
const lease = 'src/core/lease.ts';

export const awakeningGuards: readonly Mutant[] = [
  {
    name: 'a clock that was set ahead costs a node its term',
    file: 'src/core/decide.ts',
    find: 'if (e.paused && !isManual(d.s)) beginDoubt(d);',
    replace: "if (e.paused && !isManual(d.s)) beginClosing(d, 'lost');",
    also: { file: 'src/core/decide.ts', find: 'import { closeAgain,', replace: 'import { beginClosing, closeAgain,' },
    faults: ['clock-step'],
    seeds: 200,
  },
  {
    name: 'a machine that stood still goes on as if nothing had been',
    file: 'src/core/decide.ts',
    find: 'if (e.paused && !isManual(d.s)) beginDoubt(d);',
    replace: 'void beginDoubt;',
    faults: ['machine-paused'],
    seeds: 1000,
    from: 201,
  },
  {
    name: 'a machine that stood still asks before it closes its gate',
    file: doubt,
    find: "orderGate(d, { type: 'close' });",
    replace: 'void orderGate;',
    faults: ['machine-paused', 'cut-two-ways'],
    seeds: 1000,
    from: 501,
  },
  {
    name: 'an answer from before it stood still confirms a term',
    file: doubt,
    find: 'renewAt: d.now, rounds: [], proved',
    replace: 'renewAt: d.now, proved',
    faults: ['machine-paused'],
    seeds: 1000,
  },
  {
    name: 'a request of before it stood still may be won after it',
    file: doubt,
    find: "if (lease.name === 'asking') return withdraw(d, lease);",
    replace: "if (lease.name === 'asking') return void withdraw;",
    faults: ['machine-paused-as-it-asks'],
    seeds: 1000,
  },
  {
    name: 'without votes a term is confirmed by who knows of no later one',
    file: doubt,
    find: " || phase.name === 'closing' || needsNoVotes(d)) return",
    replace: " || phase.name === 'closing') return",
    pair: 'without-votes',
    faults: ['machine-paused'],
    seeds: 300,
  },
  {
    name: 'who slept through a term of its rival goes on under a newer one',
    file: lease,
    find: '  if (lease.doubted) {\n',
    replace: '  if (lease.doubted && d.now < 0) {\n',
    faults: ['machine-paused'],
    seeds: 1000,
  },
  {
    name: 'what was ordered before it stood still tells of the gate',
    file: doubt,
    find: '  d.s.pendingGates = [];\n',
    replace: '',
    faults: ['machine-paused'],
    seeds: 1000,
    from: 501,
  },
];
