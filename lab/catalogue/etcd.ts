/** The right to serve lies in an etcd cluster of three: real etcd with TLS and users, real Asterisk. */

import type { EtcdAct } from '../etcd/acts.ts';
import { etcdUnit, slowWritesPath } from '../etcd/member-files.ts';
import { nodePaths } from '../etcd/places.ts';
import type { Deed, Expected, Scenario } from '../scenarios/scenario.ts';
import {
  exec,
  failback,
  fault,
  mainHasPower,
  mainIsBack,
  mainLosesPower,
  mainServes,
  mend,
  pause,
  says,
  switchover,
} from './phrases.ts';

const pair = {
  needs: { etcd: true },
  setup: { preset: 'etcd', checkpoints: 0, etcd: true },
} as const satisfies Pick<Scenario, 'needs' | 'setup'>;

const etcd = (act: EtcdAct): Deed => ({ do: 'etcd', act });
const loses = (host: string): Deed => fault({ kind: 'power-loss', host }, `dark-${host}`);
const hasPower = (host: string): Deed => mend(`dark-${host}`);
const cutBetween = fault({ kind: 'cut', from: 'main', to: 'standby' }, 'between');
const joined = mend('between');
const nobodyServes = (withinMs: number): Deed => ({ do: 'wait', serving: 'nobody', withinMs });
/** A promise of 3 s has to end first; on a busy machine later. */
const standbyServesAtLast: Deed = { do: 'wait', serving: 'standby', withinMs: 15_000 };
/** More than two leases. */
const twoLeases = pause(6000);

/** A promise, an attempt that meets one of the other's, the address. */
const taken: Expected = {
  serving: 'standby',
  outageMsMost: 5000,
  inboundOutageMsMost: 5500,
  twoServing: 'none',
  moves: 1,
};
/** While etcd elects, nobody is promised anything. */
const takenLater: Expected = { ...taken, outageMsMost: 9000, inboundOutageMsMost: 9500 };
const unmoved: Expected = { serving: 'main', outageMsMost: 200, twoServing: 'none', moves: 0 };

const journal = (on: 'main' | 'standby', what: string, pattern: RegExp, withinMs = 10_000): Deed =>
  says(what, on, ['dualtone', 'journal', '--since', '60s'], pattern, withinMs);

/** Longer than a promise and the five seconds after which people are told. */
const untilTold = pause(9000);
const tellsWho = (on: 'main' | 'standby', serving: 'main' | 'standby'): readonly Deed[] => [
  says(`the ${on} says who serves`, on, ['dualtone', 'status'], new RegExp(`\\(${serving}[^)]*\\) serves`), 1000),
  journal(on, `the ${on} told nobody that nobody serves`, /^(?![\s\S]*nobody has been known to serve)/, 1000),
];

const nodes: readonly Scenario[] = [
  {
    name: 'etcd-power-loss',
    text: 'the main loses power; the standby waits until the promise in etcd has ended, and serves',
    ...pair,
    deeds: [mainLosesPower, standbyServesAtLast],
    expected: taken,
  },
  {
    name: 'etcd-isolation',
    text: 'the main is cut off from all, etcd too; it mutes itself before the standby serves, and stays passive when it is back',
    ...pair,
    deeds: [
      fault({ kind: 'isolation', host: 'main' }),
      standbyServesAtLast,
      pause(1000),
      mend('isolation'),
      pause(1500),
    ],
    expected: taken,
  },
  {
    name: 'etcd-standby-isolated',
    text: 'the standby is cut off from all; the main goes on by etcd’s vote, and nobody notices',
    ...pair,
    deeds: [fault({ kind: 'isolation', host: 'standby' }), twoLeases, mend('isolation')],
    expected: unmoved,
  },
  {
    name: 'etcd-cut-between',
    text: 'the nodes do not reach each other, but etcd; nobody notices',
    ...pair,
    deeds: [cutBetween, untilTold, ...tellsWho('main', 'main'), ...tellsWho('standby', 'main'), joined],
    expected: unmoved,
  },
  {
    name: 'etcd-switchover-cut',
    text: 'service is moved while the nodes do not reach each other: the right goes by way of etcd',
    ...pair,
    // Each says in etcd that it lives once it has missed the other for a promise.
    deeds: [
      cutBetween,
      pause(5000),
      switchover,
      standbyServesAtLast,
      untilTold,
      ...tellsWho('main', 'standby'),
      ...tellsWho('standby', 'standby'),
      joined,
    ],
    expected: { serving: 'standby', outageMsMost: 4000, twoServing: 'none', moves: 1 },
  },
  {
    name: 'etcd-failback',
    text: 'the main is back after a takeover by etcd, and service is given back',
    ...pair,
    deeds: [mainLosesPower, standbyServesAtLast, mainHasPower, mainIsBack, pause(2000), failback, mainServes],
    expected: { serving: 'main', outageMsMost: 5000, twoServing: 'none', moves: 2 },
  },
];

const renewedWith = (which: 'ended' | 'good'): readonly Deed[] => [
  exec('standby', ['cp', `${nodePaths[which]}.key`, nodePaths.key]),
  exec('standby', ['cp', `${nodePaths[which]}.pem`, nodePaths.certificate]),
];

