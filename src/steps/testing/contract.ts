/** What every step keeps to, as tests: each adapter's test file calls this with a little world that it acts on. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Fault } from '../../core/result.ts';
import type { StepAdapter } from '../../ports.ts';
import type { Finished, Run } from '../../process/run.ts';

/** A world in memory behind a `Run`: what programs would do to a server. */
export interface World {
  readonly run: Run;
  /** What the world looks like, for comparison. */
  state(): string;
}

export interface Contract {
  readonly name: string;
  createWorld(): World;
  /** A fresh adapter, as after a restart of the agent. */
  createStep(run: Run, world: World): StepAdapter;
  /** False for what cannot look (hooks): it acts each time. */
  readonly looks: boolean;
}

export const finished = (over: Partial<Finished> = {}): Finished => ({
  exitCode: 0,
  endedBy: null,
  stdout: '',
  stderr: '',
  tookMs: 1,
  ...over,
});

const fault = (code: string): { readonly ok: false; readonly error: Fault } => ({
  ok: false,
  error: { code, message: `cut off (${code}).`, remedy: 'None.' },
});

type Cut = 'before' | 'after';

/** Lets `calls` calls through, and cuts off the next one: before it takes effect, or after it and unseen. */
const cutAfter = (
  run: Run,
  calls: number,
  cut: Cut,
  code: string,
): { readonly run: Run; readonly wasCut: () => boolean } => {
  let left = calls;
  let wasCut = false;
  return {
    wasCut: () => wasCut,
    run: async (argv, options) => {
      left -= 1;
      if (left >= 0) return run(argv, options);
      if (left < -1) return fault(code);
      wasCut = true;
      if (cut === 'after') await run(argv, options);
      return fault(code);
    },
  };
};

const never = new AbortController().signal;

const directions = ['activate', 'passivate', 'restart'] as const;

const cutAtEveryCall = async (contract: Contract, direction: 'activate' | 'passivate', cut: Cut): Promise<void> => {
  const wanted = contract.createWorld();
  await contract.createStep(wanted.run, wanted).run(direction, never);
  for (let calls = 0; calls < 50; calls += 1) {
    const world = contract.createWorld();
    const cutting = cutAfter(world.run, calls, cut, 'program-timeout');
    const first = await contract.createStep(cutting.run, world).run(direction, never);
    if (!cutting.wasCut()) {
      assert.ok(calls > 0, 'the world was asked at least once');
      return;
    }
    // It may be done all the same, if a look showed it; then it is true.
    if (first.outcome === 'done')
      assert.equal(world.state(), wanted.state(), `cut ${cut} call ${calls}: said to be done`);
    const second = await contract.createStep(world.run, world).run(direction, never);
    assert.equal(second.outcome, 'done', `cut ${cut} call ${calls}, then again: ${second.detail}`);
    assert.equal(world.state(), wanted.state(), `cut ${cut} call ${calls}, then again`);
  }
  assert.fail('it never ends');
};

/** Registers the tests of the contract. */
export const keepsTheContract = (contract: Contract): void => {
  void describe(`${contract.name} keeps the contract of steps`, () => {
    for (const direction of ['activate', 'passivate'] as const) {
      void test(`${direction} is done once; done again it changes nothing`, async () => {
        const world = contract.createWorld();
        const step = contract.createStep(world.run, world);
        assert.equal((await step.run(direction, never)).outcome, 'done');
        const state = world.state();
        const again = await step.run(direction, never);
        assert.equal(again.outcome, 'done');
        if (contract.looks) assert.equal(again.changed, false);
        assert.equal(world.state(), state);
      });

      for (const cut of ['before', 'after'] as const) {
        void test(`${direction} cut off at any call (${cut} its effect) and run again converges`, () =>
          cutAtEveryCall(contract, direction, cut));
      }
    }

    void test('a deadline that passes leaves it unknown', async () => {
      const world = contract.createWorld();
      for (const direction of directions) {
        const { outcome } = await contract
          .createStep(async () => fault('program-timeout'), world)
          .run(direction, never);
        assert.ok(outcome === 'unknown' || (outcome === 'done' && direction === 'restart'), `${direction}: ${outcome}`);
      }
    });

    void test('it never throws, whatever the world does', async () => {
      const world = contract.createWorld();
      const broken: Run = () => Promise.reject(new Error('broken'));
      const garbled: Run = async () => ({ ok: true, value: finished({ exitCode: 42, stdout: '\u0000{]\n=\n' }) });
      const missing: Run = async () => fault('program-missing');
      for (const run of [broken, garbled, missing]) {
        for (const direction of directions) {
          const { outcome, detail } = await contract.createStep(run, world).run(direction, never);
          assert.ok(detail !== '');
          assert.ok(outcome !== 'done' || direction === 'restart', `${direction}: ${outcome} ${detail}`);
        }
      }
    });

    void test('called off before it began, it does nothing', async () => {
      const world = contract.createWorld();
      const before = world.state();
      const { outcome } = await contract.createStep(world.run, world).run('activate', AbortSignal.abort());
      assert.equal(outcome, 'unknown');
      assert.equal(world.state(), before);
    });

    void test('a preview changes nothing', async () => {
      const world = contract.createWorld();
      const before = world.state();
      for (const direction of directions) {
        assert.notEqual(await contract.createStep(world.run, world).preview(direction), '');
      }
      assert.equal(world.state(), before);
    });
  });
};
