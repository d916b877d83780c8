/** Pairs of servers that telephone already, whose main goes on with what serves (ADR 0063). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingsFor, timings } from './presets.ts';
import { runSeed } from './run.ts';
import { createWorld } from './world.ts';

test('100 seeds with all faults: never two where that is promised, and one serves in the end', () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const { violations } = runSeed({ seed, adopted: true });
    assert.deepEqual(violations, [], `bin/dualtone simulate --adopted --seed ${seed}`);
  }
});

test('without a fault nobody is without service for an instant, and nothing is stopped on the main', () => {
  for (const preset of ['fast', 'quick'] as const)
    for (let seed = 1; seed <= 20; seed += 1) {
      const failback = { policy: 'manual', holdMs: 60_000, maxWaitMs: 0 } as const;
      const stopped: string[] = [];
      const w = createWorld({
        seed,
        settingsOf: settingsFor({ timing: timings[preset], checkpoints: 0, failback }),
        observer: {
          decided: (role, { effects }) => {
            for (const effect of effects)
              if (role === 'main' && effect.kind === 'step' && effect.direction === 'passivate')
                stopped.push(effect.stepId);
          },
        },
      });
      w.bootAdopted();
      w.timeline.runUntil(8000);
      w.checkers.finish();
      const silentMs = w.checkers.gaps.reduce((sum, { from, to }) => sum + to - from, 0);
      assert.deepEqual([stopped, silentMs, w.checkers.twoServingMs(), w.checkers.changes], [[], 0, 0, 0]);
      assert.equal(w.agents.standby.state.phase.name, 'passive');
      assert.equal(w.agents.standby.status, 'running');
    }
});
