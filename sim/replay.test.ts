/** Invariant 8: a recorded run replayed through the core gives the same decisions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { type Decision, decide } from '../src/core/decide.ts';
import type { Event } from '../src/core/event.ts';
import { initialState, type State } from '../src/core/state.ts';
import type { Role, WallTime } from '../src/core/words.ts';
import { runSeed, settingsOfSeed } from './run.ts';

interface Recorded {
  readonly event: Event;
  readonly wall: WallTime;
  readonly decision: Decision;
}

const record = (seed: number, faults?: readonly string[]): Record<Role, Recorded[]> => {
  const recorded: Record<Role, Recorded[]> = { main: [], standby: [] };
  const decided = (role: Role, decision: Decision, event: Event, wall: WallTime): void => {
    recorded[role].push({ event, wall, decision });
  };
  runSeed({ seed, ...(faults === undefined ? {} : { faults }), observer: { decided } });
  return recorded;
};

const throughJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** Now and then event and state go through JSON, as they would through a journal. */
const replay = (seed: number, role: Role, recorded: readonly Recorded[]): void => {
  const settings = settingsOfSeed(seed)(role);
  let state: State = initialState(settings);
  for (const [index, { event, wall, decision: expected }] of recorded.entries()) {
    if (event.kind === 'started') state = initialState(settings);
    const written = index % 8 === 0;
    const decision = decide(settings, written ? throughJson(state) : state, written ? throughJson(event) : event, wall);
    // A state that differs is found at the next comparison of states, at the latest at the end.
    const whole = written || index === recorded.length - 1;
    const parts = ({ effects, reasons, wakeAt, state: after }: Decision) => [
      effects,
      reasons,
      wakeAt,
      whole ? after : null,
    ];
    if (!isDeepStrictEqual(parts(decision), parts(expected))) {
      assert.deepEqual(decision, expected, `seed ${seed}, ${role}, ${index}: ${JSON.stringify(event)}`);
    }
    ({ state } = decision);
  }
};

const replaySeed = (seed: number, faults?: readonly string[]): number => {
  const recorded = record(seed, faults);
  for (const role of ['main', 'standby'] as const) replay(seed, role, recorded[role]);
  return recorded.main.length + recorded.standby.length;
};

test('50 seeds with all faults give the same decisions again', () => {
  let decisions = 0;
  for (let seed = 1; seed <= 40; seed += 1) decisions += replaySeed(seed);
  for (let seed = 41; seed <= 50; seed += 1)
    decisions += replaySeed(seed, ['manual-mode', 'agent-restart', 'cut-two-ways', 'maintenance']);
  assert.ok(decisions > 20_000, `only ${decisions} decisions`);
});

test('a recording that was tampered with is noticed', () => {
  const { main } = record(3);
  const at = main.findIndex(
    ({ event }) => event.kind === 'message' && event.message.type === 'answer' && event.message.yes,
  );
  assert.ok(at >= 0);
  const tampered = throughJson(main);
  const told = tampered[at]?.event;
  if (told?.kind === 'message') Object.assign(told.message, { yes: false });
  assert.throws(() => replay(3, 'main', tampered));
});
