import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { emptyManifest } from './manifest.ts';
import { keptName, type MergePlan, planVoicemailMerge } from './merge.ts';
import type { Serving } from './merge-rules.ts';
import { nextManifest } from './next-manifest.ts';
import { keyOf, type Spool } from './spool.ts';
import { ancestorOf, carryOut, type Model, spoolOf, type ThreeModels, threeModels } from './testing/model.ts';

const serving = fc.constantFrom<Serving>('main', 'standby');
const runs = { numRuns: 300 };

const keptOf = (plan: MergePlan): ReadonlySet<string> =>
  new Set(
    plan.actions.flatMap((action) => {
      if (action.kind === 'keep') return [keptName(action, action.id, action.source.digest)];
      return action.kind === 'keep-greeting' ? [keptName(action, action.name, action.digest)] : [];
    }),
  );

const planOf = (three: ThreeModels, who: Serving, kept: ReadonlySet<string> = new Set()): MergePlan =>
  planVoicemailMerge(ancestorOf(three.ancestor), spoolOf(three.main), spoolOf(three.standby), { serving: who, kept });

const mergeOf = (three: ThreeModels, who: Serving): Model => carryOut(three.main, planOf(three, who));

/** Every message of any side, with where it stands on each. */
const eachMessage = function* (three: ThreeModels, after: Model) {
  for (const key of new Set([...Object.keys(three.main), ...Object.keys(three.standby)])) {
    const at = (model: Model) => model[key]?.messages ?? {};
    for (const id of new Set([three.ancestor, three.main, three.standby].flatMap((model) => Object.keys(at(model))))) {
      const sides = [three.ancestor, three.main, three.standby, after].map((model) => at(model)[id] ?? null);
      const [ancestor = null, main = null, standby = null, result = null] = sides;
      yield { id, ancestor, main, standby, result };
    }
  }
};

const unread = new Set(['INBOX', 'Urgent']);

