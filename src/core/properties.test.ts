import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { decide } from './decide.ts';
import { explain } from './explain.ts';
import { checkInvariants } from './invariants.ts';
import { stepsUnderWay } from './plan.ts';
import { protectionOf } from './protection.ts';
import { rulesWithSentence } from './sentences.ts';
import type { State } from './state.ts';
import { diskMemory, orders, started, WALL } from './testing/builders.ts';
import { anyHappenings, anySettings, anyStart, type Happening, play } from './testing/lives.ts';

const RUNS = { numRuns: 250 };

test('whatever happens, no law is broken, nothing is thrown, and a state is only ever replaced', () => {
  fc.assert(
    fc.property(anySettings, anyStart, anyHappenings, (s, first, happenings) => {
      play(s, first, happenings, (before, event, { state, effects }) => {
        if (event.kind !== 'started') assert.equal(checkInvariants(s, before, state, effects), null);
        const steps = stepsUnderWay(state.plan).map(({ index }) => index);
        assert.equal(new Set(steps).size, steps.length, 'a step is begun while it is under way');
      });
    }),
    RUNS,
  );
});

test('these lives go everywhere: every phase, lease and kind of reason is met', () => {
  const met = new Set<string>();
  const gather = fc.property(anySettings, anyStart, anyHappenings, (s, first, happenings) => {
    play(s, first, happenings, (_before, _event, { state, reasons }) => {
      met.add(state.phase.name).add(state.lease.name);
      for (const { rule } of reasons) met.add(rule);
    });
  });
  fc.assert(gather, { numRuns: 2000, seed: 1 });
  // Each has tests of its own.
  const seldom = [
    'flapping',
    'cut-off',
    'nobody-serves',
    'alone',
    'company',
    'checkpoints-count-again',
    'fence-contradicted',
    'doubt-over',
  ];
  const wanted = [
    'passive',
    'serving',
    'draining',
    'closing',
    'none',
    'sounding',
    'asking',
    'held',
    ...rulesWithSentence(),
  ];
  assert.deepEqual(
    wanted.filter((what) => !met.has(what) && !seldom.includes(what)),
    [],
  );
});

test('the same settings, state and event give the same decision; a state survives being written as JSON', () => {
  fc.assert(
    fc.property(anySettings, anyStart, anyHappenings, (s, first, happenings) => {
      play(s, first, happenings.slice(0, 60), (before, event, decision) => {
        const thawed = JSON.parse(JSON.stringify(before)) as State;
        assert.deepEqual(thawed, before);
        const again = decide(structuredClone(s), thawed, structuredClone(event), WALL + event.at);
        assert.deepEqual(again, decision);
      });
    }),
    { numRuns: 60 },
  );
});

test('the core asks to be woken within a heartbeat, or two while it holds, and never in the past', () => {
  fc.assert(
    fc.property(anySettings, anyStart, anyHappenings, (s, first, happenings) => {
      play(s, first, happenings, (_before, event, { state, wakeAt }) => {
        assert.ok(wakeAt >= event.at);
        const closingOpen = state.phase.name === 'closing';
        assert.ok(
          closingOpen || wakeAt <= event.at + 2 * s.timing.heartbeatMs,
          `${wakeAt - event.at} ms, ${state.lease.name}`,
        );
      });
    }),
    RUNS,
  );
});

test('explain and the protection line have an answer in every state', () => {
  fc.assert(
    fc.property(anySettings, anyStart, anyHappenings, (s, first, happenings) => {
      play(s, first, happenings, (_before, event, { state }) => {
        const { text, ifOtherOrThisDied } = explain(s, state, event.at);
        assert.ok(text.length > 10 && ifOtherOrThisDied.text.length > 10);
        assert.ok(!/undefined|NaN/.test(text + ifOtherOrThisDied.text), text);
        const facts = { gateEnforced: true, watchesOwnNetwork: true };
        if (s.arbiter.kind === 'none' && s.fencing === null)
          assert.notEqual(protectionOf(s, state, facts).level, 'always');
      });
    }),
    { numRuns: 60 },
  );
});

test('in maintenance and manual mode nothing but a person, or who handed over, begins service', () => {
  fc.assert(
    fc.property(anySettings, anyHappenings, (s, happenings) => {
      const disk = diskMemory({ orders: orders({ revision: 8, mode: 'manual' }) });
      const quiet = happenings.map(
        ({ ms, make }): Happening => ({
          ms,
          make: (t, state, at) => {
            const event = make(t, state, at);
            const moves = event.kind === 'command' || (event.kind === 'message' && event.message.type === 'release');
            return moves ? { kind: 'wake', at } : event;
          },
        }),
      );
      play(s, started(10_000, { disk }), quiet, (_before, _event, { state }) => {
        assert.equal(state.phase.name, 'passive');
        assert.notEqual(state.lease.name, 'asking');
      });
    }),
    RUNS,
  );
});
