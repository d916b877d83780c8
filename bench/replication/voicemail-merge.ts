/** Bringing home the voicemail that was left on a standby that served. */
import { mkdirSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ok, type Result } from '../../src/core/result.ts';
import { createLock } from '../../src/replication/voicemail/lock.ts';
import { takeManifest } from '../../src/replication/voicemail/manifest.ts';
import { writeMessage } from '../../src/replication/voicemail/testing/make-spool.ts';
import { mergeVoicemail, previewVoicemailMerge } from '../../src/replication/voicemail/voicemail.ts';
import type { RunLine } from '../results.ts';

export interface VoicemailMergeLine extends RunLine {
  readonly messages: number;
  readonly mailboxes: number;
  readonly mib: number;
  readonly ours_ms: number;
  /** What a second merge of the same would do. */
  readonly again_actions: number;
}

const OLD_EACH = 5;
const FORMATS = ['wav', 'WAV', 'gsm'];
/** About four seconds in each format. */
const SOUND_BYTES = 16_384;

const write = (spool: string, mailbox: number, first: number, count: number): void => {
  for (let number = first; number < first + count; number += 1) {
    const id = `${1_795_000_000 + number}-${mailbox}`;
    writeMessage(spool, `default/${10_000 + mailbox}`, 'INBOX', number, { id, formats: FORMATS, size: SOUND_BYTES });
  }
};

/**
 * Mailboxes with five messages each that both nodes have; the standby took `messages` more. On a disk, with the flushes that a real one
 * needs. Faults: those of the merge.
 */
export const measureVoicemailMerge = async (
  mailboxes: number,
  messages: number,
  signal: AbortSignal,
): Promise<Result<Omit<VoicemailMergeLine, keyof RunLine>>> => {
  const root = await mkdtemp(join(tmpdir(), 'voicemail-bench-'));
  try {
    const [main, standby] = [join(root, 'main'), join(root, 'standby')];
    for (const spool of [main, standby]) {
      mkdirSync(spool);
      for (let mailbox = 0; mailbox < mailboxes; mailbox += 1) write(spool, mailbox, 0, OLD_EACH);
    }
    const ancestor = await takeManifest(standby, Date.now());
    if (!ancestor.ok) return ancestor;
    const each = Math.ceil(messages / mailboxes);
    for (let mailbox = 0; mailbox < mailboxes; mailbox += 1) write(standby, mailbox, OLD_EACH, each);
    const options = {
      spool: main,
      source: standby,
      ancestor: ancestor.value,
      serving: 'standby' as const,
      lock: createLock({ mode: 'lockfile' }),
      run: 'bench',
      signal,
    };
    const begunAt = performance.now();
    const merged = await mergeVoicemail(options);
    const tookMs = performance.now() - begunAt;
    if (!merged.ok) return merged;
    const again = await previewVoicemailMerge({ ...options, ancestor: merged.value.next });
    if (!again.ok) return again;
    return ok({
      messages: merged.value.done.length,
      mailboxes,
      mib: Math.round((each * mailboxes * FORMATS.length * SOUND_BYTES) / 2 ** 20),
      ours_ms: Math.round(tookMs),
      again_actions: again.value.plan.actions.length,
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
};
