import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import * as fc from 'fast-check';
import { fail, ok, type Result } from '../../core/result.ts';
import type { StandbyView } from './machine.ts';
import { createMerges, type MergeRunOptions, type Merges } from './orchestrate.ts';
import type { MergeIdentity, MergePart, PartReport } from './part.ts';
import { previewLines, reportLines } from './report.ts';
import { createMergeStore, type MergeStore } from './store.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dualtone-merge-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const asked = (changes: Partial<MergeRunOptions> = {}): MergeRunOptions => ({
  decisions: { all: 'ask', byId: {} },
  signal: new AbortController().signal,
  onProgress: () => undefined,
  ...changes,
});

const report = (part: string, changes: Partial<PartReport> = {}): PartReport => ({
  part,
  count: 0,
  left: 0,
  what: 'nothing',
  conflicts: [],
  pending: [],
  refused: [],
  warnings: [],
  ...changes,
});

/** A part that brings a set of items, each once, marked with the merge; `before` may throw or fail. */
const createPart = (
  name: string,
  collected: () => ReadonlySet<string>,
  before: () => Result<null> = () => ok(null),
) => {
  const home = new Map<string, string>();
  const seen: MergeIdentity[] = [];
  const part: MergePart = {
    name,
    preview: async () => {
      const count = [...collected()].filter((item) => !home.has(item)).length;
      return ok({ part: name, count, what: `${count} items`, conflicts: [], pending: [], warnings: [] });
    },
    run: async (merge, { signal }) => {
      seen.push(merge);
      for (const item of collected()) {
        const may = before();
        if (!may.ok) return may;
        if (signal.aborted) return fail('x', 'Aborted.', 'Nothing.');
        assert.ok(!merge.settled);
        if (!home.has(item)) home.set(item, merge.mergeKey);
      }
      return ok(report(name, { count: home.size, what: `${home.size} items` }));
    },
    undo: async (merge) => {
      for (const [item, key] of home) if (key === merge.mergeKey) home.delete(item);
      return ok(report(name));
    },
    settle: async () => ok(null),
    forget: async () => ok(null),
  };
  return { part, home, seen };
};

interface World {
  standby: StandbyView;
  readonly items: Set<string>;
  now: number;
}

const createWorld = (): World => ({
  standby: { serving: true, terms: [{ epoch: 3, from: 1, to: null }] },
  items: new Set(['a', 'b']),
  now: 1_000_000,
});

const quiet = (world: World): void => {
  world.standby = { serving: false, terms: world.standby.terms.map((term) => ({ ...term, to: term.to ?? 2 })) };
};

const mergesOf = (
  world: World,
  parts: readonly MergePart[],
  store: MergeStore = createMergeStore(directory),
  mostFinished = 200,
): Merges =>
  createMerges({
    mostFinished,
    store,
    parts,
    standby: async () => ok(world.standby),
    settle: async (epoch) => {
      if (world.standby.serving) return fail('serves', 'The standby serves.', 'Wait.');
      world.standby = { serving: false, terms: world.standby.terms.filter((term) => term.epoch > epoch) };
      return ok(null);
    },
    now: () => world.now,
    keepMs: 1000,
  });

const must = <T>(result: Result<T>): T => {
  if (!result.ok) assert.fail(`${result.error.code}: ${result.error.message}`);
  return result.value;
};

const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.error.code);

test('a first pass while the standby serves, a second when it is quiet, then it is told; modes are private', async () => {
  const world = createWorld();
  const { part, home } = createPart('events', () => world.items);
  const merges = mergesOf(world, [part]);
  assert.deepEqual(previewLines(must(await merges.preview(asked()))), ['A merge would bring:', 'events: 2 items']);
  assert.equal(readdirSync(directory).length, 0);
  const first = must(await merges.run(asked()));
  assert.deepEqual([first.number, first.phase, first.settled], [1, 'first', false]);
  world.items.add('c');
  quiet(world);
  const second = must(await merges.run(asked()));
  assert.deepEqual([second.number, second.phase, second.settled], [1, 'settled', true]);
  assert.deepEqual([...home.keys()], ['a', 'b', 'c']);
  assert.deepEqual(world.standby.terms, []);
  assert.equal(codeOf(await merges.run(asked())), 'merge-nothing');
  assert.deepEqual(previewLines(must(await merges.preview(asked()))), [
    'The standby has collected nothing since the last merge: there is nothing to bring.',
  ]);
  const last = must(merges.report(null));
  assert.doesNotMatch(reportLines(last).join('\n'), /next merge/);
  assert.match(
    reportLines({ ...last, hasMore: true }).at(-1) ?? '',
    /^The standby has served since then: .* next merge/,
  );
  assert.equal(statSync(join(directory, '1')).mode & 0o777, 0o700);
  for (const name of readdirSync(join(directory, '1')))
    assert.equal(statSync(join(directory, '1', name)).mode & 0o777, 0o600);
  assert.match(reportLines(must(merges.report(null)))[0] ?? '', /^Merge 1, begun .*All is home/);
});

