import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { createTime } from '../agent/testing/time.ts';
import type { Check } from './check.ts';
import { createRegistry } from './registry.ts';
import type { CheckResult, Finding, Outcome } from './report.ts';
import { createRunner } from './runner.ts';
import { beginning, firstTurns, nextDue, type Turn, wakeAt } from './schedule.ts';

const finding = (outcome: Outcome): Finding => {
  if (outcome === 'pass') return { outcome, evidence: 'fine' };
  return outcome === 'fail' ? { outcome, evidence: 'broken', remedy: 'mend it' } : { outcome, why: 'because' };
};

const outcomes = fc.constantFrom<Outcome>('pass', 'fail', 'unknown', 'not-applicable');
const turns: fc.Arbitrary<readonly Turn[]> = fc.uniqueArray(
  fc.record({
    id: fc.string({ minLength: 1, maxLength: 5 }),
    dueAt: fc.integer({ min: 0, max: 1000 }),
    running: fc.boolean(),
  }),
  { selector: ({ id }) => id, maxLength: 30 },
);

describe('turns', () => {
  test('the next one comes within a tenth of its span, sooner where it did not pass, and never at once', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1000, max: 3_600_000 }),
        outcomes,
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (everyMs, outcome, chance) => {
          const due = nextDue({ everyMs }, outcome, 500, chance) - 500;
          assert.ok(due <= everyMs * 1.1 + 1e-6);
          const well = outcome === 'pass' || outcome === 'not-applicable';
          assert.ok(due >= (well ? everyMs : Math.min(everyMs, 5000)) * 0.9 - 1e-6);
          if (!well && everyMs >= 40_000) assert.ok(due <= (everyMs / 4) * 1.1 + 1e-6);
        },
      ),
    );
  });

  test('of those that are due, the longest waiting begin; none twice, never more than the places', () => {
    fc.assert(
      fc.property(turns, fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 1, max: 8 }), (all, now, most) => {
        const begun = beginning(all, now, most);
        const running = all.filter((turn) => turn.running).length;
        assert.ok(begun.length + running <= Math.max(most, running));
        const ready = all.filter((turn) => !turn.running && turn.dueAt <= now);
        assert.equal(begun.length, Math.min(ready.length, Math.max(0, most - running)));
        const dueOf = (id: string): number => all.find((turn) => turn.id === id)?.dueAt ?? -1;
        for (const id of begun)
          for (const left of ready.filter((turn) => !begun.includes(turn.id))) assert.ok(dueOf(id) <= left.dueAt);
        // Whoever neither begins now nor is woken later would be forgotten.
        if (begun.length === 0 && all.some((turn) => !turn.running) && running < most)
          assert.notEqual(wakeAt(all, most), null);
      }),
    );
  });

  test('the first round begins with what is critical, and is spread', () => {
    const first = firstTurns(
      [
        { id: 'a', severity: 'advice' },
        { id: 'b', severity: 'critical' },
      ],
      100,
    );
    assert.deepEqual(
      first.map(({ id }) => id),
      ['b', 'a'],
    );
    assert.ok((first[1]?.dueAt ?? 0) > (first[0]?.dueAt ?? 0));
  });
});

const checkOf = (id: string, run: Check['run'], more: Partial<Check> = {}): Check => ({
  id,
  about: id,
  severity: 'warning',
  scope: 'node',
  everyMs: 10_000,
  timeoutMs: 1000,
  remedy: 'mend it',
  run,
  ...more,
});

const runnerWith = (checks: readonly Check[], accepted: readonly string[] = []) => {
  const time = createTime();
  const seen: CheckResult[] = [];
  const runner = createRunner({
    checks,
    accepted,
    clock: time.clock,
    chance: () => 0.5,
    since: () => null,
    onResult: (result) => seen.push(result),
  });
  return { time, seen, runner };
};

