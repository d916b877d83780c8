/** Carries out a plan on the main's spool: under Asterisk's locks, whole messages only, everything that gives way kept for undo. */
import { fail, ok, type Result } from '../../core/result.ts';
import { run as runProgram } from '../../process/run.ts';
import { applyGreetings, keepAside } from './apply-aside.ts';
import { tidy, workOnFolders } from './apply-folders.ts';
import { type ApplyOptions, type ApplyReport, nameOnly, type Work, whatOf, writeFault } from './apply-work.ts';
import { type Directory, openDirectory } from './directory.ts';
import type { Files } from './folder-writer.ts';
import { createHand } from './hand.ts';
import type { MergeAction, MergePlan } from './merge.ts';
import { openRunLog, type RunLog, readDeeds } from './run-log.ts';
import { keyOf, type MailboxName } from './spool.ts';
import { openMailbox, ownerOf, stageGreeting, stageMessage } from './stage.ts';

/** Staged at a time: more would hold many files twice after a power loss, fewer would flush the disk more often. */
const batch = 2_000;

/**
 * Carries out a plan. Can be cut off at any point and started again with a fresh plan. Faults: `voicemail-not-written` (disk full,
 * other filesystem …), `voicemail-aborted`; a folder that stays locked is `unsettled` and fails nothing.
 */
export const applyVoicemailMerge = async (plan: MergePlan, options: ApplyOptions): Promise<Result<ApplyReport>> => {
  const opened: Directory[] = [];
  const open = (path: string): Directory => {
    const directory = openDirectory(path);
    opened.push(directory);
    return directory;
  };
  const hand = options.hand ?? createHand();
  let log: RunLog | null = null;
  try {
    const work = open(options.work);
    log = openRunLog(hand, work, options.run);
    const state: Work = {
      options,
      hand,
      spool: open(options.spool),
      source: open(options.source),
      work,
      log,
      filesByAction: new Map(),
      done: [],
      unsettled: [...plan.unsettled],
      changedByKey: new Map(),
    };
    const { unfinished } = readDeeds(log.directory);
    const tidied = await tidy(state, unfinished);
    if (!tidied.ok) return tidied;
    const applied = await applyAll(state, plan.actions);
    if (!applied.ok) return applied;
    if (plan.actions.length > 0 || unfinished.length > 0) log.end();
    const changed = [...state.changedByKey.values()];
    return ok({ done: state.done, unsettled: state.unsettled, changed, bytes: applied.value });
  } catch (error) {
    return { ok: false, error: writeFault(options, error) };
  } finally {
    log?.close();
    for (const directory of opened) directory.close();
  }
};

const applyAll = async (state: Work, actions: readonly MergeAction[]): Promise<Result<number>> => {
  let bytes = 0;
  let done = 0;
  for (const part of parts(actions)) {
    const staged = await stageAll(state, part);
    if (!staged.ok) {
      emptyStaged(state.log);
      return staged;
    }
    for (const ofMailbox of byMailbox(part)) {
      if (state.options.signal?.aborted === true) return aborted();
      const worked = await applyToMailbox(state, ofMailbox);
      if (!worked.ok) return worked;
      done += ofMailbox.length;
      state.options.onProgress?.(done, actions.length);
      // Other work of this process has its turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
    bytes += staged.value;
    emptyStaged(state.log);
    state.filesByAction.clear();
    await flush(state);
  }
  return ok(bytes);
};

/** What was copied and not used. After a loss of power the next run does it. */
const emptyStaged = (log: RunLog): void => {
  const hand = createHand();
  for (const { name } of log.staged.entries()) hand.unlink(log.staged.at(name));
};

const aborted = (): Result<never> =>
  fail('voicemail-aborted', 'The work on voicemail was called off.', 'Run it again.');

const byMailbox = (actions: readonly MergeAction[]): readonly (readonly MergeAction[])[] => [
  ...Map.groupBy(actions, keyOf).values(),
];

/** Whole mailboxes, about `batch` actions together. */
const parts = (actions: readonly MergeAction[]): readonly (readonly MergeAction[])[] => {
  const found: MergeAction[][] = [];
  for (const ofMailbox of byMailbox(actions)) {
    const last = found.at(-1);
    if (last !== undefined && last.length + ofMailbox.length <= batch) last.push(...ofMailbox);
    else found.push([...ofMailbox]);
  }
  return found;
};

/** Copies what a part needs, and has it on the disk before the first name appears in the spool. */
const stageAll = async (state: Work, actions: readonly MergeAction[]): Promise<Result<number>> => {
  let copied = 0;
  let number = 0;
  for (const action of actions) {
    if (state.options.signal?.aborted === true) return aborted();
    const files = await stageOne(state, action, number);
    number += 1;
    if (files === 'none') continue;
    if (files === null) state.unsettled.push({ ...nameOnly(action), what: whatOf(action), why: 'changed' });
    else {
      state.filesByAction.set(action, files);
      copied += files.size;
    }
  }
  if (copied > 0) await flush(state);
  return ok(copied);
};

const stageOne = async (state: Work, action: MergeAction, number: number): Promise<Files | null | 'none'> => {
  const { source, log } = state;
  if ('source' in action) {
    const folder = 'folder' in action ? action.folder : undefined;
    return await stageMessage(source, action, action.source, log.staged, number, ownerIn(state, action, folder));
  }
  if (action.kind !== 'greeting' && action.kind !== 'keep-greeting') return 'none';
  if (action.digest === null) return new Map();
  const { name, digest } = action;
  return await stageGreeting(source, action, { name, digest }, log.staged, number, ownerIn(state, action));
};

/** As the folder, or what is above it where it is still missing. */
const ownerIn = (state: Work, name: MailboxName, folder?: string): ReturnType<typeof ownerOf> => {
  const found = openMailbox(state.spool, name, folder) ?? openMailbox(state.spool, name);
  if (found === null) return ownerOf(state.spool.stat());
  try {
    return ownerOf(found.stat());
  } finally {
    found.close();
  }
};

/** One flush of the filesystem instead of one for each file. */
const flush = async ({ options }: Work): Promise<void> => {
  if (options.flush !== undefined) return options.flush();
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  await runProgram(['sync', '--file-system', options.spool], { timeoutMs: 120_000, ...signal });
};

const applyToMailbox = async (state: Work, actions: readonly MergeAction[]): Promise<Result<void>> => {
  const [first] = actions;
  if (first === undefined) return ok(undefined);
  const folders = await workOnFolders(state, nameOnly(first), actions);
  if (!folders.ok) return folders;
  applyGreetings(state, nameOnly(first), actions);
  keepAside(state, nameOnly(first), actions);
  return ok(undefined);
};
