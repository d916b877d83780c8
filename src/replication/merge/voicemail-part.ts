/** Voicemail as a part of a merge: the standby's spool is fetched beside the main's, and merged into it. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fail, messageOf, ok, type Result } from '../../core/result.ts';
import { writeWholeSync } from '../../files/whole.ts';
import type { LockFolder } from '../voicemail/lock.ts';
import { decodeManifest, encodeManifest, type Manifest } from '../voicemail/manifest.ts';
import type { MergeAction, MergeConflict, MergePlan, Unsettled } from '../voicemail/merge.ts';
import type { MailboxName } from '../voicemail/spool.ts';
import { undoVoicemailMerge } from '../voicemail/undo.ts';
import {
  forgetVoicemailMerge,
  mergeVoicemail,
  previewVoicemailMerge,
  tell,
  touchedMailboxes,
  type VoicemailMergeOptions,
  workIn,
} from '../voicemail/voicemail.ts';
import {
  type Conflict,
  countText,
  type MergeIdentity,
  type MergePart,
  type PartReport,
  type PartRunOptions,
  type Pass,
} from './part.ts';

export interface VoicemailPartOptions {
  /** The main's spool. */
  readonly spool: string;
  /** A directory for the copy of the standby's spool; kept between passes, so that the second fetches little, and dropped after. */
  readonly copy: string;
  /** Makes the copy what the standby's spool is now. */
  readonly fetch: (options: Pick<PartRunOptions, 'signal' | 'onProgress'>) => Promise<Result<unknown>>;
  /** What was in the standby's spool when it began to serve. */
  readonly ancestor: (signal: AbortSignal) => Promise<Result<Manifest>>;
  readonly lock: LockFolder;
  /** Calls that leave a message at the standby still, although it rests: what they leave would be lost. */
  readonly recording?: (signal: AbortSignal) => Promise<Result<number>>;
  /** `maxmsg` of a mailbox and whether somebody listens to it, as they are now. */
  readonly mailboxes: (signal: AbortSignal) => Promise<
    Result<{
      readonly maxMessages: (mailbox: MailboxName) => number;
      readonly inUse: (mailbox: MailboxName) => boolean;
      /** What people should know of this node's Asterisk. */
      readonly warnings?: readonly string[];
    }>
  >;
  /** Tells the telephones of a mailbox; only where this node serves. */
  readonly refresh: (mailbox: MailboxName) => Promise<Result<void>>;
}

/** What earlier runs of the same merge did; beside the merge's own files. */
interface Kept {
  readonly count: number;
  readonly conflicts: readonly Conflict[];
}

const nothingKept: Kept = { count: 0, conflicts: [] };

const notKept = (path: string, error: unknown) =>
  fail(
    'merge-not-kept',
    `What the merge does cannot be kept in ${path}: ${messageOf(error)}.`,
    'Make space on the disk of state-dir, and see its permissions; the merge goes on where it was.',
  );

const readKept = <T>(path: string, parse: (text: string) => T, otherwise: T): Result<T> => {
  try {
    return ok(existsSync(path) ? parse(readFileSync(path, 'utf8')) : otherwise);
  } catch (error) {
    return notKept(path, error);
  }
};

const keep = (path: string, text: string): Result<null> => {
  try {
    writeWholeSync(path, text);
    return ok(null);
  } catch (error) {
    return notKept(path, error);
  }
};

const place = ({ context, mailbox }: MailboxName): string => `${mailbox}@${context}`;

const conflictOf = (conflict: MergeConflict): Conflict => ({
  item: `${place(conflict)} ${conflict.what}`,
  text: `main: ${conflict.main}; standby: ${conflict.standby}; now: ${conflict.result}.`,
});

const whyText: Readonly<Record<Unsettled['why'], string>> = {
  full: 'the folder is full, and it is kept in .dualtone/kept of the spool',
  incomplete: 'it is still being recorded, or a part of it is missing',
  uncertain: 'the mailbox could not be read for certain',
  changed: 'it changed meanwhile',
  'in-use': 'somebody is listening to the mailbox',
  failed: 'it could not be written',
};

