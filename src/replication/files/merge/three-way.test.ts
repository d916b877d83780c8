import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { FileMark, Manifest } from './manifest.ts';
import { parseManifests, printManifests, sameMark } from './manifest.ts';
import { planFiles } from './three-way.ts';

const mark = (size: number, mtimeMs = 1): FileMark => ({ size, mtimeMs, link: null });
const deedOf = (before: FileMark | null, ours: FileMark | null, theirs: FileMark | null): string => {
  const map = (found: FileMark | null): Manifest => new Map(found === null ? [] : [['f', found]]);
  const [action] = planFiles(map(before), map(ours), map(theirs), new Map());
  return action === undefined ? 'nothing' : `${action.deed}${action.conflict ? '!' : ''}`;
};

test('the table of what is done', () => {
  const [a, b, c] = [mark(1), mark(2), mark(3)];
  assert.equal(deedOf(null, null, a), 'add');
  assert.equal(deedOf(a, null, b), 'add!');
  assert.equal(deedOf(a, a, b), 'replace');
  assert.equal(deedOf(a, a, null), 'delete');
  assert.equal(deedOf(a, b, null), 'keep!');
  assert.equal(deedOf(a, b, c), 'aside!');
  assert.equal(deedOf(null, b, c), 'aside!');
  assert.equal(deedOf(a, mark(2, 1), mark(2, 2)), 'compare!');
  assert.equal(deedOf(a, b, b), 'nothing');
  assert.equal(deedOf(a, b, a), 'nothing');
  assert.equal(deedOf(a, null, null), 'nothing');
  assert.equal(deedOf(a, null, a), 'nothing');
  assert.equal(deedOf(null, a, null), 'nothing');
});

const anyMark = fc.option(fc.integer({ min: 1, max: 3 }).map((size) => mark(size, size)));
const anyManifest = fc
  .dictionary(fc.constantFrom('a', 'b', 'c/d'), anyMark)
  .map(
    (found): Manifest =>
      new Map(Object.entries(found).flatMap(([name, own]) => (own === null ? [] : [[name, own] as const]))),
  );

/** Carries a plan out on manifests alone. */
const apply = (
  ours: Manifest,
  actions: ReturnType<typeof planFiles>,
): { readonly ours: Manifest; readonly kept: readonly FileMark[] } => {
  const after = new Map(ours);
  const kept: FileMark[] = [];
  for (const { path, deed, ours: own, theirs } of actions) {
    if (deed === 'delete' || deed === 'replace') kept.push(own ?? assert.fail());
    if (deed === 'delete') after.delete(path);
    else if (deed === 'aside' || deed === 'compare') after.set(`${path}.from-standby`, theirs ?? assert.fail());
    else if (deed !== 'keep') after.set(path, theirs ?? assert.fail());
  }
  return { ours: after, kept };
};

test('property: nothing is lost, nothing comes twice, and a second time does nothing', () => {
  fc.assert(
    fc.property(anyManifest, anyManifest, anyManifest, (before, ours, theirs) => {
      const actions = planFiles(before, ours, theirs, new Map());
      const after = apply(ours, actions);
      const all = [...after.ours.values(), ...after.kept];
      // What was here is here, or kept; what changed there is here.
      for (const own of ours.values()) assert.ok(all.some((found) => sameMark(found, own)));
      for (const [path, other] of theirs)
        if (!sameMark(before.get(path) ?? null, other))
          assert.ok([...after.ours.values()].some((found) => sameMark(found, other)));
      const merged = new Map(actions.map(({ path, theirs: other }) => [path, other]));
      assert.deepEqual(planFiles(before, after.ours, theirs, merged), []);
      // Cut off anywhere and begun again, the rest is done and nothing else.
      for (let cut = 0; cut <= actions.length; cut += 1) {
        const half = apply(ours, actions.slice(0, cut));
        const done = new Map(actions.slice(0, cut).map(({ path, theirs: other }) => [path, other]));
        const rest = planFiles(before, half.ours, theirs, done);
        assert.deepEqual(apply(half.ours, rest).ours, after.ours);
      }
    }),
    { numRuns: 1000 },
  );
});

test('property: what changes at the standby between two passes comes with the second, without a conflict', () => {
  fc.assert(
    fc.property(anyManifest, anyManifest, anyManifest, (before, first, second) => {
      const actions = planFiles(before, before, first, new Map());
      const half = apply(before, actions);
      const merged = new Map(actions.map(({ path, theirs }) => [path, theirs]));
      const rest = planFiles(before, half.ours, second, merged);
      assert.equal(
        rest.some(({ conflict }) => conflict),
        false,
      );
      assert.deepEqual(new Map(apply(half.ours, rest).ours), new Map(second));
    }),
  );
});

test('property: a manifest survives its way to a file; one that is cut or hostile is refused', () => {
  fc.assert(
    fc.property(anyManifest, fc.nat(), (listed, cut) => {
      const whole = printManifests(
        new Map([
          ['/a', listed],
          ['/b', null],
        ]),
      );
      const read = parseManifests(whole);
      assert.ok(read.ok);
      assert.deepEqual(
        read.value,
        new Map([
          ['/a', listed],
          ['/b', null],
        ]),
      );
      assert.equal(parseManifests(whole.slice(0, cut % whole.length)).ok, false);
    }),
  );
  const one = printManifests(new Map([['/a', new Map([['ok', mark(1)]])]]));
  for (const bad of ['../x', '/etc/passwd', 'a/../../x', ''])
    assert.equal(parseManifests(one.replace('"ok"', JSON.stringify(bad))).ok, false, bad);
});
