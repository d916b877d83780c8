import * as fc from 'fast-check';
import type { Message, Order, Orders, Status } from '../core/message.ts';
import { MAX_REASON } from './message-codec.ts';

const whole = fc.maxSafeNat();
const span = fc.double({ min: 0, max: 86_400_000, noNaN: true }).map((value) => Math.abs(value));
const role = fc.constantFrom('main' as const, 'standby' as const);
const question = fc.constantFrom('sound' as const, 'ask' as const, 'renew' as const, 'hello' as const);

const status: fc.Arbitrary<Status> = fc.record({
  role,
  at: span,
  life: whole,
  holding: whole,
  heldOpen: fc.boolean(),
  well: fc.boolean(),
  calls: fc.integer({ min: -1, max: 100_000 }),
  wantsLoose: fc.boolean(),
  loose: fc.boolean(),
});

const order: fc.Arbitrary<Order> = fc.record({
  revision: whole,
  knew: whole,
  manualSince: whole,
  mode: fc.constantFrom('automatic' as const, 'manual' as const),
  maintenanceMs: span,
  maintenanceReason: fc
    .string({ unit: 'grapheme', maxLength: 40 })
    .map((text) => text.slice(0, MAX_REASON).toWellFormed()),
});

const orders: fc.Arbitrary<Orders> = fc.record({ main: order, standby: order });

/** Any message that a node or checkpoint may send; for tests. */
export const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    type: fc.constant('ask' as const),
    question,
    epoch: whole,
    seq: whole,
    bind: fc.boolean(),
    restarts: fc.boolean(),
    release: whole,
    vouched: fc.boolean(),
    status,
    orders,
  }),
  fc.record({
    type: fc.constant('answer' as const),
    question,
    epoch: whole,
    seq: whole,
    yes: fc.boolean(),
    why: fc.constantFrom(null, 'silent', 'released', 'older', 'promised', 'held-open', 'rival', 'not-asked'),
    waitMs: span,
    highest: whole,
    heard: fc.option(fc.record({ agoMs: span, status })),
    status: fc.option(status),
    orders,
  }),
  fc.record({
    type: fc.constant('release' as const),
    role,
    epoch: whole,
    addressee: fc.option(role),
    ordered: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('handover-request' as const),
    epoch: whole,
    heard: span,
    validMs: span,
    whenIdle: fc.boolean(),
    maxWaitMs: span,
  }),
);
