/** What the parts of a merge's work share. */
import { type Fault, fail } from '../../core/result.ts';
import { type Directory, errnoOf } from './directory.ts';
import type { Files } from './folder-writer.ts';
import type { Hand } from './hand.ts';
import type { LockFolder } from './lock.ts';
import type { MergeAction, Unsettled } from './merge.ts';
import type { RunLog } from './run-log.ts';
import type { MailboxName } from './spool.ts';

export interface ApplyOptions {
  /** The main's spool. */
  readonly spool: string;
  /** The copy of the standby's spool that the plan was made from. */
  readonly source: string;
  /** Where logs and what gave way are kept; on the spool's own filesystem. */
  readonly work: string;
  /** Name of this run's log; the same one goes on with a run that was cut off. */
  readonly run: string;
  readonly lock: LockFolder;
  /** Messages that a folder takes; default 100. */
  readonly maxMessages?: (mailbox: MailboxName) => number;
  /** True while somebody listens to this mailbox: then nothing is renumbered in it, only added. */
  readonly inUse?: (mailbox: MailboxName) => boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
  readonly hand?: Hand;
  /** Has the spool's filesystem on the disk when it returns; default: the program `sync`. */
  readonly flush?: () => Promise<void>;
}

export interface ApplyReport {
  /** Actions carried out. */
  readonly done: readonly MergeAction[];
  /** What the plan left and what could not be carried out: for the next merge. */
  readonly unsettled: readonly Unsettled[];
  /** Mailboxes whose telephones have to be told. */
  readonly changed: readonly MailboxName[];
  readonly bytes: number;
}

/** What all parts of a run share. */
export interface Work {
  readonly options: ApplyOptions;
  readonly hand: Hand;
  readonly spool: Directory;
  readonly source: Directory;
  readonly work: Directory;
  readonly log: RunLog;
  /** Staged files of an action. */
  readonly filesByAction: Map<MergeAction, Files>;
  readonly done: MergeAction[];
  readonly unsettled: Unsettled[];
  readonly changedByKey: Map<string, MailboxName>;
}

/** An error of the system as a fault; programmer errors go on. */
export const writeFault = ({ spool }: { readonly spool: string }, error: unknown): Fault => {
  const code = errnoOf(error);
  if (code === '') throw error;
  const why = code === 'ENOSPC' || code === 'EDQUOT' ? 'the disk is full' : code;
  return fail(
    'voicemail-not-written',
    `The voicemail spool ${spool} cannot be written: ${why}.`,
    'What was there is as it was or safe in the merge directory; make room or see to the permissions, and merge again.',
  ).error;
};

export const nameOnly = ({ context, mailbox }: MailboxName): MailboxName => ({ context, mailbox });

export const whatOf = (action: MergeAction): string => ('id' in action ? action.id : action.name);
