/** The standby's lists of what lay in its spool and directories when it began to serve: without them nothing would count as deleted there. */
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { fail, messageOf, ok, type Result } from '../../core/result.ts';
import type { Epoch, Millis, WallTime } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import { manifest, writeManifests } from '../../replication/files/merge/manifest.ts';
import { BEFORE_LIST, NOW_LIST } from '../../replication/files/merge/pull.ts';
import type { StreamReporter, StreamRight } from '../../replication/stream.ts';
import type { Talk } from '../../replication/talk.ts';
import { encodeManifest, takeManifest } from '../../replication/voicemail/manifest.ts';
import type { Term } from '../protocol.ts';
import type { Mailboxes } from './mailboxes.ts';

/** Where the standby keeps its lists; the main may fetch them. */
export const listsIn = (stateDir: string): string => join(stateDir, 'collected');

/** Beside the lists of files. */
export const VOICEMAIL_LIST = 'voicemail.json';

export interface Collected {
  setRight(right: StreamRight, terms: readonly Term[]): void;
  stop(): Promise<void>;
}

export interface CollectedOptions {
  readonly config: Pick<Config, 'stateDir' | 'streams'>;
  readonly talk: Talk;
  readonly clock: Clock;
  readonly reporter: StreamReporter;
  readonly mailboxes: Pick<Mailboxes, 'recording'>;
}

/** Between the kernel's clock and ours. */
const MARGIN_MS: Millis = 1000;
/** Later the clock may have been set, and what was deleted meanwhile is unknown: then nothing counts as deleted. */
const LATE_MS: Millis = 10_000;

const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

const notKept = (path: string, error: unknown) =>
  fail(
    'collected-not-kept',
    `The lists of what the standby collects cannot be kept in ${path}: ${messageOf(error)}.`,
    'See to the disk of state-dir; until then a merge deletes nothing and keeps both versions.',
  );

const writeBefore = async (
  { config }: CollectedOptions,
  folder: string,
  before: WallTime,
  signal: AbortSignal,
): Promise<Result<void>> => {
  const { voicemail, collected } = config.streams;
  if (voicemail.enabled) {
    const taken = await takeManifest(voicemail.directory, before, { signal, before });
    if (!taken.ok) return taken;
    const text = encodeManifest(taken.value);
    if (!text.ok) return text;
    writeFileSync(join(folder, VOICEMAIL_LIST), text.value, { mode: 0o600, flush: true });
  }
  if (collected.length === 0) return ok(undefined);
  const listed = await manifest(collected, signal, before);
  return listed.ok ? writeManifests(join(folder, BEFORE_LIST), listed.value) : listed;
};

/** Whole or not at all: made beside, then renamed. */
const take = async (options: CollectedOptions, first: Term, signal: AbortSignal): Promise<Result<string>> => {
  const root = listsIn(options.config.stateDir);
  const folder = join(root, String(first.epoch));
  try {
    if (isDirectory(folder)) return ok(folder);
    const fresh = join(root, `.new-${first.epoch}`);
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { recursive: true, mode: 0o700 });
    if (options.clock.wall() - first.from <= LATE_MS) {
      const written = await writeBefore(options, fresh, first.from - MARGIN_MS, signal);
      if (!written.ok) return written;
    } else
      options.reporter.say(
        'warning',
        'collected-unknown',
        'What lay here when this node began to serve is not known: the merge will delete nothing.',
      );
    for (const name of readdirSync(root))
      if (name !== `.new-${first.epoch}`) rmSync(join(root, name), { recursive: true, force: true });
    renameSync(fresh, folder);
    return ok(folder);
  } catch (error) {
    return notKept(folder, error);
  }
};

const firstOpen = (terms: readonly Term[]): Term | null =>
  terms
    .filter(({ settled }) => !settled)
    .toSorted((a, b) => a.epoch - b.epoch)
    .at(0) ?? null;

const nothing = () =>
  fail('collected-nothing', 'The standby has collected nothing.', 'Nothing to do: the next merge begins anew.');

/** Begins beside the takeover, never before it. Answers the main's `collected-lists` and `collected-recording`. */
export const createCollected = (options: CollectedOptions): Collected => {
  const { config, talk, reporter } = options;
  const { collected } = config.streams;
  const stopping = new AbortController();
  let first: Term | null = null;
  let taking: { readonly epoch: Epoch; readonly done: Promise<Result<string>> } | null = null;

  const tellTrouble = async (done: Promise<Result<string>>): Promise<void> => {
    const result = await done;
    if (result.ok || stopping.signal.aborted) return;
    // The next question tries again.
    if (taking?.done === done) taking = null;
    reporter.say('alarm', result.error.code, `${result.error.message} ${result.error.remedy}`);
  };
  const begin = (term: Term): Promise<Result<string>> => {
    if (taking?.epoch === term.epoch) return taking.done;
    const done = (taking?.done ?? Promise.resolve()).then(() => take(options, term, stopping.signal));
    taking = { epoch: term.epoch, done };
    void tellTrouble(done);
    return done;
  };

  talk.answer('collected-lists', async (parameters) => {
    if (first === null) return nothing();
    const folder = await begin(first);
    const now = typeof parameters === 'object' && parameters !== null && 'now' in parameters && parameters.now === true;
    if (!folder.ok) return folder;
    if (now) {
      const listed = await manifest(collected, stopping.signal);
      if (!listed.ok) return listed;
      const written = writeManifests(join(folder.value, NOW_LIST), listed.value);
      if (!written.ok) return written;
    }
    return ok({ path: folder.value });
  });
  talk.answer('collected-recording', () => options.mailboxes.recording());

  return {
    setRight: ({ holding }, terms) => {
      first = firstOpen(terms);
      if (first !== null && holding > 0) void begin(first);
    },
    stop: async () => {
      stopping.abort();
      await taking?.done;
    },
  };
};
