import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import * as fc from 'fast-check';
import { createHand } from './hand.ts';
import { createLock } from './lock.ts';
import { emptyManifest, type Manifest, takeManifest } from './manifest.ts';
import { type Folder, folders, readSpool } from './spool.ts';
import { describeMessage, idsIn, namesIn, removeTree, writeMessage } from './testing/make-spool.ts';
import { carryOut, type Model, threeModels } from './testing/model.ts';
import { undoVoicemailMerge } from './undo.ts';
import { mergeVoicemail, previewVoicemailMerge, type VoicemailMergeOptions, workIn } from './voicemail.ts';

// In memory where there is such a place: the flushes of a slow disk are not what is tested.
const place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const lock = createLock({ mode: 'lockfile' });

interface Ground {
  readonly root: string;
  readonly main: string;
  readonly standby: string;
}

let ground: Ground = { root: '', main: '', standby: '' };

const newGround = (): Ground => {
  const root = mkdtempSync(join(place, 'dualtone-merge-'));
  for (const each of ['main', 'standby']) mkdirSync(join(root, each));
  return { root, main: join(root, 'main'), standby: join(root, 'standby') };
};

const optionsOf = (
  at: Ground,
  ancestor: Manifest,
  more: Partial<VoicemailMergeOptions> = {},
): VoicemailMergeOptions => ({
  spool: at.main,
  source: at.standby,
  ancestor,
  serving: 'standby',
  lock,
  run: 'epoch-3',
  flush: () => Promise.resolve(),
  ...more,
});

const merge = async (at: Ground, ancestor: Manifest, more: Partial<VoicemailMergeOptions> = {}) => {
  const merged = await mergeVoicemail(optionsOf(at, ancestor, more));
  assert.ok(merged.ok, JSON.stringify(merged));
  return merged.value;
};

const manifest = async (spool: string): Promise<Manifest> => {
  const taken = await takeManifest(spool, 1);
  assert.ok(taken.ok);
  return taken.value;
};

const undo = async (at: Ground) => {
  const undone = await undoVoicemailMerge({ spool: at.main, work: workIn(at.main), run: 'epoch-3', lock });
  assert.ok(undone.ok, JSON.stringify(undone));
  return undone.value;
};

/** All messages by folder, and all greetings with what they say. */
const contents = (spool: string, mailboxes: readonly string[] = ['default/1000']): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    mailboxes.map((mailbox) => {
      const path = join(spool, mailbox);
      const names = existsSync(path) ? readdirSync(path, { withFileTypes: true }) : [];
      const files = names.filter((entry) => entry.isFile()).map(({ name }) => name);
      return [
        mailbox,
        {
          ...Object.fromEntries(folders.map((folder) => [folder, idsIn(spool, mailbox, folder)])),
          greetings: files.toSorted().map((name) => [name, readFileSync(join(path, name), 'utf8')]),
        },
      ];
    }),
  );

