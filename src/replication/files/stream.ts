/** The stream of files: the main, while it serves, sends its directories to the standby, at times as a whole and on each change. */
import { join } from 'node:path';
import { type Fault, fail, ok, type Result } from '../../core/result.ts';
import type { Instant, Millis, Role } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import type { SshTarget } from '../../ssh/target.ts';
import { createSchedule } from '../../time/schedule.ts';
import type { RunOptions, Stream, StreamPending, StreamReporter, StreamRun, StreamStatus } from '../stream.ts';
import { createConcerned } from './concerned.ts';
import type { FilesDirectory } from './copy.ts';
import { createEyes } from './eyes.ts';
import { createLoop, type Loop } from './loop.ts';
import { createPending, type Pending } from './pending.ts';
import { type Counted, countPending } from './pending-count.ts';
import type { RunOutcome } from './runner.ts';
import { describeFiles, isGuard } from './status.ts';
import { transfer } from './transfer.ts';

export interface FilesStreamOptions {
  readonly name: string;
  readonly role: Role;
  readonly target: SshTarget;
  readonly directories: readonly FilesDirectory[];
  readonly exclude: readonly string[];
  /** Also as soon as something changes. */
  readonly onChange: boolean;
  readonly settleMs: Millis;
  readonly schedule: { readonly at: string; readonly missed: 'run' | 'skip' };
  /** KiB a second; 0: no limit. */
  readonly bandwidthKbps: number;
  readonly timeLimitMs: Millis;
  /** Exists; the schedule remembers its last run there. */
  readonly stateDir: string;
  readonly clock: Clock;
  readonly reporter: StreamReporter;
  /** Told after a run which of these are concerned by what it changed. Default: none. */
  readonly watched?: { readonly patterns: readonly string[]; readonly onChanged: (paths: readonly string[]) => void };
  /** What people are told of that waits. Default: files. */
  readonly counts?: Counted;
  /** Silence of rsync at the other side for so long ends a run; a dead way there ssh notices in 3 s. Default 30 s. */
  readonly silenceMs?: Millis;
  /** How often a directory is compared in which changes cannot all be seen. Default a minute. */
  readonly blindMs?: Millis;
  /** A trouble that has lasted so long is an alarm. Default 10 s. */
  readonly alarmAfterMs?: Millis;
  /** Between attempts after a failure: doubled from the first to the last. Default 1 s and 60 s. */
  readonly backOffMs?: { readonly first: Millis; readonly last: Millis };
  /** For tests. */
  readonly transfer?: typeof transfer;
}

const notSending = () =>
  fail(
    'files-not-sending',
    'This node does not send its files now: only the main does, and only while it serves.',
    'Run it on the main; what the standby collected comes back by `dualtone merge run`.',
  );

/** Who asked does not wait any longer; the run itself serves all and goes on. */
const notAwaited = () =>
  fail('files-not-awaited', 'The run goes on; it is no longer waited for.', 'See `dualtone status`.');

/** A trouble that has lasted so long is an alarm; what mends itself before is a warning. */
const ALARM_AFTER_MS: Millis = 10_000;
const GRAVE: ReadonlySet<string> = new Set(['ssh-host-key-changed', 'ssh-key-refused', 'files-disk-full']);

/** What people are told: only what changed since the last time, and once more when it lasts. */
const createVoice = ({ name, reporter, clock, alarmAfterMs = ALARM_AFTER_MS }: FilesStreamOptions) => {
  let last: { readonly code: string; readonly since: Instant; readonly alarmed: boolean } | null = null;
  let lastWarnings = '';
  const sayFault = (fault: Fault): void => {
    if (fault.code === 'files-aborted') return;
    const known = last?.code === fault.code ? last : null;
    const since = known?.since ?? clock.now();
    // The other node that serves, or holds what is not home, blocks by right.
    const isAlarm = GRAVE.has(fault.code) || (clock.now() - since >= alarmAfterMs && !isGuard(fault));
    if (known === null || (isAlarm && !known.alarmed))
      reporter.say(
        isAlarm ? 'alarm' : 'warning',
        fault.code,
        `The stream ${name} does not follow: ${fault.message} ${fault.remedy}`,
      );
    last = { code: fault.code, since, alarmed: isAlarm };
  };
  return (outcome: RunOutcome): void => {
    const { fault, warnings } = outcome;
    if (fault !== null) sayFault(fault);
    else {
      if (last !== null) reporter.say('info', 'files-well', `The stream ${name} follows again.`);
      last = null;
    }
    // A run of some directories says nothing about the others.
    if (!outcome.full) return;
    const texts = warnings.map(({ message }) => message).join('\n');
    if (texts !== lastWarnings) for (const { code, message } of warnings) reporter.say('warning', code, message);
    lastWarnings = texts;
  };
};

