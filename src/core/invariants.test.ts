import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Effect } from './effect.ts';
import { checkInvariants } from './invariants.ts';
import type { BootMemory } from './memory.ts';
import type { Lease, Round, State } from './state.ts';
import { checkpoints, noArbiter, orders, settings } from './testing/builders.ts';
import { passiveNode, servingNode } from './testing/situations.ts';

const round: Round = { seq: 9, slot: 1, ticketMs: 560, armedAt: 0, sentAt: 0, own: true, yes: ['c1'], granted: true };
const held = (change: Partial<Extract<Lease, { name: 'held' }>> = {}): Lease => ({
  name: 'held',
  epoch: 2,
  since: 0,
  leaseUntil: 1e6,
  renewAt: 1e6,
  rounds: [round],
  heldOpen: false,
  proved: true,
  doubted: false,
  endOp: 0,
  ...change,
});
const asking = (epoch: number, handed = 0): Lease => ({ name: 'asking', epoch, until: 1e6, round, handed });
const grant: Effect = { kind: 'gate', op: 1, action: { type: 'grant', slot: 1 } };
const holdOpen: Effect = { kind: 'gate', op: 1, action: { type: 'hold-open' } };
const s = settings();
const serving = servingNode().state;
const passive = passiveNode({ role: 'main' }, 3).state;
const boot = (state: State, change: Partial<BootMemory>): State => ({ ...state, boot: { ...state.boot, ...change } });
const with3 = { ...s, arbiter: checkpoints(3) };
const voters3 = (state: State): State => ({ ...state, voters: [1, 2, 3].flatMap(() => state.voters) });
const maintained: State = { ...passive, maintenanceUntil: passive.now + 1000 };
const manual: State = { ...passive, disk: { ...passive.disk, orders: orders({ revision: 2, mode: 'manual' }) } };

interface Offence {
  readonly name: string;
  readonly before: State;
  readonly after: State;
  readonly effects?: readonly Effect[];
  readonly settings?: typeof s;
  readonly says: RegExp;
}
const promised = boot(passive, { promise: { holder: 'standby', epoch: 3, until: passive.now + 100 } });

const offences: readonly Offence[] = [
  {
    name: 'the highest epoch falls',
    before: boot(passive, { highest: 8 }),
    after: boot(passive, { highest: 7 }),
    says: /fell from 8 to 7/,
  },
  {
    name: 'a released epoch of the main comes back',
    before: boot(passive, { releasedMain: 4 }),
    after: boot(passive, { releasedMain: 2 }),
    says: /came back/,
  },
  {
    name: 'a released epoch of the standby comes back',
    before: boot(passive, { releasedStandby: 5 }),
    after: boot(passive, { releasedStandby: 3 }),
    says: /came back/,
  },
  {
    name: 'a promise is broken',
    before: promised,
    after: boot(promised, { promise: { holder: 'main', epoch: 4, until: 1e9 } }),
    says: /promise to standby was broken/,
  },
  {
    name: 'an epoch of the other’s is asked for',
    before: passive,
    after: { ...passive, lease: asking(5) },
    says: /epoch 5 is not this node’s|epoch 5 is not this node's/,
  },
  {
    name: 'an epoch of the other’s is held',
    before: serving,
    after: { ...serving, lease: held({ epoch: 3 }) },
    says: /epoch 3 is not/,
  },
  {
    name: 'a grant without its round',
    before: serving,
    after: { ...serving, lease: held({ rounds: [] }) },
    effects: [grant],
    says: /without its round/,
  },
  {
    name: 'a grant on own vote alone',
    before: serving,
    after: { ...serving, lease: held({ rounds: [{ ...round, yes: [] }] }) },
    effects: [grant],
    says: /without enough votes/,
  },
  {
    name: 'a grant on others’ votes without the own',
    before: serving,
    after: { ...serving, lease: held({ rounds: [{ ...round, own: false }] }) },
    effects: [grant],
    says: /without enough votes/,
  },
  {
    name: 'a grant on two of five',
    before: voters3(serving),
    after: voters3({ ...serving, lease: held() }),
    effects: [grant],
    settings: with3,
    says: /without enough votes/,
  },
  {
    name: 'a grant without the right',
    before: passive,
    after: passive,
    effects: [grant],
    settings: { ...s, arbiter: noArbiter },
    says: /without the right to serve/,
  },
  {
    name: 'held open without the right',
    before: passive,
    after: passive,
    effects: [holdOpen],
    says: /without the right to serve/,
  },
  {
    name: 'opened while closing',
    before: {
      ...serving,
      phase: { name: 'closing', op: 1, sureAt: 1e9, epoch: 2, why: 'stop', againAt: 1e15, ordered: false },
    },
    after: { ...serving, lease: held() },
    effects: [grant],
    says: /while it is being closed/,
  },
  {
    name: 'serving without the right',
    before: serving,
    after: { ...serving, lease: passive.lease },
    says: /serving without the right/,
  },
  {
    name: 'asks in maintenance by itself',
    before: maintained,
    after: { ...maintained, lease: asking(4) },
    says: /while in hold/,
  },
  {
    name: 'asks in manual mode by itself',
    before: manual,
    after: { ...manual, lease: asking(4) },
    says: /while in hold/,
  },
];

describe('each law sees a hand-made offence', () => {
  for (const o of offences) {
    test(o.name, () => {
      assert.match(checkInvariants(o.settings ?? s, o.before, o.after, o.effects ?? []) ?? 'nothing seen', o.says);
    });
  }
});

describe('and lets pass what is allowed', () => {
  const errand = {
    id: 'c1',
    name: 'start',
    wants: 'serve',
    until: 1e9,
    confirmed: false,
    requestAt: 0,
    request: { whenIdle: false, maxWaitMs: 0 },
  } as const;
  const allowed: readonly (readonly [string, State, State, readonly Effect[]])[] = [
    ['nothing', serving, serving, []],
    ['a grant on own vote and the checkpoint', serving, { ...serving, lease: held() }, [grant]],
    [
      'a grant on the rival’s word alone',
      serving,
      { ...serving, lease: held({ rounds: [{ ...round, own: false, yes: ['standby'] }] }) },
      [grant],
    ],
    [
      'a grant without votes in the decision in which the checkpoints count again',
      { ...serving, disk: { ...serving.disk, loose: true } },
      { ...serving, lease: held({ rounds: [{ ...round, yes: [] }] }) },
      [grant],
    ],
    [
      'a promise that is over',
      boot(promised, { promise: { holder: 'standby', epoch: 3, until: passive.now } }),
      boot(promised, { promise: { holder: 'main', epoch: 4, until: 1e9 } }),
      [],
    ],
    [
      'a promise whose epoch was released',
      promised,
      boot(promised, { releasedStandby: 3, promise: { holder: 'main', epoch: 4, until: 1e9 } }),
      [],
    ],
    ['an errand in manual mode', { ...manual, errand }, { ...manual, errand, lease: asking(4) }, []],
    ['a handover in maintenance', maintained, { ...maintained, lease: asking(4, 3) }, []],
  ];
  for (const [name, before, after, effects] of allowed) {
    test(name, () => assert.equal(checkInvariants(s, before, after, effects), null));
  }
});