/** Sorted within each folder: an interrupted merge may number otherwise. */
const unordered = (value: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(value, (_key, each: unknown) =>
    Array.isArray(each) && each.every((one) => typeof one === 'string') ? each.toSorted() : each,
  );

/** One of everything: `a` to `f` were there before, the standby read, saved, deleted and got some. */
const everything = async (at: Ground): Promise<Manifest> => {
  const letters = ['a', 'b', 'c', 'd', 'e', 'f'];
  for (const [index, id] of letters.entries())
    writeMessage(at.main, 'default/1000', 'INBOX', index, { id, origtime: 100 + index });
  writeFileSync(join(at.main, 'default/1000/unavail.wav'), 'before');
  writeFileSync(join(at.main, 'default/1000/unavail.WAV'), 'before');
  cpSync(at.main, at.standby, { recursive: true });
  const ancestor = await manifest(at.standby);
  removeTree(join(at.standby, 'default/1000/INBOX'));
  writeMessage(at.standby, 'default/1000', 'INBOX', 0, { id: 'e', origtime: 104 });
  // `f` was changed, `d` deleted.
  writeMessage(at.standby, 'default/1000', 'INBOX', 1, { id: 'f', origtime: 105, duration: 9 });
  writeMessage(at.standby, 'default/1000', 'INBOX', 2, { id: 'new-2', origtime: 201 });
  writeMessage(at.standby, 'default/1000', 'INBOX', 3, { id: 'new-1', origtime: 200 });
  writeMessage(at.standby, 'default/1000', 'Old', 0, { id: 'a', origtime: 100 });
  writeMessage(at.standby, 'default/1000', 'Old', 1, { id: 'b', origtime: 101 });
  writeMessage(at.standby, 'default/1000', 'Friends', 0, { id: 'c', origtime: 102 });
  writeMessage(at.standby, 'default/1001', 'INBOX', 0, { id: 'new-3', origtime: 7 });
  for (const extension of ['wav', 'WAV']) writeFileSync(join(at.standby, `default/1000/unavail.${extension}`), 'after');
  writeFileSync(join(at.standby, 'default/1000/busy.wav'), 'busy');
  // Meanwhile the main had got one that never reached the standby.
  writeMessage(at.main, 'default/1000', 'INBOX', 6, { id: 'main-only', origtime: 150 });
  return ancestor;
};

const both = ['default/1000', 'default/1001'];

describe('a merge of voicemail', () => {
  beforeEach(() => {
    ground = newGround();
  });
  afterEach(() => removeTree(ground.root));

  test('brings messages, folders, deletions and greetings, numbered without gaps; and undo brings back what was', async () => {
    const ancestor = await everything(ground);
    const before = contents(ground.main, both);
    const preview = await previewVoicemailMerge(optionsOf(ground, ancestor));
    assert.ok(preview.ok);
    assert.deepEqual(contents(ground.main, both), before);
    const report = await merge(ground, ancestor);
    assert.deepEqual(report.unsettled, []);
    assert.deepEqual(report.plan.actions, preview.value.plan.actions);
    const after = contents(ground.main, both)['default/1000'] as Record<string, unknown>;
    assert.deepEqual(after['INBOX'], ['e', 'main-only', 'new-1', 'new-2', 'f']);
    assert.deepEqual(after['Old'], ['a', 'b']);
    assert.deepEqual(after['Friends'], ['c']);
    assert.deepEqual(after['greetings'], [
      ['busy.wav', 'busy'],
      ['unavail.WAV', 'after'],
      ['unavail.wav', 'after'],
    ]);
    assert.deepEqual(idsIn(ground.main, 'default/1001', 'INBOX'), ['new-3']);
    assert.equal(
      readFileSync(join(ground.main, 'default/1000/INBOX/msg0004.txt'), 'utf8'),
      describeMessage({ id: 'f', origtime: 105, duration: 9 }),
    );
    assert.deepEqual(report.changed, [
      { context: 'default', mailbox: '1000' },
      { context: 'default', mailbox: '1001' },
    ]);
    for (const next of [ancestor, report.next]) {
      const again = await previewVoicemailMerge(optionsOf(ground, next));
      assert.deepEqual(again.ok && again.value.plan, { actions: [], conflicts: [], unsettled: [] });
    }
    assert.deepEqual((await undo(ground)).left, []);
    assert.equal(unordered(contents(ground.main, both)), unordered(before));
    assert.deepEqual((await undo(ground)).left.length, 0);
    assert.equal(unordered(contents(ground.main, both)), unordered(before));
  });

  test('cut off after any change and started again, it comes to the same; and undo from there too', async () => {
    const ancestor = await everything(ground);
    const before = unordered(contents(ground.main, both));
    const copy = (name: string): Ground => {
      const main = join(ground.root, name);
      cpSync(ground.main, main, { recursive: true });
      return { ...ground, main };
    };
    const whole = copy('whole');
    let changes = 0;
    const counted = createHand(() => {
      changes += 1;
    });
    await merge(whole, ancestor, { hand: counted });
    const wanted = unordered(contents(whole.main, both));
    assert.ok(changes > 60, `${changes}`);
    for (let cut = 0; cut < changes; cut += 1) {
      const at = copy(`cut-${cut}`);
      let left = cut;
      const hand = createHand((what) => {
        left -= 1;
        if (left < 0) throw new Error(`power loss at ${what}`);
      });
      await assert.rejects(mergeVoicemail(optionsOf(at, ancestor, { hand })), /power loss/);
      // Whoever looks now sees only whole messages.
      for (const folder of folders) idsOrGap(at.main, 'default/1000', folder);
      const report = await merge(at, ancestor);
      assert.deepEqual(report.unsettled, [], `cut ${cut}`);
      assert.equal(unordered(contents(at.main, both)), wanted, `cut ${cut}`);
      assert.deepEqual((await undo(at)).left, [], `cut ${cut}`);
      assert.equal(unordered(contents(at.main, both)), before, `undone, cut ${cut}`);
      removeTree(at.main);
    }
  });

  test('undo cut off after any change and started again brings back what was', async () => {
    const ancestor = await everything(ground);
    const before = unordered(contents(ground.main, both));
    await merge(ground, ancestor);
    for (let cut = 0; ; cut += 1) {
      const main = join(ground.root, `cut-${cut}`);
      cpSync(ground.main, main, { recursive: true });
      let left = cut;
      const hand = createHand((what) => {
        left -= 1;
        if (left < 0) throw new Error(`power loss at ${what}`);
      });
      const undone = await undoVoicemailMerge({ spool: main, work: workIn(main), run: 'epoch-3', lock, hand }).catch(
        (error: unknown) => {
          assert.match(String(error), /power loss/);
          return null;
        },
      );
      await undo({ ...ground, main });
      assert.equal(unordered(contents(main, both)), before, `cut ${cut}`);
      removeTree(main);
      if (undone !== null) break;
    }
  });

  test('what random spools become is what the plan says, each message once', async () => {
    await fc.assert(
      fc.asyncProperty(threeModels, fc.constantFrom('main' as const, 'standby' as const), async (three, serving) => {
        const at = newGround();
        try {
          realize(three.main, at.main);
          realize(three.standby, at.standby);
          const former = join(at.root, 'former');
          realize(three.ancestor, former);
          const report = await merge(at, await manifest(former), { serving });
          assert.deepEqual(report.unsettled, []);
          const expected = carryOut(three.main, translate(report.plan));
          const found = await readSpool(at.main);
          assert.ok(found.ok);
          for (const [key, { messages }] of Object.entries(expected))
            for (const folder of folders) {
              const wanted = Object.entries(messages).filter(([, message]) => message.folder === folder);
              assert.deepEqual(idsIn(at.main, key, folder).toSorted(), wanted.map(([id]) => id).toSorted());
            }
        } finally {
          removeTree(at.root);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('a full folder takes what it can; the rest is kept and listed, and comes when there is room', async () => {
    for (const index of [0, 1, 2]) writeMessage(ground.main, 'default/1000', 'INBOX', index, { id: `m${index}` });
    for (const index of [0, 1, 2])
      writeMessage(ground.standby, 'default/1000', 'INBOX', index, { id: `s${index}`, origtime: 10 - index });
    const small = { maxMessages: () => 4 };
    const first = await merge(ground, emptyManifest, small);
    assert.deepEqual(idsIn(ground.main, 'default/1000', 'INBOX'), ['m0', 'm1', 'm2', 's2']);
    assert.deepEqual(
      first.unsettled.map(({ why }) => why),
      ['full', 'full'],
    );
    const kept = readdirSync(join(workIn(ground.main), 'kept/default/1000'));
    assert.equal(kept.filter((name) => name.endsWith('.txt')).length, 2);
    const again = await merge(ground, first.next, small);
    assert.deepEqual(again.done, []);
    const roomy = await merge(ground, first.next);
    assert.deepEqual(idsIn(ground.main, 'default/1000', 'INBOX'), ['m0', 'm1', 'm2', 's2', 's1', 's0']);
    assert.deepEqual(roomy.unsettled, []);
  });

  test('somebody who listens is not disturbed: messages are added, nothing is renumbered', async () => {
    const ancestor = await everything(ground);
    const busy = await merge(ground, ancestor, { inUse: ({ mailbox }) => mailbox === '1000' });
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'main-only', 'new-1', 'new-2'];
    assert.deepEqual(idsIn(ground.main, 'default/1000', 'INBOX'), ids);
    assert.deepEqual(new Set(busy.unsettled.map(({ why }) => why)), new Set(['in-use']));
    const later = await merge(ground, busy.next);
    assert.deepEqual(later.unsettled, []);
    assert.deepEqual(idsIn(ground.main, 'default/1000', 'INBOX'), ['e', 'main-only', 'new-1', 'new-2', 'f']);
  });

  test('a main with a new disk gets everything back, with the owner and mode of its spool', async () => {
    const ancestor = await everything(ground);
    removeTree(join(ground.main, 'default'));
    await merge(ground, ancestor);
    assert.equal(unordered(contents(ground.main, both)), unordered(contents(ground.standby, both)));
  });

  test('changed on both sides: one is in force, the other is kept, and both are listed', async () => {
    for (const side of [ground.main, ground.standby]) {
      writeMessage(side, 'default/1000', 'INBOX', 0, { id: 'a' });
      writeFileSync(join(side, 'default/1000/greet.wav'), 'before');
    }
    const ancestor = await manifest(ground.main);
    writeFileSync(join(ground.main, 'default/1000/greet.wav'), 'of the main');
    writeFileSync(join(ground.standby, 'default/1000/greet.wav'), 'of the standby');
    const report = await merge(ground, ancestor, { serving: 'main' });
    assert.deepEqual(
      report.plan.conflicts.map(({ what, rule, result }) => [what, rule, result]),
      [['greet', 'serving-node', 'main']],
    );
    assert.equal(readFileSync(join(ground.main, 'default/1000/greet.wav'), 'utf8'), 'of the main');
    const folder = join(workIn(ground.main), 'kept/default/1000');
    const [kept = ''] = readdirSync(folder);
    assert.equal(readFileSync(join(folder, kept), 'utf8'), 'of the standby');
    assert.deepEqual((await merge(ground, ancestor, { serving: 'main' })).done, []);
    await merge(ground, ancestor, { serving: 'standby', run: 'other' });
    assert.equal(readFileSync(join(ground.main, 'default/1000/greet.wav'), 'utf8'), 'of the standby');
    assert.equal(readFileSync(join(workIn(ground.main), 'other/saved/1.greet.wav'), 'utf8'), 'of the main');
  });

  test('messages that are half there are not brought, and are no deletions', async () => {
    writeMessage(ground.main, 'default/1000', 'INBOX', 0, { id: 'a' });
    writeMessage(ground.standby, 'default/1000', 'INBOX', 0, { id: 'a', formats: [] });
    writeMessage(ground.standby, 'default/1000', 'INBOX', 1, { id: 'b', formats: [] });
    const report = await merge(ground, await manifest(ground.main));
    assert.deepEqual(idsIn(ground.main, 'default/1000', 'INBOX'), ['a']);
    assert.deepEqual(
      report.unsettled.map(({ why }) => why),
      ['incomplete'],
    );
  });

  test('a lock that stays, a full disk and a missing spool change nothing and say so', async () => {
    const ancestor = await everything(ground);
    const before = contents(ground.main);
    writeFileSync(join(ground.main, 'default/1000/Old'), '');
    const wrong = await mergeVoicemail(optionsOf(ground, ancestor));
    assert.equal(wrong.ok ? '' : wrong.error.code, 'voicemail-not-written');
    removeTree(join(ground.main, 'default/1000/Old'));
    const full = createHand(() => {
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    });
    const refused = await mergeVoicemail(optionsOf(ground, ancestor, { hand: full }));
    assert.match(refused.ok ? '' : refused.error.message, /the disk is full/);
    assert.deepEqual(contents(ground.main), before);
    const nowhere = await mergeVoicemail(optionsOf({ ...ground, main: join(ground.root, 'nowhere') }, ancestor));
    assert.equal(nowhere.ok ? '' : nowhere.error.code, 'voicemail-work-unusable');
    const bad = await mergeVoicemail(optionsOf(ground, ancestor, { run: '../x' }));
    assert.equal(bad.ok ? '' : bad.error.code, 'voicemail-run-bad');
    const unknown = await undoVoicemailMerge({ spool: ground.main, work: workIn(ground.main), run: 'never', lock });
    assert.equal(unknown.ok ? '' : unknown.error.code, 'voicemail-run-unknown');
  });

  test('sounds that nobody can hear are moved aside, never overwritten', async () => {
    writeMessage(ground.main, 'default/1000', 'INBOX', 0, { id: 'a' });
    writeFileSync(join(ground.main, 'default/1000/INBOX/msg0001.gsm'), 'half a recording');
    writeMessage(ground.standby, 'default/1000', 'INBOX', 0, { id: 'b' });
    await merge(ground, emptyManifest);
    const names = ['msg0000.WAV', 'msg0000.txt', 'msg0000.wav', 'msg0001.WAV', 'msg0001.txt', 'msg0001.wav'];
    assert.deepEqual(namesIn(ground.main, 'default/1000', 'INBOX'), names.toSorted());
    const saved = join(workIn(ground.main), 'epoch-3/saved');
    const [orphan = ''] = readdirSync(saved).filter((name) => name.endsWith('.orphan.gsm'));
    assert.equal(readFileSync(join(saved, orphan), 'utf8'), 'half a recording');
  });
});

/** After a cut there may be a gap, which Asterisk closes itself, but no message without a sound. */
const idsOrGap = (spool: string, mailbox: string, folder: Folder): void => {
  const names = namesIn(spool, mailbox, folder);
  for (const name of names.filter((each) => each.endsWith('.txt')))
    assert.equal(names.filter((each) => each.startsWith(name.slice(0, 8))).length, 3, `${folder}/${name}`);
};

/** Writes a model down as files. */
const realize = (model: Model, spool: string): void => {
  for (const [mailbox, { messages, greetings }] of Object.entries(model)) {
    for (const folder of folders) {
      mkdirSync(join(spool, mailbox, folder), { recursive: true });
      Object.entries(messages)
        .filter(([, message]) => message.folder === folder)
        .forEach(([id, { digest }], index) => {
          const duration = ['as-it-was', 'by-0', 'by-1'].indexOf(digest);
          writeMessage(spool, mailbox, folder, index, {
            id,
            duration,
            origtime: Number(id.slice(8, -2).split('-')[0]),
          });
        });
    }
    for (const [name, text] of Object.entries(greetings)) writeFileSync(join(spool, mailbox, `${name}.wav`), text);
  }
};

/** The identities of a plan made from files, back to those of the model. */
const translate = <T>(plan: T): T =>
  JSON.parse(JSON.stringify(plan).replaceAll(/(17\d+-0\.facts\d+)\.[0-9a-f]{15}/g, '$1')) as T;
