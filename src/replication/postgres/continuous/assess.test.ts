import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fail } from '../../../core/result.ts';
import { assess, type ReceiverLook, type SourceLook } from './assess.ts';
import type { SubscriptionLook } from './subscription.ts';

const difference = fail('database-schema-differs', 'The table `x` exists only in the main.', 'Upgrade.').error;

const source: SourceLook = {
  slot: { active: true, walStatus: 'reserved', behindBytes: 0, keptBytes: 0 },
  published: ['public.a', 'dualtone.heartbeat'],
  differences: [],
  fingerprint: 'f1',
};

const subscription: SubscriptionLook = {
  enabled: true,
  slot: 'dualtone_standby',
  fingerprint: 'f1',
  way: 'w1',
  tables: ['dualtone.heartbeat', 'public.a'],
  truncated: false,
  served: false,
  working: true,
  errors: 0,
};

const look = (changes: Partial<ReceiverLook> = {}): ReceiverLook => ({
  mayReceive: true,
  subscription,
  source,
  unreachable: null,
  way: 'w1',
  slotName: 'dualtone_standby',
  ...changes,
});

const cases: readonly [string, Partial<ReceiverLook>, string, RegExp][] = [
  ['all is well', {}, 'follow', /follow/],
  ['it serves', { mayReceive: false, source: null }, 'rest', /nothing in/],
  [
    'it serves and the schema differs',
    { mayReceive: false, source: { ...source, differences: [difference] } },
    'rest',
    /nothing in/,
  ],
  ['the source is away', { source: null, unreachable: difference }, 'wait', /table `x`/],
  [
    'schemas differ',
    { source: { ...source, differences: [difference, difference] } },
    'pause',
    /Paused until both schemas agree.*And 1 more/,
  ],
  ['nothing is offered', { source: { ...source, published: [] }, subscription: null }, 'wait', /offers nothing/],
  ['the first time', { subscription: null }, 'begin', /first time/],
  ['switched off', { subscription: { ...subscription, enabled: false } }, 'resume', /again/],
  ['the slot is gone', { source: { ...source, slot: null } }, 'begin', /no place kept/],
  [
    'the slot is lost',
    { source: { ...source, slot: { active: false, walStatus: 'lost', behindBytes: 0, keptBytes: 0 } } },
    'begin',
    /away for longer/,
  ],
  ['another table', { source: { ...source, published: [...source.published, 'public.b'] } }, 'begin', /other tables/],
  ['a table less', { source: { ...source, published: ['public.a'] } }, 'begin', /other tables/],
  ['both were upgraded', { source: { ...source, fingerprint: 'f2' } }, 'begin', /schema has changed/],
  ['not made by Dualtone', { subscription: { ...subscription, fingerprint: null } }, 'begin', /schema has changed/],
  ['another way', { way: 'w2' }, 'begin', /the way/],
  ['a table was emptied', { subscription: { ...subscription, truncated: true } }, 'begin', /emptied/],
  ['it has served meanwhile', { subscription: { ...subscription, enabled: false, served: true } }, 'begin', /served/],
  ['another slot', { subscription: { ...subscription, slot: null } }, 'begin', /another slot/],
];

for (const [name, changes, act, why] of cases)
  test(name, () => {
    const verdict = assess(look(changes));
    assert.equal(verdict.act, act);
    assert.match(verdict.why, why);
  });