describe('the runner', () => {
  test('tries each again and again, and keeps since when an outcome has been what it is', async () => {
    let outcome: Outcome = 'pass';
    let runs = 0;
    const { time, runner } = runnerWith([
      checkOf('a', async () => {
        runs += 1;
        return finding(outcome);
      }),
    ]);
    runner.start();
    await time.pass(25_000);
    assert.equal(runs, 3);
    const before = runner.results()[0];
    assert.ok(before !== undefined && before.since < before.at);
    outcome = 'fail';
    await time.pass(10_000);
    const after = runner.results()[0];
    assert.ok(after !== undefined && after.finding.outcome === 'fail' && after.since > before.at);
    await runner.stop();
  });

  test('what does not end in time is unknown, is called off, and holds up nobody, also when it heeds nothing', async () => {
    let aborted = 0;
    let begun = 0;
    const deaf = Array.from({ length: 6 }, (_, index) =>
      checkOf(`deaf-${index}`, (signal) => {
        begun += 1;
        signal.addEventListener('abort', () => {
          aborted += 1;
        });
        return new Promise(() => undefined);
      }),
    );
    let quick = 0;
    const last = checkOf('quick', async () => {
      quick += 1;
      return finding('pass');
    });
    const { time, runner } = runnerWith([...deaf, last]);
    runner.start();
    await time.pass(60_000);
    // Not begun a second time beside itself.
    assert.deepEqual([begun, aborted], [6, 6]);
    assert.ok(quick >= 5, `${quick}`);
    const result = runner.results().find(({ id }) => id === 'deaf-0');
    assert.deepEqual(result?.finding, { outcome: 'unknown', why: 'it had not ended after 1 s' });
    const stopped = runner.stop();
    await time.pass(2000);
    await stopped;
    assert.equal(time.waiting(), 0);
  });

  test('never more than four at once, and all have their turn', async () => {
    let now = 0;
    let most = 0;
    const time = createTime();
    const checks = Array.from({ length: 20 }, (_, index) =>
      checkOf(`c-${index}`, async () => {
        now += 1;
        most = Math.max(most, now);
        await new Promise<void>((resolve) => void time.clock.at(time.clock.now() + 500, resolve));
        now -= 1;
        return finding('pass');
      }),
    );
    const runner = createRunner({
      checks,
      accepted: [],
      clock: time.clock,
      chance: () => 0.5,
      since: () => null,
      onResult: () => undefined,
    });
    runner.start();
    await time.pass(5000);
    assert.equal(most, 4);
    assert.equal(runner.results().length, 20);
    const stopped = runner.stop();
    await time.pass(2000);
    await stopped;
  });

  test('asked for now, a run that begins after the asking is waited for', async () => {
    let mended = false;
    const time = createTime();
    const runner = createRunner({
      checks: [
        checkOf('a', async () => {
          const seen = mended;
          await new Promise<void>((resolve) => void time.clock.at(time.clock.now() + 300, resolve));
          return finding(seen ? 'pass' : 'fail');
        }),
      ],
      accepted: ['a'],
      clock: time.clock,
      chance: () => 0,
      since: () => null,
      onResult: () => undefined,
    });
    runner.start();
    await time.pass(100);
    mended = true;
    const asked = runner.runNow(null);
    await time.pass(1000);
    await asked;
    const [result] = runner.results();
    assert.deepEqual([result?.finding.outcome, result?.accepted], ['pass', true]);
    await runner.stop();
  });
});

test('the registry takes no id twice, no odd one, and no check that may outlast its turns', () => {
  const registry = createRegistry();
  const definition = { ...checkOf('one', async () => finding('pass')), try: async () => finding('pass') };
  registry.add('f', [definition]);
  assert.throws(() => registry.add('g', [definition]), /two checks are called one/);
  assert.throws(() => registry.add('g', [{ ...definition, id: 'Two!' }]), /no id/);
  assert.throws(() => registry.add('g', [{ ...definition, id: 'two', timeoutMs: 30_000 }]), /longer than its turn/);
  assert.deepEqual(
    registry.all().map(({ id }) => id),
    ['one'],
  );
});
