/** Faults that are drawn by name alone: the core as it is withstands them, so that what a mutant shows is the mutant's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSeed, settingsOfSeed } from './run.ts';

const SEEDS = 60;

const kinds: Readonly<Record<string, (seed: number) => boolean>> = {
  'machine-paused': () => true,
  'machine-paused-as-it-asks': () => true,
  'clock-step': () => true,
  'standby-died': (seed) => settingsOfSeed(seed)('main').watch.kind === 'looks',
  'etcd-cut-for-long': (seed) => settingsOfSeed(seed)('main').arbiter.kind === 'etcd',
};

for (const [fault, fits] of Object.entries(kinds)) {
  test(`nothing is broken by ${fault}`, () => {
    let runs = 0;
    for (let seed = 1; runs < SEEDS; seed += 1) {
      if (!fits(seed)) continue;
      runs += 1;
      const found = runSeed({ seed, faults: [fault] }).violations.map(({ kind, text }) => `${seed}: ${kind}: ${text}`);
      assert.deepEqual(found, []);
    }
  });
}
