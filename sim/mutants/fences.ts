/** Guards where devices turn nodes off (ADR 0048): silence is proved before it decides, and no proof outlives a word. */
import type { Mutant } from './mutant.ts';

const devices = ['fence-hangs', 'fence-refuses', 'fence-lies', 'fence-slow'] as const;
const cuts = ['cut-two-ways', 'isolation', 'fence-on-again-unheard', 'reboot'] as const;

const fenced = (each: Omit<Mutant, 'pair' | 'seeds'> & Partial<Mutant>): Mutant => ({
  seeds: 1500,
  pair: 'fenced',
  ...each,
});

export const fenceGuards: readonly Mutant[] = [
  fenced({
    name: 'silence alone decides, though there is a device',
    file: 'src/core/lease.ts',
    find: "d.settings.fencing !== null && d.s.fence.name !== 'off' && d.s.errand?.confirmed !== true;",
    replace: 'false;',
    faults: [...devices, ...cuts],
  }),
  fenced({
    name: 'who asked before the rival fell silent needs no proof',
    file: 'src/core/lease.ts',
    find: 'rivalIsSilent(d) && !lacksProof(d) && d.s.health',
    replace: 'rivalIsSilent(d) && d.s.health',
    faults: ['late-release', 'agent-frozen-at-its-start', 'held-up-request'],
    seeds: 4000,
  }),
  fenced({
    name: 'a device that refuses, or hangs, is believed to have done it',
    file: 'src/core/fence.ts',
    find: "if (outcome !== 'off') return ended(d, outcome, detail);",
    replace: "if (outcome === 'on') return ended(d, outcome, detail);",
    faults: [...devices, ...cuts],
  }),
  fenced({
    name: 'a node that is on is believed to be off, since its power was read',
    file: 'src/core/fence.ts',
    find: "if (outcome !== 'off') return ended(d, outcome, detail);",
    replace: "if (outcome !== 'off' && outcome !== 'on') return ended(d, outcome, detail);",
    faults: cuts,
  }),
  fenced({
    name: 'an answer of before proves the silence of now',
    file: 'src/core/fence.ts',
    find: "if (fence.name !== 'asked' || fence.op !== op) return;",
    replace: "if (fence.name !== 'asked' || op > fence.op) return;",
    faults: ['fence-answers-of-before', 'mail-left', 'checkpoint-dead'],
  }),
  fenced({
    name: 'a proof outlives the word of a node that is on again',
    file: 'src/core/fence.ts',
    find: '  d.s.fence = NO_FENCE;\n  d.s.fenceTold = false;\n};',
    replace: "  if (fence.name !== 'off') d.s.fence = NO_FENCE;\n  d.s.fenceTold = false;\n};",
    faults: ['fence-proof-of-before', 'mail-left', 'checkpoint-dead'],
  }),
  fenced({
    name: 'one proof serves for every term',
    file: 'src/core/lease.ts',
    find: "if (needsNoVotes(d) && d.s.fence.name === 'off') d.s.fence = NO_FENCE;",
    replace: '',
    faults: ['fence-vouched-for', 'mail-left', 'checkpoint-dead'],
    seeds: 3000,
  }),
  fenced({
    name: 'a node that has just booted, unheard, turns the other off',
    file: 'src/core/fence.ts',
    find: "d.s.freshBoot && d.s.rival.heardAt < d.s.startedAt ? 'status' : 'off'",
    replace: "d.s.freshBoot && d.s.now < 0 ? 'status' : 'off'",
    faults: cuts,
  }),
  fenced({
    name: 'after a takeover by votes a node that is heard again is turned off',
    file: 'src/core/fence.ts',
    find: 'latestOfRival(d).at >= lease.since',
    replace: 'latestOfRival(d).at >= d.now',
    faults: [...devices, 'reboot', 'switchover'],
  }),
  fenced({
    name: 'where votes decide, a takeover waits for a device',
    file: 'src/core/fence.ts',
    find: 'if (!needsNoVotes(d) || !rivalIsSilent(d) || !lacksProof(d)) return null;',
    replace: 'if (!rivalIsSilent(d) || !lacksProof(d)) return null;',
    faults: ['fence-hangs', 'reboot'],
  }),
  fenced({
    name: 'after a win by votes a node whose last word has just come is turned off',
    file: 'src/core/fence.ts',
    find: "if (rivalIsSilent(d) && mayAsk(d)) order(d, 'off');",
    replace: "if (mayAsk(d)) order(d, 'off');",
  }),
];