/**
 * What the second pass need not wait for: of a full folder's message a copy is kept at the main; a message without a sound brings nobody
 * anything; and where it is not certain that something was deleted it stays.
 */
const isLeft = (pass: Pass, { why }: Unsettled): boolean =>
  pass === 'first' || (why !== 'full' && why !== 'incomplete' && why !== 'uncertain');

const unsettledText = (one: Unsettled): string => `${place(one)}: ${one.what} is not settled yet: ${whyText[one.why]}.`;

/** What a person would count: messages and greetings that came, were moved, removed or replaced. */
const isSeen = (action: MergeAction): boolean => action.kind !== 'keep' && action.kind !== 'keep-greeting';

const whatOf = (count: number): string =>
  countText(count, 'voicemail message or greeting', 'voicemail messages and greetings');

const ancestorOf = async (
  options: VoicemailPartOptions,
  merge: MergeIdentity,
  signal: AbortSignal,
): Promise<Result<Manifest>> => {
  const text = readKept<string | null>(join(merge.directory, ANCESTOR), (kept) => kept, null);
  if (!text.ok) return text;
  return text.value === null ? options.ancestor(signal) : decodeManifest(text.value);
};

const ANCESTOR = 'voicemail-ancestor.json';
const REPORT = 'voicemail-report.json';

interface Prepared {
  readonly merge: VoicemailMergeOptions;
  readonly warnings: readonly string[];
}

const prepare = async (
  options: VoicemailPartOptions,
  merge: MergeIdentity,
  { pass, signal, onProgress }: PartRunOptions,
): Promise<Result<Prepared>> => {
  const ancestor = await ancestorOf(options, merge, signal);
  if (!ancestor.ok) return ancestor;
  const mailboxes = await options.mailboxes(signal);
  if (!mailboxes.ok) return mailboxes;
  try {
    mkdirSync(options.copy, { recursive: true, mode: 0o700 });
  } catch (error) {
    return notKept(options.copy, error);
  }
  const fetched = await options.fetch({ signal, onProgress });
  if (!fetched.ok) return fetched;
  const { spool, copy, lock } = options;
  const { maxMessages, inUse, warnings = [] } = mailboxes.value;
  const prepared: VoicemailMergeOptions = {
    spool,
    source: copy,
    ancestor: ancestor.value,
    serving: pass === 'first' ? 'standby' : 'main',
    lock,
    run: merge.mergeKey,
    maxMessages,
    inUse,
    signal,
    onProgress: (done, total) => onProgress({ what: 'voicemail', done, total }),
  };
  return ok({ merge: prepared, warnings });
};

const conflictsOf = (former: readonly Conflict[], plan: MergePlan): readonly Conflict[] => {
  const conflictByItem = new Map(former.map((conflict) => [conflict.item, conflict]));
  for (const conflict of plan.conflicts.map(conflictOf)) conflictByItem.set(conflict.item, conflict);
  return [...conflictByItem.values()];
};

const reportOf = (kept: Kept, left: number, warnings: readonly string[]): PartReport => ({
  part: 'voicemail',
  count: kept.count,
  left,
  what: whatOf(kept.count),
  conflicts: kept.conflicts,
  pending: [],
  refused: [],
  warnings,
});

/**
 * Asterisk tells telephones only of what it finds changed. While the standby serves nothing that the main says reaches them, so that all
 * mailboxes of this merge wait for the second pass.
 */
const tellAll = async (options: VoicemailPartOptions, merge: MergeIdentity): Promise<Result<readonly string[]>> => {
  const touched = touchedMailboxes(options.spool, merge.mergeKey);
  if (!touched.ok) return touched;
  const faults = await tell(touched.value, options.refresh);
  return ok(faults.map(({ message }) => message));
};

const recordingText = (count: number): string =>
  `${count === 1 ? 'A call still leaves a message' : `${count} calls still leave messages`} at the standby.`;

const loadKept = (merge: MergeIdentity): Result<Kept> =>
  readKept(join(merge.directory, REPORT), (text) => JSON.parse(text) as Kept, nothingKept);

