/** Bringing home the voicemail that was left on a standby that served. */
import { mkdirSync } from 'node:fs';
import { ok, type Result } from '../../src/core/result.ts';
import { mirrorDirectory } from '../../src/replication/files/merge/pull.ts';
import { createLock } from '../../src/replication/voicemail/lock.ts';
import { takeManifest } from '../../src/replication/voicemail/manifest.ts';
import { writeMessage } from '../../src/replication/voicemail/testing/make-spool.ts';
import {
  copyIn,
  mergeVoicemail,
  previewVoicemailMerge,
  rsyncExcludes,
} from '../../src/replication/voicemail/voicemail.ts';
import { startFilesPeer } from '../../test/ssh/files-peer.ts';
import type { RunLine } from '../results.ts';

export interface VoicemailMergeLine extends RunLine {
  readonly messages: number;
  readonly mailboxes: number;
  readonly mib: number;
  /** Fetched and merged. */
  readonly ours_ms: number;
  /** Of these: fetched from the standby by rsync over SSH. */
  readonly fetch_ms: number;
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

const LIMIT_MS = 600_000;

/**
 * Mailboxes with five messages each that both nodes have; the standby took `messages` more, which are fetched from it by rsync through a
 * real sshd with the forced command of replication, on loopback, and merged. On a disk, with the flushes that a real one needs. Faults:
 * those of transfer and merge.
 */
export const measureVoicemailMerge = async (
  mailboxes: number,
  messages: number,
  signal: AbortSignal,
): Promise<Result<Omit<VoicemailMergeLine, keyof RunLine>>> => {
  const { target, here: main, there: standby, stop } = await startFilesPeer();
  try {
    for (const spool of [main, standby])
      for (let mailbox = 0; mailbox < mailboxes; mailbox += 1) write(spool, mailbox, 0, OLD_EACH);
    const ancestor = await takeManifest(standby, Date.now());
    if (!ancestor.ok) return ancestor;
    const each = Math.ceil(messages / mailboxes);
    for (let mailbox = 0; mailbox < mailboxes; mailbox += 1) write(standby, mailbox, OLD_EACH, each);
    const copy = copyIn(main);
    const way = { target, exclude: rsyncExcludes, bandwidthKbps: 0, silenceMs: 30_000, timeLimitMs: LIMIT_MS };
    const begunAt = performance.now();
    mkdirSync(copy, { recursive: true, mode: 0o700 });
    const fetched = await mirrorDirectory(way, standby, copy, main, { signal, onProgress: () => undefined });
    if (!fetched.ok) return fetched;
    const fetchMs = performance.now() - begunAt;
    const options = {
      spool: main,
      source: copy,
      ancestor: ancestor.value,
      serving: 'standby' as const,
      lock: createLock({ mode: 'lockfile' }),
      run: 'bench',
      signal,
    };
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
      fetch_ms: Math.round(fetchMs),
      again_actions: again.value.plan.actions.length,
    });
  } finally {
    await stop();
  }
};
