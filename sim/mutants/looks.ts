/** Guards where checkpoints cannot promise (NRPE): who counts what, who stops first, and what a main that is back remembers. */
import type { Mutant } from './mutant.ts';

const unseen = ['cut-from-outside', 'standby-may-serve', 'isolation', 'isolation-in', 'isolation-out'] as const;
const unsure = [...unseen, 'cut-two-ways', 'checkpoint-lies', 'checkpoint-dead'] as const;

const byLooks = (each: Omit<Mutant, 'pair' | 'faults' | 'seeds'> & Partial<Mutant>): Mutant => ({
  faults: unsure,
  seeds: 2000,
  pair: 'looks',
  ...each,
});

export const looksGuards: readonly Mutant[] = [
  byLooks({
    name: 'a checkpoint that does not answer speaks against the main',
    file: 'src/core/arbiter/looks.ts',
    find: "(asker === 'main' && each === 'silent')",
    replace: "each === 'silent'",
  }),
  byLooks({
    name: 'to the main, a checkpoint that does not answer says nothing',
    file: 'src/core/arbiter/looks.ts',
    find: "|| (asker === 'main' && each === 'silent')",
    replace: '',
  }),
  byLooks({
    name: 'the main counts as far as the standby',
    file: 'src/core/arbiter/looks.ts',
    find: 'Math.max(1, badLooks - 2)',
    replace: 'badLooks',
  }),
  byLooks({
    name: 'the main counts to one less than the standby',
    file: 'src/core/arbiter/looks.ts',
    find: 'Math.max(1, badLooks - 2)',
    replace: 'badLooks - 1',
    seeds: 8000,
  }),
  byLooks({
    name: 'the main goes by whether it hears the standby, not by whether it is heard',
    file: 'src/core/rival-view.ts',
    find: "d.s.lease.name === 'held' ? d.s.rival.hearsUsAt",
    replace: "d.s.lease.name === 'held' ? d.s.rival.heardAt",
  }),
  byLooks({
    name: 'an old answer counts as being heard now',
    file: 'src/core/messages-in.ts',
    find: 'if (sentAt > rival.hearsUsAt) d.s.rival = { ...rival, hearsUsAt: sentAt };',
    replace: 'if (sentAt > rival.hearsUsAt) d.s.rival = { ...rival, hearsUsAt: d.now + 600 };',
  }),
  byLooks({
    name: 'who hears the other for a moment between two looks goes on counting',
    file: 'src/core/messages-in.ts',
    find: 'if (!mainIsUnheard(d)) beginCountAnew(d);',
    replace: 'void mainIsUnheard;',
    faults: ['standby-may-serve'],
    seeds: 12_000,
  }),
  byLooks({
    name: 'the standby counts while it still hears the main',
    file: 'src/core/health.ts',
    find: 'return mainIsUnheard(d) && (',
    replace: "return (d.settings.role === 'standby' || mainIsUnheard(d)) && (",
    also: {
      file: 'src/core/messages-in.ts',
      find: 'if (!mainIsUnheard(d)) beginCountAnew(d);',
      replace: 'void mainIsUnheard;',
    },
  }),
  byLooks({
    name: 'a standby that was about to win is believed to be passive',
    file: 'src/core/arbiter/standby-may-serve.ts',
    find: "else if (promise === null || promise.holder === 'main' || d.now >= promise.until) ",
    replace: 'else if (promise === null || d.now >= 0) ',
    faults: ['standby-may-serve'],
  }),
  byLooks({
    name: 'a main that stood still and serves again has forgotten that the standby went on counting',
    file: 'src/core/health.ts',
    find: '|| isTooLate)',
    replace: '|| (isTooLate && d.now < 0))',
    faults: ['standby-may-serve'],
  }),
  byLooks({
    name: 'a passive main that is reached takes the standby for passive',
    file: 'src/core/arbiter/standby-may-serve.ts',
    find: "if (d.s.phase.name === 'serving' || d.s.phase.name === 'draining') standbyIsPassive(d);",
    replace: 'standbyIsPassive(d);',
    faults: ['standby-may-serve'],
  }),
  byLooks({
    name: 'a main that wins alone knows the standby to be passive',
    file: 'src/core/arbiter/standby-may-serve.ts',
    find: "if (d.s.errand?.wants === 'serve' || d.now >= d.s.standbyMayServeAt) standbyIsPassive(d);",
    replace: 'standbyIsPassive(d);',
    faults: ['standby-may-serve'],
  }),
  byLooks({
    name: 'a main that a person made serve stops when the dead standby could have counted to its end',
    file: 'src/core/arbiter/standby-may-serve.ts',
    find: "d.s.errand?.wants === 'serve' || d.now >= d.s.standbyMayServeAt",
    replace: 'd.now >= d.s.standbyMayServeAt',
    faults: ['standby-died'],
    seeds: 200,
  }),
  byLooks({
    name: 'a main that waited for a standby that may serve waits for it again',
    file: 'src/core/arbiter/standby-may-serve.ts',
    find: "d.s.errand?.wants === 'serve' || d.now >= d.s.standbyMayServeAt",
    replace: "d.s.errand?.wants === 'serve'",
    faults: ['standby-died'],
    seeds: 200,
  }),
  byLooks({
    name: 'a main that gave the standby its vote takes its silence for its end',
    file: 'src/core/messages-in.ts',
    find: "if (ask.question === 'ask' && result.yes) standbyMayServe(d);",
    replace: '',
    faults: ['standby-may-serve'],
  }),
  byLooks({
    name: 'a main that lost its right takes a silent standby for a dead one however long ago it was',
    file: 'src/core/phases/closing.ts',
    find: "if (why === 'lost') standbyMayCount(d, lease.leaseUntil);",
    replace: '',
    faults: ['standby-may-serve'],
  }),
  byLooks({
    name: 'a main that stood still counts from its awakening',
    file: 'src/core/phases/closing.ts',
    find: 'standbyMayCount(d, lease.leaseUntil);',
    replace: 'standbyMayCount(d, d.now);',
    faults: ['standby-may-serve'],
  }),
  byLooks({
    name: 'an agent that was dead for long takes a silent standby for a dead one',
    file: 'src/core/decide.ts',
    find: 'if (d.s.boot.holding > 0) standbyMayCount(d, lastTicketEnds(d));',
    replace: '',
    faults: ['standby-may-serve'],
  }),
  byLooks({
    name: 'a restarted agent knows nothing of what the former one knew of the standby',
    file: 'src/core/decide.ts',
    find: '  recallStandby(d);\n',
    replace: '',
    faults: ['standby-may-serve'],
  }),
  byLooks({
    name: 'a main that heard the standby serve takes its silence for its end',
    file: 'src/core/messages-in.ts',
    find: 'heardOfStandby(d, status.holding > 0);',
    replace: 'heardOfStandby(d, false);',
    faults: ['standby-may-serve'],
  }),
  byLooks({
    name: 'a restarted agent of the main begins to count anew',
    file: 'src/core/decide.ts',
    find: 'rivalBad: d.s.boot.looksBad }',
    replace: '}',
    faults: ['standby-may-serve'],
  }),
];
