import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { inForce, joined, knownOf, knowsAll, noOrders, withLeft, withOrder } from './in-force.ts';
import type { Orders } from './message.ts';
import type { Role } from './words.ts';

const manual = { mode: 'manual' } as const;
const automatic = { mode: 'automatic' } as const;

test('manual mode is not ended by an order that did not know of it, however often', () => {
  const byHand = withOrder(noOrders, 'standby', manual);
  let unaware: Orders = noOrders;
  for (let n = 0; n < 3; n += 1) unaware = withOrder(unaware, 'main', { maintenanceMs: n });
  const all = joined(byHand, unaware);
  assert.equal(inForce(all), byHand.standby);
  assert.ok(!knowsAll(knownOf(unaware), byHand));
  assert.equal(inForce(withOrder(all, 'main', automatic)).mode, 'automatic');
});

test('who knew of manual mode ends it, whatever else was ordered by hand meanwhile', () => {
  const byHand = withOrder(noOrders, 'standby', manual);
  const ended = withOrder(byHand, 'main', automatic);
  const meanwhile = withOrder(byHand, 'standby', { maintenanceMs: 0 });
  assert.equal(inForce(joined(ended, meanwhile)).mode, 'automatic');
  const anew = withOrder(byHand, 'standby', manual);
  assert.equal(inForce(joined(ended, anew)).mode, 'manual', 'but who orders it anew has it');
});

test('of two orders of one mode that did not know of each other the higher revision holds', () => {
  const once = withOrder(noOrders, 'standby', { maintenanceMs: 5 });
  const twice = withOrder(withOrder(noOrders, 'main', { maintenanceMs: 6 }), 'main', { maintenanceMs: 7 });
  assert.equal(inForce(joined(once, twice)).maintenanceMs, 7);
});

test('a maintenance that is not in force has nothing left', () => {
  const all = joined(withOrder(noOrders, 'standby', manual), withOrder(noOrders, 'main', { maintenanceMs: 9 }));
  assert.equal(withLeft(all, 0).main.maintenanceMs, 0);
  assert.equal(withLeft(noOrders, 0), noOrders);
});

/** Persons order at both nodes, which hear of each other now and then. */
const anyHistory = fc.array(
  fc.oneof(
    fc.record({ at: fc.constantFrom<Role>('main', 'standby'), mode: fc.constantFrom('manual', 'automatic') }),
    fc.record({ from: fc.constantFrom<Role>('main', 'standby') }),
  ),
  { maxLength: 12 },
);

test('whatever was ordered where, and whoever heard of it first: all who know the same agree, and know no less than before', () => {
  fc.assert(
    fc.property(anyHistory, fc.infiniteStream(fc.nat()), (history, picks) => {
      const at: Record<Role, Orders> = { main: noOrders, standby: noOrders };
      const heard: Orders[] = [noOrders];
      for (const step of history) {
        if ('from' in step) {
          const to = step.from === 'main' ? 'standby' : 'main';
          at[to] = joined(at[to], at[step.from]);
        } else {
          const given = withOrder(at[step.at], step.at, { mode: step.mode });
          assert.equal(inForce(given), given[step.at], 'a person is obeyed where the order is given');
          assert.equal(given[step.at].revision % 2, step.at === 'main' ? 0 : 1);
          at[step.at] = given;
        }
        heard.push(at.main, at.standby);
      }
      const all = joined(at.main, at.standby);
      let other: Orders = noOrders;
      for (const told of heard.toSorted(() => ((picks.next().value ?? 0) % 3) - 1)) {
        const more = joined(other, told);
        assert.ok(knowsAll(knownOf(more), other) && knowsAll(knownOf(more), told));
        other = more;
      }
      assert.deepEqual(other, all);
      assert.equal(inForce(other), inForce(all));
    }),
  );
});