test('a part that fails keeps the standby from being overwritten, and the others from nothing', async () => {
  const world = createWorld();
  quiet(world);
  let broken = true;
  const bad = createPart(
    'events',
    () => world.items,
    () => (broken ? fail('database-lost', 'The connection broke.', 'Look.') : ok(null)),
  );
  const good = createPart('files', () => world.items);
  const merges = mergesOf(world, [bad.part, good.part]);
  assert.equal(codeOf(await merges.run(asked())), 'merge-part-failed');
  assert.equal(good.home.size, 2);
  assert.equal(world.standby.terms.length, 1);
  assert.match(reportLines(must(merges.report(1))).join('\n'), /events: failed\. The connection broke\./);
  broken = false;
  assert.equal(must(await merges.run(asked())).settled, true);
  assert.equal(must(merges.report(1)).failed.length, 0);
});

test('what the second pass could not bring keeps the standby from being overwritten', async () => {
  const world = createWorld();
  quiet(world);
  let left = 1;
  const part: MergePart = {
    ...createPart('voicemail', () => new Set()).part,
    run: async () => ok(report('voicemail', { left })),
  };
  const merges = mergesOf(world, [part]);
  const first = await merges.run(asked());
  assert.match(
    first.ok ? '' : first.error.message,
    /voicemail \(1 of it could not be brought yet and is still on the standby/,
  );
  assert.equal(world.standby.terms.length, 1);
  left = 0;
  assert.equal(must(await merges.run(asked())).settled, true);
});

test('a takeover in the middle of the second pass makes it void; what is collected then comes too', async () => {
  const world = createWorld();
  quiet(world);
  let once = true;
  const { part, home } = createPart(
    'events',
    () => world.items,
    () => {
      if (once) {
        once = false;
        world.standby = { serving: true, terms: [...world.standby.terms, { epoch: 5, from: 3, to: null }] };
      }
      return ok(null);
    },
  );
  const merges = mergesOf(world, [part]);
  assert.equal(must(await merges.run(asked())).phase, 'first');
  world.items.add('late');
  quiet(world);
  assert.equal(must(await merges.run(asked())).settled, true);
  assert.ok(home.has('late'));
});

test('undo takes back what this merge brought; a new merge has a new number and mark', async () => {
  const world = createWorld();
  const { part, home, seen } = createPart('events', () => world.items);
  const merges = mergesOf(world, [part]);
  must(await merges.run(asked()));
  assert.equal(must(await merges.undo(1, asked())).phase, 'undone');
  assert.equal(home.size, 0);
  assert.equal(codeOf(await merges.undo(1, asked())), 'merge-undone-already');
  assert.equal(codeOf(await merges.undo(9, asked())), 'merge-unknown');
  quiet(world);
  assert.equal(must(await merges.run(asked())).number, 2);
  assert.notEqual(seen[0]?.mergeKey, seen.at(-1)?.mergeKey);
  world.now += 2000;
  // One at a time: the clock may be wrong.
  for (const left of [1, 1, 0]) assert.equal(must(await merges.prune(asked().signal)), left);
  assert.deepEqual(readdirSync(directory), []);
});

test('a year of merges, with a clock that says nothing of their age: the oldest go, one at a time, and never what waits', async () => {
  const world = createWorld();
  const merges = mergesOf(world, [createPart('events', () => world.items).part], createMergeStore(directory), 5);
  // Since it was set back, all of them lie in the future.
  for (let number = 1; number <= 12; number += 1) {
    world.standby = { serving: false, terms: [{ epoch: number, from: 1, to: 2 }] };
    world.now = 1e12 - number;
    must(await merges.run(asked()));
    must(await merges.prune(asked().signal));
  }
  assert.equal(readdirSync(directory).length, 5);
  assert.ok(!readdirSync(directory).includes('7') && readdirSync(directory).includes('8'));
});

test('stopped by a signal it says so, and goes on where it was', async () => {
  const world = createWorld();
  quiet(world);
  const abort = new AbortController();
  const { part, home } = createPart(
    'events',
    () => world.items,
    () => {
      abort.abort();
      return ok(null);
    },
  );
  const merges = mergesOf(world, [part]);
  assert.equal(codeOf(await merges.run(asked({ signal: abort.signal }))), 'merge-cancelled');
  assert.equal(home.size, 0);
  assert.equal(must(await merges.run(asked())).settled, true);
});

test('one at a time', async () => {
  const world = createWorld();
  const { part } = createPart('events', () => world.items);
  const merges = mergesOf(world, [part]);
  const first = merges.run(asked());
  assert.equal(codeOf(await merges.run(asked())), 'merge-running');
  must(await first);
});

test('what waits for a decision can be decided after all is home', async () => {
  const world = createWorld();
  quiet(world);
  const decided: unknown[] = [];
  const waiting = report('configuration', { pending: [{ id: 'abc', text: 'x (id 1): new.' }] });
  const part: MergePart = {
    ...createPart('configuration', () => new Set()).part,
    run: async (merge, { decisions }) => {
      decided.push([merge.settled, decisions.byId]);
      return ok(decisions.byId['abc'] === undefined ? waiting : report('configuration', { count: 1 }));
    },
  };
  const merges = mergesOf(world, [part]);
  const settled = must(await merges.run(asked()));
  assert.equal(settled.settled, true);
  assert.match(reportLines(settled).join('\n'), /1 change waits for a decision/);
  const after = must(await merges.run(asked({ decisions: { all: 'ask', byId: { abc: 'accept' } } })));
  assert.deepEqual(after.parts[0]?.pending, []);
  assert.deepEqual(decided, [
    [false, {}],
    [true, { abc: 'accept' }],
  ]);
});

class PowerLoss extends Error {}

test('power lost at any write and any step, and begun again: all is home once, and only then is the standby told', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(14), { maxLength: 6 }),
      fc.array(fc.constantFrom('quiet', 'collect', 'stay'), { maxLength: 6 }),
      fc.boolean(),
      async (cuts, changes, torn) => {
        rmSync(directory, { recursive: true, force: true });
        const world = createWorld();
        let left = 0;
        const tick = (): void => {
          left -= 1;
          if (left === 0) throw new PowerLoss();
        };
        const real = createMergeStore(directory);
        const store: MergeStore = {
          ...real,
          append: (merge, event) => {
            tick();
            const kept = real.append(merge, event);
            tick();
            return kept;
          },
        };
        const ticking = (): Result<null> => {
          tick();
          return ok(null);
        };
        const events = createPart('events', () => world.items, ticking);
        const files = createPart('files', () => world.items, ticking);
        for (const [index, cut] of cuts.entries()) {
          left = cut + 1;
          await mergesOf(world, [events.part, files.part], store)
            .run(asked())
            .catch((error: unknown) => assert.ok(error instanceof PowerLoss));
          if (torn && readdirSync(directory).includes('1'))
            appendFileSync(join(directory, '1', 'progress.jsonl'), '{"kind":"part-done","at":1,"part":"fi');
          if (world.standby.terms.length === 0) break;
          if (changes[index] === 'quiet') quiet(world);
          else if (changes[index] === 'collect' && world.standby.serving) world.items.add(`item ${index}`);
        }
        left = 0;
        quiet(world);
        const merges = mergesOf(world, [events.part, files.part], store);
        const last = await merges.run(asked());
        assert.ok(last.ok || last.error.code === 'merge-nothing');
        assert.deepEqual(world.standby.terms, []);
        assert.deepEqual(new Set(events.home.keys()), world.items);
        assert.deepEqual(new Set(files.home.keys()), world.items);
        const lines = readFileSync(join(directory, '1', 'progress.jsonl'), 'utf8');
        assert.equal(must(merges.report(1)).settled, true, lines);
        assert.deepEqual(readdirSync(directory), ['1']);
      },
    ),
    { numRuns: 60 },
  );
});