describe('the plan of a merge', () => {
  test('loses no message: one is gone only if a side removed what the ancestor had', () => {
    fc.assert(
      fc.property(threeModels, serving, (three, who) => {
        for (const { ancestor, main, standby, result } of eachMessage(three, mergeOf(three, who))) {
          if (result === null && (main !== null || standby !== null))
            assert.ok(ancestor !== null && (main === null || standby === null));
        }
      }),
      runs,
    );
  });

  test('carried out, the next plan is empty, with the former ancestor and with the next', () => {
    fc.assert(
      fc.property(threeModels, serving, serving, (three, who, later) => {
        const plan = planOf(three, who);
        const main = carryOut(three.main, plan);
        assert.deepEqual(planOf({ ...three, main }, who, keptOf(plan)).actions, []);
        const next = nextManifest(ancestorOf(three.ancestor), spoolOf(three.standby), plan.unsettled);
        const again = planVoicemailMerge(next, spoolOf(main), spoolOf(three.standby), { serving: later });
        assert.deepEqual(again.actions, []);
        assert.deepEqual(again.conflicts, []);
      }),
      runs,
    );
  });

  test('what one side deleted and the other left alone, or only read, stays deleted', () => {
    fc.assert(
      fc.property(threeModels, serving, (three, who) => {
        for (const { ancestor, main, standby, result } of eachMessage(three, mergeOf(three, who))) {
          if (ancestor === null || (main !== null && standby !== null)) continue;
          const other = main ?? standby;
          const untouched = other?.folder === ancestor.folder || other?.folder === 'Old';
          if (other !== null && untouched && other.digest === ancestor.digest) assert.equal(result, null);
        }
      }),
      runs,
    );
  });

  test('what one side read, and the other did not touch or made unread too, stays read', () => {
    fc.assert(
      fc.property(threeModels, serving, (three, who) => {
        for (const { ancestor, main, standby, result } of eachMessage(three, mergeOf(three, who))) {
          if (ancestor === null || main === null || standby === null || !unread.has(ancestor.folder)) continue;
          const read = [main, standby].filter(({ folder }) => !unread.has(folder) && folder !== 'Deleted');
          if (read.length === 0 || [main, standby].some(({ folder }) => folder === 'Deleted')) continue;
          assert.ok(result !== null && !unread.has(result.folder));
        }
      }),
      runs,
    );
  });

  test('main and standby exchanged give the same places, but for what both threw away', () => {
    fc.assert(
      fc.property(threeModels, (three) => {
        const exchanged = { ...three, main: three.standby, standby: three.main };
        const other = mergeOf(exchanged, 'standby');
        const gone = (folder: string | undefined): boolean => folder === undefined || folder === 'Deleted';
        for (const [key, { messages }] of Object.entries(mergeOf(three, 'main'))) {
          for (const [id, { folder }] of Object.entries(messages)) {
            const there = other[key]?.messages[id]?.folder;
            assert.ok(there === folder || (gone(there) && gone(folder)), `${id}: ${folder} or ${there}`);
          }
        }
      }),
      runs,
    );
  });

  test('the order in which mailboxes and messages are found does not matter', () => {
    const turned = ({ mailboxByKey, troubles }: Spool): Spool => ({
      troubles,
      mailboxByKey: new Map(
        [...mailboxByKey]
          .toReversed()
          .map(([key, box]) => [key, { ...box, messageById: new Map([...box.messageById].toReversed()) }]),
      ),
    });
    fc.assert(
      fc.property(threeModels, serving, (three, who) => {
        const [ancestor, main, standby] = [ancestorOf(three.ancestor), spoolOf(three.main), spoolOf(three.standby)];
        const one = planVoicemailMerge(ancestor, main, standby, { serving: who });
        const other = planVoicemailMerge(ancestor, turned(main), turned(standby), { serving: who });
        assert.deepEqual(other, one);
      }),
      runs,
    );
  });

  test('with no ancestor nothing is removed', () => {
    fc.assert(
      fc.property(threeModels, serving, (three, who) => {
        const main = spoolOf(three.main);
        const plan = planVoicemailMerge(emptyManifest, main, spoolOf(three.standby), { serving: who });
        assert.equal(plan.actions.filter(({ kind }) => kind === 'delete').length, 0);
        for (const [key, { messages }] of Object.entries(three.standby))
          for (const id of Object.keys(messages))
            assert.ok(carryOut(three.main, plan)[key]?.messages[id] !== undefined);
      }),
      runs,
    );
  });

  test('a folder is not filled beyond its limit, and what has no room is kept, once', () => {
    fc.assert(
      fc.property(threeModels, fc.integer({ min: 1, max: 4 }), (three, most) => {
        const spools = [ancestorOf(three.ancestor), spoolOf(three.main), spoolOf(three.standby)] as const;
        const options = { serving: 'standby', maxMessages: () => most } as const;
        const plan = planVoicemailMerge(...spools, options);
        const kept = keptOf(plan);
        for (const left of plan.unsettled) {
          if (three.main[keyOf(left)]?.messages[left.what] !== undefined) continue;
          assert.ok([...kept].some((name) => name.startsWith(`${keyOf(left)}/${left.what}/`)));
        }
        const main = carryOut(three.main, plan);
        for (const [key, { messages }] of Object.entries(main)) {
          const counts = Map.groupBy(Object.values(messages), ({ folder }) => folder);
          for (const [folder, group] of counts) {
            const before = Object.values(three.main[key]?.messages ?? {}).filter((each) => each.folder === folder);
            if (folder !== 'Deleted') assert.ok(group.length <= Math.max(most, before.length), folder);
          }
        }
        const again = planVoicemailMerge(spools[0], spoolOf(main), spools[2], { ...options, kept });
        assert.deepEqual(
          again.actions.filter(({ kind }) => kind === 'keep'),
          [],
        );
      }),
      runs,
    );
  });
});
