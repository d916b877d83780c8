import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  advance,
  lastEpoch,
  type MergeEvent,
  type MergeState,
  newMerge,
  nextAction,
  nextUndo,
  replay,
  type StandbyView,
} from './machine.ts';
import type { Term } from './part.ts';

const PARTS = ['configuration', 'status', 'events'];
const term = (epoch: number, to: number | null = epoch * 100 + 50): Term => ({ epoch, from: epoch * 100, to });

/** What the world does between two steps of the machine. */
type Happening = 'crash' | 'crash-when-told' | 'takeover' | 'failback' | 'collect' | 'fail' | 'run' | 'nothing';

/** A standby that collects, and a main that is brought what there is; parts as counters of what is home. */
const createWorld = () => {
  let standby: StandbyView = { serving: true, terms: [term(1, null)] };
  let collected = 0;
  const homeByPart = new Map(PARTS.map((part) => [part, 0]));
  const log: MergeEvent[] = [];
  let state: MergeState = newMerge;
  let begun = false;
  let failNext = false;
  let crashWhenTold = false;
  let overwritten = false;
  const happened = (event: MergeEvent): void => {
    log.push(event);
    state = advance(state, event);
  };
  const quiet = (terms: readonly Term[]): readonly Term[] => terms.map((one) => term(one.epoch));
  return {
    state: () => state,
    overwritten: () => overwritten,
    lost: () => overwritten && [...homeByPart.values()].some((home) => home !== collected),
    happen: (what: Happening): void => {
      if (what === 'crash-when-told') crashWhenTold = true;
      else if (what === 'crash') {
        state = replay(log);
        begun = false;
      } else if (what === 'run') begun = false;
      else if (what === 'fail') failNext = true;
      else if (overwritten) return;
      else if (what === 'collect' && standby.serving) collected += 1;
      else if (what === 'failback') standby = { serving: false, terms: quiet(standby.terms) };
      else if (what === 'takeover' && !standby.serving)
        standby = { serving: true, terms: [...standby.terms, term(lastEpoch(standby.terms) + 2, null)] };
    },
    step: (): boolean => {
      const action = nextAction(state, standby, PARTS, begun);
      if (action.kind === 'begin-pass') {
        begun = true;
        happened({ kind: 'pass-begun', at: 1, pass: action.pass, terms: standby.terms });
      } else if (action.kind === 'run-part') {
        if (failNext) happened({ kind: 'part-failed', at: 1, part: action.part, code: 'x', message: 'X.' });
        else {
          homeByPart.set(action.part, collected);
          happened({ kind: 'part-done', at: 1, part: action.part });
        }
        failNext = false;
      } else if (action.kind === 'note') happened({ kind: 'noted', at: 1, epoch: lastEpoch(state.terms) });
      else if (action.kind === 'tell-standby') {
        // The standby refuses where it has served in a later term.
        if (!standby.serving && action.epoch === lastEpoch(standby.terms)) {
          overwritten = true;
          standby = { serving: false, terms: [] };
          if (crashWhenTold) {
            crashWhenTold = false;
            state = replay(log);
            begun = false;
          } else happened({ kind: 'settled', at: 1, epoch: action.epoch });
        }
      } else if (action.kind === 'was-told') happened({ kind: 'settled', at: 1, epoch: action.epoch });
      else return false;
      return true;
    },
  };
};

const happenings = fc.array(
  fc.constantFrom<Happening>(
    'crash',
    'takeover',
    'failback',
    'collect',
    'fail',
    'run',
    'nothing',
    'nothing',
    'nothing',
  ),
  { maxLength: 60 },
);

test('the standby is never told while anything is not home, whatever happens in between', () => {
  fc.assert(
    fc.property(happenings, (list) => {
      const world = createWorld();
      for (const what of list) {
        world.happen(what);
        world.step();
        assert.equal(world.lost(), false);
      }
    }),
    { numRuns: 2000 },
  );
});

test('once faults stop and the standby is quiet, a run settles within a bound', () => {
  fc.assert(
    fc.property(happenings, (list) => {
      const world = createWorld();
      for (const what of list) {
        world.happen(what);
        world.step();
      }
      world.happen('failback');
      // A fault that was ordered and has not come yet.
      for (let round = 0; round < 3; round += 1) {
        world.happen('run');
        for (let step = 0; step < 20 && world.step(); step += 1);
      }
      assert.equal(world.state().phase, 'settled');
      assert.equal(world.overwritten(), true);
      assert.equal(world.lost(), false);
    }),
    { numRuns: 1000 },
  );
});

test('the machine without its check of quietness is caught by the first property', () => {
  const world = createWorld();
  world.step();
  for (const part of PARTS) assert.ok(world.step(), part);
  assert.deepEqual(nextAction(world.state(), { serving: true, terms: [term(1, null)] }, PARTS, true), {
    kind: 'rest',
    complete: false,
  });
  assert.deepEqual(nextAction(world.state(), { serving: false, terms: [term(1)] }, PARTS, true), {
    kind: 'begin-pass',
    pass: 'second',
  });
});

test('lines written twice do no harm; after settled and undone nothing runs', () => {
  const events: readonly MergeEvent[] = [
    { kind: 'pass-begun', at: 1, pass: 'second', terms: [term(1)] },
    ...PARTS.map((part): MergeEvent => ({ kind: 'part-done', at: 2, part })),
    { kind: 'noted', at: 3, epoch: 1 },
    { kind: 'settled', at: 4, epoch: 1 },
  ];
  const once = replay(events);
  const twice = replay(events.flatMap((event, index) => (index === 0 ? [event] : [event, event])));
  assert.deepEqual(twice, once);
  assert.deepEqual(nextAction(once, { serving: false, terms: [term(1)] }, PARTS, false), {
    kind: 'rest',
    complete: true,
  });
  const undoing = advance(once, { kind: 'undo-begun', at: 5 });
  assert.deepEqual([undoing.phase, undoing.wasSettled], ['undoing', true]);
  assert.equal(nextUndo(undoing, PARTS), 'events');
  const left = advance(undoing, { kind: 'part-undone', at: 6, part: 'events' });
  assert.equal(nextUndo(left, PARTS), 'status');
  assert.equal(advance(left, { kind: 'pass-begun', at: 7, pass: 'first', terms: [] }).phase, 'undoing');
});
