/** Voicemail of one node: what others compose. Read, plan, merge, undo. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault, Result } from '../../core/result.ts';
import { fail, ok } from '../../core/result.ts';
import { applyVoicemailMerge } from './apply.ts';
import { listKept } from './apply-aside.ts';
import type { ApplyReport } from './apply-work.ts';
import { type Directory, errnoOf, openBelow, openDirectory } from './directory.ts';
import type { Hand } from './hand.ts';
import type { LockFolder } from './lock.ts';
import type { Manifest } from './manifest.ts';
import { type MergePlan, planVoicemailMerge } from './merge.ts';
import type { Serving } from './merge-rules.ts';
import { nextManifest } from './next-manifest.ts';
import { halfDoneGreetings, readDeeds } from './run-log.ts';
import { keyOf, type MailboxName, readSpool, type Spool } from './spool.ts';

/** Where merges keep their logs: within the spool, so that it is the same filesystem, and hidden, so that nobody reads it. */
export const workIn = (spool: string): string => join(spool, '.dualtone');

/** Where the standby's spool is fetched to: beside what is linked into it. */
export const copyIn = (spool: string): string => join(workIn(spool), 'copy');

/** What the files stream must not carry (patterns of rsync): a copied lock would close a folder of the other node for ever. */
export const rsyncExcludes: readonly string[] = ['.lock', '.lock-*', '/*/*/*/lock', '/*/*/tmp/', '/.dualtone/'];

export interface VoicemailMergeOptions {
  /** The main's spool; its Asterisk may be running. */
  readonly spool: string;
  /** A copy of the standby's spool. */
  readonly source: string;
  readonly ancestor: Manifest;
  readonly serving: Serving;
  readonly lock: LockFolder;
  /** Name of this run; the same one goes on with a run that was cut off. Letters, digits, `.`, `_` and `-`. */
  readonly run: string;
  /** `maxmsg` of a mailbox; see `readMailboxLimits`. Default 100. */
  readonly maxMessages?: (mailbox: MailboxName) => number;
  /** See `readMailboxesInUse`. */
  readonly inUse?: (mailbox: MailboxName) => boolean;
  /** Tells the telephones of a mailbox; see `createRefresh`. */
  readonly refresh?: (mailbox: MailboxName) => Promise<Result<void>>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
  readonly hand?: Hand;
  /** Has the spool's filesystem on the disk when it returns; default: the program `sync`. */
  readonly flush?: () => Promise<void>;
}

export interface VoicemailMergePreview {
  readonly plan: MergePlan;
  readonly standby: Spool;
  /** What is strange in either spool and was left alone. */
  readonly troubles: readonly Fault[];
}

export interface VoicemailMergeReport extends ApplyReport {
  readonly plan: MergePlan;
  readonly troubles: readonly Fault[];
  /** The ancestor of the next merge; keep it in place of the former one. */
  readonly next: Manifest;
}

/** What a merge would do now. Changes nothing. Faults: those of `readSpool`. */
export const previewVoicemailMerge = async (options: VoicemailMergeOptions): Promise<Result<VoicemailMergePreview>> => {
  const { signal } = options;
  const main = await readSpool(options.spool, { ...(signal ? { signal } : {}), lock: options.lock });
  if (!main.ok) return main;
  const standby = await readSpool(options.source, signal ? { signal } : {});
  if (!standby.ok) return standby;
  const known = knownWork(options.spool);
  if (!known.ok) return known;
  const plan = planVoicemailMerge(options.ancestor, main.value, standby.value, {
    serving: options.serving,
    ...(options.maxMessages === undefined ? {} : { maxMessages: options.maxMessages }),
    ...known.value,
  });
  return ok({ plan, standby: standby.value, troubles: [...main.value.troubles, ...standby.value.troubles] });
};