const run = async (
  options: VoicemailPartOptions,
  merge: MergeIdentity,
  asked: PartRunOptions,
): Promise<Result<PartReport>> => {
  const former = loadKept(merge);
  if (!former.ok) return former;
  if (merge.settled) return ok(reportOf(former.value, 0, []));
  const { pass, signal } = asked;
  // Asked before the fetch: a call that ends in between has left what is fetched.
  const recording = pass === 'second' ? await (options.recording?.(signal) ?? ok(0)) : ok(0);
  if (!recording.ok) return recording;
  const prepared = await prepare(options, merge, asked);
  if (!prepared.ok) return prepared;
  const merged = await mergeVoicemail(prepared.value.merge);
  if (!merged.ok) return merged;
  const { done, plan, next, unsettled, troubles } = merged.value;
  const kept: Kept = {
    count: former.value.count + done.filter(isSeen).length,
    conflicts: conflictsOf(former.value.conflicts, plan),
  };
  const counted = keep(join(merge.directory, REPORT), JSON.stringify(kept));
  if (!counted.ok) return counted;
  const encoded = encodeManifest(next);
  if (!encoded.ok) return encoded;
  const saved = keep(join(merge.directory, ANCESTOR), encoded.value);
  if (!saved.ok) return saved;
  const told = pass === 'second' ? await tellAll(options, merge) : ok([]);
  if (!told.ok) return told;
  const warnings = [
    ...prepared.value.warnings,
    ...unsettled.map(unsettledText),
    ...troubles.map((trouble) => trouble.message),
    ...told.value,
    ...(recording.value === 0 ? [] : [recordingText(recording.value)]),
  ];
  const left = unsettled.filter((one) => isLeft(pass, one)).length + recording.value;
  return ok(reportOf(kept, left, [...new Set(warnings)]));
};

const dropCopy = (copy: string): Result<null> => {
  try {
    rmSync(copy, { recursive: true, force: true });
    return ok(null);
  } catch (error) {
    return notKept(copy, error);
  }
};

/** Faults: those of the fetch, of `mergeVoicemail` and `undoVoicemailMerge`, `merge-not-kept`. */
export const createVoicemailPart = (options: VoicemailPartOptions): MergePart => ({
  name: 'voicemail',
  preview: async (merge, asked) => {
    const prepared = await prepare(options, merge, asked);
    if (!prepared.ok) return prepared;
    const preview = await previewVoicemailMerge(prepared.value.merge);
    if (!preview.ok) return preview;
    const { plan, troubles } = preview.value;
    const count = plan.actions.filter(isSeen).length;
    return ok({
      part: 'voicemail',
      count,
      what: whatOf(count),
      conflicts: plan.conflicts.map(conflictOf),
      pending: [],
      warnings: [
        ...prepared.value.warnings,
        ...plan.unsettled.map(unsettledText),
        ...troubles.map((trouble) => trouble.message),
      ],
    });
  },
  run: (merge, asked) => run(options, merge, asked),
  undo: async (merge, { signal }) => {
    const { spool, lock, refresh } = options;
    const undone = await undoVoicemailMerge({ spool, work: workIn(spool), run: merge.mergeKey, lock, signal });
    // A merge that found nothing to do has nothing to take back.
    if (!undone.ok && undone.error.code === 'voicemail-run-unknown') return ok(reportOf(nothingKept, 0, []));
    if (!undone.ok) return undone;
    const warnings: string[] = undone.value.left.map(
      (one) => `${place(one)}: ${one.what} was changed by people since, and was left as it is.`,
    );
    for (const mailbox of undone.value.changed) {
      const told = await refresh(mailbox);
      if (!told.ok) warnings.push(told.error.message);
    }
    const what = countText(undone.value.undone, 'change taken back', 'changes taken back');
    return ok({ ...reportOf({ count: undone.value.undone, conflicts: [] }, 0, [...new Set(warnings)]), what });
  },
  settle: async () => dropCopy(options.copy),
  forget: async (merge) => forgetVoicemailMerge(options.spool, merge.mergeKey),
});