const members: readonly Scenario[] = [
  {
    name: 'etcd-member-lost',
    text: 'the member that leads loses power, and nobody notices; then the main does, and the standby serves',
    ...pair,
    deeds: [etcd({ name: 'lead', member: 'etcd1' }), loses('etcd1'), twoLeases, mainLosesPower, standbyServesAtLast],
    expected: taken,
  },
  {
    name: 'etcd-leader-lost-at-takeover',
    text: 'the main and the member that leads lose power together: the standby serves once a leader is elected',
    ...pair,
    deeds: [etcd({ name: 'lead', member: 'etcd2' }), mainLosesPower, loses('etcd2'), standbyServesAtLast],
    expected: takenLater,
  },
  {
    name: 'etcd-leader-killed',
    text: 'a node is alone with etcd, and the member that leads is killed: the lease outlives the election, and nobody notices',
    ...pair,
    deeds: [
      etcd({ name: 'lead', member: 'etcd3' }),
      cutBetween,
      pause(1500),
      fault({ kind: 'crash', host: 'etcd3', unit: etcdUnit }),
      twoLeases,
      joined,
    ],
    expected: unmoved,
  },
  {
    name: 'etcd-slow-disk',
    text: 'each write of the member that leads takes 100 ms longer: a node that is alone goes on, and a takeover works',
    ...pair,
    deeds: [
      etcd({ name: 'lead', member: 'etcd1' }),
      fault({ kind: 'slow-disk', host: 'etcd1', delayMs: 100 }),
      cutBetween,
      says('writes are held back', 'etcd1', ['grep', '-c', 'DELAYED', slowWritesPath], /^[1-9]\d+$/m, 5000),
      twoLeases,
      joined,
      pause(1500),
      mainLosesPower,
      standbyServesAtLast,
    ],
    expected: takenLater,
  },
  {
    name: 'etcd-compaction',
    text: 'all history is compacted and every member defragmented while a node is alone: nobody notices, and a takeover works',
    ...pair,
    deeds: [
      cutBetween,
      pause(1500),
      etcd({ name: 'compact' }),
      twoLeases,
      joined,
      pause(1500),
      mainLosesPower,
      standbyServesAtLast,
    ],
    expected: taken,
  },
  {
    name: 'etcd-quorum-lost',
    text: 'two members lose power: both nodes live, and service goes on; a main that dies then is not taken over, until a member is back',
    ...pair,
    deeds: [
      loses('etcd1'),
      loses('etcd2'),
      twoLeases,
      { do: 'wait', serving: 'main', withinMs: 0 },
      mainLosesPower,
      nobodyServes(3000),
      twoLeases,
      nobodyServes(0),
      hasPower('etcd1'),
      standbyServesAtLast,
    ],
    expected: { serving: 'standby', outageMsMost: 60_000, twoServing: 'none', moves: 1 },
  },
  {
    name: 'etcd-quorum-lost-alone',
    text: 'the nodes do not reach each other, and two members lose power: the main stops when its lease is out; one serves when a member is back',
    ...pair,
    deeds: [
      cutBetween,
      pause(1500),
      loses('etcd1'),
      loses('etcd2'),
      nobodyServes(6000),
      pause(2000),
      nobodyServes(0),
      hasPower('etcd1'),
      journal('main', 'the main has lost its right', /closing-lost|ran out/),
      pause(8000),
      joined,
    ],
    staysMs: 2000,
    expected: { serving: 'one', outageMsMost: 60_000, twoServing: 'none' },
  },
  {
    name: 'etcd-certificate-ended',
    text: 'the standby’s certificate has ended: an alarm says so; renewed in its place it counts without a restart, and a takeover works',
    ...pair,
    deeds: [
      ...renewedWith('ended'),
      // A certificate is read when the way to etcd begins, or has failed.
      { do: 'systemctl', on: 'standby', argv: ['restart', 'dualtone.service'] },
      journal('standby', 'an alarm names the certificate', /etcd-tls|TLS with etcd/, 20_000),
      ...renewedWith('good'),
      journal('standby', 'etcd votes again', /etcd votes again/),
      pause(1500),
      mainLosesPower,
      standbyServesAtLast,
    ],
    expected: taken,
  },
  {
    name: 'etcd-old-backup',
    text: 'etcd is put back to a backup of before two moves of service: it gives no vote for a promise, says so, and the next term is above all that were',
    ...pair,
    prepare: [
      etcd({ name: 'back-up' }),
      switchover,
      standbyServesAtLast,
      pause(1000),
      failback,
      mainServes,
      pause(1000),
      etcd({ name: 'note-epoch' }),
    ],
    deeds: [
      etcd({ name: 'restore' }),
      etcd({ name: 'epoch-is-lower' }),
      journal('standby', 'an alarm says that etcd went back', /gone back to an older one/),
      journal('main', 'an alarm says that etcd went back', /gone back to an older one/),
      pause(5000),
      mainLosesPower,
      standbyServesAtLast,
      etcd({ name: 'epoch-is-higher' }),
    ],
    expected: taken,
  },
];

export const etcds: readonly Scenario[] = [...nodes, ...members];