const loopOf = (options: FilesStreamOptions, pending: Pending): Loop => {
  const say = createVoice(options);
  const concerned = createConcerned(options.watched?.patterns ?? []);
  return createLoop({
    directories: options.directories,
    pending,
    clock: options.clock,
    timeLimitMs: options.timeLimitMs,
    backOffMs: options.backOffMs ?? { first: 1000, last: 60_000 },
    copy: {
      target: options.target,
      exclude: options.exclude,
      bandwidthKbps: options.bandwidthKbps,
      silenceMs: options.silenceMs ?? 30_000,
      transfer: options.transfer ?? transfer,
    },
    onChanged: concerned.see,
    onOutcome: (outcome) => {
      say(outcome);
      const paths = concerned.take();
      if (paths.length > 0) options.watched?.onChanged(paths);
      const { changed, bytes, tookMs, full, fault, warnings } = outcome;
      if (full || changed > 0 || fault !== null)
        options.reporter.note('files', { stream: options.name, full, changed, bytes, tookMs, fault, warnings });
    },
  });
};

const asRun = (name: string, outcome: RunOutcome, clock: Clock): StreamRun => ({
  stream: name,
  startedAt: clock.wall() - (clock.now() - outcome.startedAt),
  tookMs: outcome.tookMs,
  changed: outcome.changed,
  bytes: outcome.bytes,
  warnings: outcome.warnings,
  text: `${outcome.changed} changed, ${outcome.bytes} bytes, ${outcome.warnings.length} warnings`,
});

/** What makes runs due: the beginning, changes, the clock, and blindness. */
const createCauses = (options: FilesStreamOptions, pending: Pending, loop: Loop) => {
  const { clock, reporter, settleMs } = options;
  const paths = options.directories.map(({ path }) => path);
  let sending = false;
  const want = (wanted: readonly string[]): void => {
    for (const path of wanted) pending.add(path, 'all', clock.now());
    loop.work();
  };
  const wantAll = (): void => want(paths);
  const schedule = createSchedule({
    ...options.schedule,
    clock,
    stateFile: join(options.stateDir, `${options.name}-schedule.json`),
    canRun: () => sending,
    onDue: wantAll,
    onTrouble: (text) => reporter.say('warning', 'files-schedule-not-kept', text),
  });
  const eyes = createEyes({
    paths,
    settleMs,
    blindMs: options.blindMs ?? 60_000,
    clock,
    onBlind: (roots) => want(roots ?? paths),
    onTrouble: (text) => reporter.say('warning', 'files-not-all-seen', text),
    onDirty: (dirty) => {
      for (const { root, directories } of dirty)
        pending.add(root, directories === 'all' ? 'all' : new Set(directories), clock.now() - settleMs);
      loop.work();
    },
  });
  const begin = (): void => {
    sending = true;
    loop.begin();
    if (!options.onChange) wantAll();
    // What changes while the watches are set is found by the whole run after them.
    else void eyes.open().then(() => (sending ? wantAll() : undefined));
    schedule.look();
  };
  const end = (): void => {
    sending = false;
    eyes.close();
    loop.end();
  };
  return { begin, end, wantAll, schedule, eyes, sending: () => sending };
};

/** Directories are looked at every other second at most, however often somebody asks. */
const createPendingLook = ({ clock, counts }: FilesStreamOptions, pending: Pending) => {
  let known: StreamPending | null = null;
  let knownAt: Instant = Number.NEGATIVE_INFINITY;
  return (): StreamPending | null => {
    const now = clock.now();
    if (now - knownAt < 2000) return known;
    knownAt = now;
    known = countPending(pending.all(), counts ?? 'files', now, clock.wall());
    return known;
  };
};

/** Reads nothing and watches nothing before the node sends. */
export const createFilesStream = (options: FilesStreamOptions): Stream => {
  const { clock, directories, name, role } = options;
  const pending = createPending(directories.map(({ path }) => path));
  const loop = loopOf(options, pending);
  const causes = createCauses(options, pending, loop);
  const { schedule, eyes } = causes;
  const pendingNow = createPendingLook(options, pending);
  let stopped = false;

  const run = async ({ signal, onProgress }: RunOptions): Promise<Result<StreamRun>> => {
    if (!causes.sending()) return notSending();
    const next = loop.nextFull(signal, onProgress);
    causes.wantAll();
    const outcome = await next;
    if (outcome === null) return causes.sending() ? notAwaited() : notSending();
    return outcome.fault === null ? ok(asRun(name, outcome, clock)) : { ok: false, error: outcome.fault };
  };

  const status = (): StreamStatus => {
    const facts = loop.facts();
    return describeFiles({
      name,
      role,
      ...facts,
      empty: directories.length === 0,
      sending: causes.sending(),
      blind: eyes.blind(),
      watching: eyes.isOpen(),
      waitingSince: facts.waitingSince ?? eyes.waitingSince(),
      now: clock.now(),
      wall: clock.wall(),
      nextRun: causes.sending() ? schedule.next() : null,
      pending: causes.sending() && facts.waitingSince !== null ? pendingNow() : null,
    });
  };

  return {
    name,
    start: () => schedule.start(),
    setRight: ({ holding }) => {
      const may = role === 'main' && holding > 0 && directories.length > 0 && !stopped;
      if (may && !causes.sending()) causes.begin();
      else if (!may && causes.sending()) causes.end();
    },
    status,
    run,
    stop: async () => {
      stopped = true;
      causes.end();
      schedule.stop();
      await loop.idle();
    },
  };
};