const knownWork = (
  spool: string,
): Result<{ readonly kept: ReadonlySet<string>; readonly halfDone: ReadonlySet<string> }> => {
  try {
    const work = openDirectory(workIn(spool));
    try {
      return ok({ kept: listKept(work), halfDone: halfDoneGreetings(work) });
    } finally {
      work.close();
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return ok({ kept: new Set(), halfDone: new Set() });
    return badWork(spool, error);
  }
};

const badWork = (spool: string, error: unknown): { readonly ok: false; readonly error: Fault } => {
  const code = errnoOf(error);
  if (code === '') throw error;
  return fail(
    'voicemail-work-unusable',
    `The merge directory ${workIn(spool)} cannot be used (${code}).`,
    'See to its disk and permissions.',
  );
};

/** Not the names of what else lies in the merge directory. */
const isRunName = (run: string): boolean => /^(?!(?:kept|copy)$)[A-Za-z0-9_][\w.-]{0,99}$/.test(run);

const badRun = () =>
  fail('voicemail-run-bad', 'The name of this merge is none.', 'Use letters, digits, dots and hyphens.');

/**
 * Brings the standby's messages and greetings to the main. Can be cut off and repeated. Faults: those of `readSpool` and
 * `applyVoicemailMerge`, `voicemail-work-unusable`, `voicemail-run-bad`. Telephones that cannot be told fail nothing: `troubles`.
 */
export const mergeVoicemail = async (options: VoicemailMergeOptions): Promise<Result<VoicemailMergeReport>> => {
  if (!isRunName(options.run)) return badRun();
  const made = makeWork(options.spool);
  if (!made.ok) return made;
  const preview = await previewVoicemailMerge(options);
  if (!preview.ok) return preview;
  const { plan, standby, troubles } = preview.value;
  const applied = await applyVoicemailMerge(plan, { ...options, work: workIn(options.spool) });
  if (!applied.ok) return applied;
  const told = await tell(applied.value.changed, options.refresh);
  const next = nextManifest(options.ancestor, standby, applied.value.unsettled);
  return ok({ ...applied.value, plan, troubles: [...troubles, ...told], next });
};

const makeWork = (spool: string): Result<void> => {
  try {
    // Below a spool that is there: a missing disk must not be merged into the folder that it is mounted on.
    mkdirSync(workIn(spool), { mode: 0o700 });
    return ok(undefined);
  } catch (error) {
    return errnoOf(error) === 'EEXIST' ? ok(undefined) : badWork(spool, error);
  }
};

/** Tells the telephones of the mailboxes that changed; gives each fault once. */
export const tell = async (
  changed: readonly MailboxName[],
  refresh: ((mailbox: MailboxName) => Promise<Result<void>>) | undefined,
): Promise<readonly Fault[]> => {
  if (refresh === undefined) return [];
  const faultByCode = new Map<string, Fault>();
  for (const mailbox of changed) {
    const told = await refresh(mailbox);
    if (!told.ok) faultByCode.set(told.error.code, told.error);
  }
  return [...faultByCode.values()];
};

/** Opens the merge directory, or what a run keeps in it; null: there is none. Throws as the system does. */
const openWork = (spool: string, run: string): Directory | null => {
  let work: Directory;
  try {
    work = openDirectory(workIn(spool));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
  try {
    return openBelow(work, run);
  } finally {
    work.close();
  }
};

/** Mailboxes in which a run has done something so far: their telephones are told when the node serves. Fault: `voicemail-work-unusable`. */
export const touchedMailboxes = (spool: string, run: string): Result<readonly MailboxName[]> => {
  try {
    const directory = openWork(spool, run);
    if (directory === null) return ok([]);
    try {
      const { deeds } = readDeeds(directory);
      const byKey = new Map(deeds.map(({ context, mailbox }) => [keyOf({ context, mailbox }), { context, mailbox }]));
      return ok([...byKey.values()]);
    } finally {
      directory.close();
    }
  } catch (error) {
    return badWork(spool, error);
  }
};

/** Drops what a run kept for undo. Faults: `voicemail-run-bad`, `voicemail-work-unusable`. */
export const forgetVoicemailMerge = (spool: string, run: string): Result<null> => {
  if (!isRunName(run)) return badRun();
  try {
    rmSync(join(workIn(spool), run), { recursive: true, force: true });
    return ok(null);
  } catch (error) {
    return badWork(spool, error);
  }
};
