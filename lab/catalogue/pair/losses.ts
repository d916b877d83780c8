import type { Scenario } from '../../scenarios/scenario.ts';
import { fault, mainServes, standbyServes } from '../phrases.ts';

const powerLoss = (host: string) => fault({ kind: 'power-loss', host });

/** Somebody or something loses its power, or boots. */
export const losses: readonly Scenario[] = [
  {
    name: 'power-loss',
    text: 'the main loses its power; the standby serves',
    deeds: [powerLoss('main'), standbyServes],
    expected: { serving: 'standby', outageMsMost: 1200, inboundOutageMsMost: 1500, twoServing: 'none', moves: 1 },
    goal: { p50Ms: 650, p99Ms: 800 },
  },
  {
    name: 'power-loss-quick',
    text: 'the same with preset quick',
    setup: { preset: 'quick' },
    deeds: [powerLoss('main'), standbyServes],
    expected: { serving: 'standby', outageMsMost: 800, inboundOutageMsMost: 1100, twoServing: 'none', moves: 1 },
    goal: { p50Ms: 250, p99Ms: 400 },
  },
  {
    name: 'main-returns',
    text: 'the main loses its power and boots again; service returns to it by itself',
    setup: { failback: { policy: 'auto', holdMs: 1000, maxWaitMs: 60_000 } },
    deeds: [powerLoss('main'), standbyServes, { do: 'boot', hosts: ['main'] }, mainServes],
    expected: { serving: 'main', outageMsMost: 1200, twoServing: 'none', moves: 2 },
  },
  {
    name: 'cold-standby',
    text: 'the main loses its power; the standby starts its Asterisk and serves',
    setup: { telephony: 'cold' },
    deeds: [powerLoss('main'), { ...standbyServes, withinMs: 20_000 }],
    // Registrations cannot follow to an Asterisk that does not run: it finds those of when it ran last.
    expected: { serving: 'standby', outageMsMost: 6000, twoServing: 'none', moves: 1, registrationsKept: 'any' },
  },
  {
    name: 'standby-power-loss',
    text: 'the standby loses its power; nobody notices',
    deeds: [powerLoss('standby'), { do: 'pause', ms: 2000 }],
    expected: { serving: 'main', outageMsMost: 0, twoServing: 'none', moves: 0 },
    goal: { p50Ms: 0, p99Ms: 0 },
  },
  {
    name: 'standby-power-loss-alone',
    text: 'the same without a checkpoint',
    setup: { checkpoints: 0 },
    deeds: [powerLoss('standby'), { do: 'pause', ms: 2000 }],
    expected: { serving: 'main', outageMsMost: 0, twoServing: 'none', moves: 0 },
    goal: { p50Ms: 0, p99Ms: 0 },
  },
  {
    name: 'lone-boot-main',
    text: 'all are dark; the main alone comes back, and serves with the checkpoint’s vote',
    prepare: [powerLoss('standby'), powerLoss('main')],
    deeds: [{ do: 'boot', hosts: ['main'] }, mainServes],
    expected: { serving: 'main', outageMsMost: 10_000, twoServing: 'none' },
  },
  {
    name: 'lone-boot-standby',
    text: 'all are dark; the standby alone comes back, and serves with the checkpoint’s vote',
    prepare: [powerLoss('standby'), powerLoss('main')],
    deeds: [
      { do: 'boot', hosts: ['standby'] },
      { ...standbyServes, withinMs: 15_000 },
    ],
    expected: { serving: 'standby', outageMsMost: 10_000, twoServing: 'none' },
  },
  {
    name: 'both-boot',
    text: 'all are dark; both nodes come back at once, and the main serves',
    prepare: [powerLoss('standby'), powerLoss('main')],
    deeds: [{ do: 'boot', hosts: ['main', 'standby'] }, mainServes],
    staysMs: 3000,
    expected: { serving: 'main', outageMsMost: 12_000, twoServing: 'none' },
  },
  {
    name: 'checkpoint-lost',
    text: 'the checkpoint loses its power and comes back; nobody notices',
    deeds: [powerLoss('checkpoint1'), { do: 'pause', ms: 2500 }, { do: 'boot', hosts: ['checkpoint1'] }],
    expected: { serving: 'main', outageMsMost: 0, twoServing: 'none', moves: 0 },
    goal: { p50Ms: 0, p99Ms: 0 },
  },
  {
    name: 'checkpoint-stays-lost',
    text: 'the checkpoint stays lost, the nodes agree to do without; then the main dies, and the standby serves',
    setup: { whenLost: 'likely', lostAfterMs: 2000 },
    deeds: [
      { do: 'fault', fault: { kind: 'power-loss', host: 'checkpoint1' }, as: 'no checkpoint' },
      { do: 'pause', ms: 5000 },
      powerLoss('main'),
      standbyServes,
    ],
    expected: { serving: 'standby', outageMsMost: 1500, twoServing: 'none', moves: 1 },
  },
  {
    name: 'both-votes-lost',
    text: 'standby and checkpoint lose their power at once; the main stops, and serves again with the checkpoint’s vote',
    deeds: [
      powerLoss('standby'),
      { do: 'fault', fault: { kind: 'power-loss', host: 'checkpoint1' }, as: 'no checkpoint' },
      { do: 'wait', serving: 'nobody', withinMs: 3000 },
      { do: 'pause', ms: 1500 },
      { do: 'boot', hosts: ['checkpoint1'] },
      mainServes,
    ],
    expected: { serving: 'main', outageMsMost: 8000, twoServing: 'none', moves: 0 },
  },
];
