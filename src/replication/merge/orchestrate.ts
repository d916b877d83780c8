/** `dualtone merge`: previews, runs, takes back and reports merges; what they do next is machine.ts, what they keep is store.ts. */
import { fail, ok, type Result } from '../../core/result.ts';
import type { Epoch, Millis, WallTime } from '../../core/words.ts';
import type { StreamProgress } from '../stream.ts';
import { knowEntries } from './entries.ts';
import {
  advance,
  lastEpoch,
  type MergeEvent,
  type MergeState,
  nextAction,
  nextUndo,
  type StandbyView,
} from './machine.ts';
import type { DecisionsInput, MergeIdentity, MergePart, PartReport, Pass, Term } from './part.ts';
import type { MergePreview, MergeReport } from './report.ts';
import type { MergeStore, StoredMerge } from './store.ts';

export interface MergesOptions {
  readonly store: MergeStore;
  /** In the order in which they run: what others refer to first (configuration, status, events, voicemail, files). */
  readonly parts: readonly MergePart[];
  /** Asks the standby's agent. */
  readonly standby: (signal: AbortSignal) => Promise<Result<StandbyView>>;
  /** Tells it that what it collected up to this term is home; it refuses where it has served since. */
  readonly settle: (untilEpoch: Epoch) => Promise<Result<null>>;
  readonly now: () => WallTime;
  /** How long a finished merge can be undone. */
  readonly keepMs: Millis;
  /** Whatever the clock says, no more finished merges than this; default 200. */
  readonly mostFinished?: number;
}

export interface MergeRunOptions {
  readonly decisions: DecisionsInput;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: StreamProgress) => void;
}

/** One operation at a time; another one meanwhile is the fault `merge-running`. */
export interface Merges {
  preview(options: MergeRunOptions): Promise<Result<MergePreview>>;
  /**
   * Begins a merge or goes on with the one that is open. Ends well when all that can be done now is done: after a first pass, or
   * settled. Faults: `merge-nothing`, `merge-part-failed`, `merge-cancelled`, `merge-not-kept`, those of asking the standby.
   */
  run(options: MergeRunOptions): Promise<Result<MergeReport>>;
  /**
   * Whether all these wait for a decision, or were refused, by the last report or else by a preview. Faults: `merge-entry-unknown`,
   * those of the preview.
   */
  knows(ids: readonly string[], options: MergeRunOptions): Promise<Result<null>>;
  /** Faults: `merge-unknown`, `merge-undone-already`, `merge-part-failed`, `merge-cancelled`, `merge-not-kept`. */
  undo(number: number, options: Pick<MergeRunOptions, 'signal' | 'onProgress'>): Promise<Result<MergeReport>>;
  /** Null: the last one. Faults: `merge-unknown`, `merge-not-kept`. */
  report(number: number | null): Result<MergeReport>;
  /** Whether the standby holds what no merge has begun to bring; false where it cannot be asked. */
  hasMore(signal: AbortSignal): Promise<boolean>;
  list(): Result<readonly MergeReport[]>;
  /** Forgets the oldest finished merge that is older than `keepMs`, or one too many; how many: one, or none. */
  prune(signal: AbortSignal): Promise<Result<number>>;
}

/** A merge under way, with what happened to it. */
interface Run {
  readonly merge: StoredMerge;
  state: MergeState;
  reports: StoredMerge['reports'];
  events: readonly MergeEvent[];
}

const cancelled = () =>
  fail(
    'merge-cancelled',
    'The merge was stopped.',
    'Run it again when you like: it goes on where it was, and nothing comes twice.',
  );

const running = () =>
  fail('merge-running', 'A merge is under way.', 'Wait for its end; `dualtone merge report` shows it.');

const isOpen = ({ state }: Pick<StoredMerge, 'state'>): boolean =>
  state.phase !== 'settled' && state.phase !== 'undone' && state.phase !== 'undoing';

const reportOf = (run: Pick<Run, 'merge' | 'state' | 'reports' | 'events'>): MergeReport => {
  const errors = new Map<string, { code: string; message: string }>();
  for (const event of run.events) {
    if (event.kind === 'pass-begun') errors.clear();
    if (event.kind === 'part-failed') errors.set(event.part, { code: event.code, message: event.message });
  }
  return {
    number: run.merge.number,
    createdAt: run.merge.createdAt,
    lastAt: run.state.lastAt,
    phase: run.state.phase,
    failed: [...errors].map(([part, error]) => ({ part, error })),
    parts: Object.values(run.reports),
    settled: run.state.phase === 'settled',
  };
};

const storedReport = (merge: StoredMerge): MergeReport => reportOf({ ...merge, merge });

const runOf = (merge: StoredMerge): Run => ({
  merge,
  state: merge.state,
  reports: merge.reports,
  events: merge.events,
});

const identityOf = ({ merge, state }: Run, terms: readonly Term[]): MergeIdentity => ({
  mergeKey: merge.mergeKey,
  directory: merge.directory,
  terms,
  settled: state.phase === 'settled',
});

const happened = (options: MergesOptions, run: Run, event: MergeEvent): Result<null> => {
  const kept = options.store.append(run.merge, event);
  if (!kept.ok) return kept;
  run.events = [...run.events, event];
  run.state = advance(run.state, event);
  return ok(null);
};

const keepReport = (options: MergesOptions, run: Run, report: PartReport): Result<null> => {
  run.reports = { ...run.reports, [report.part]: report };
  return options.store.saveReports(run.merge, run.reports);
};

/** A part that fails does not keep the others from their work; only being stopped, or a full disk, ends the run. */
const runPart = async (
  options: MergesOptions,
  run: Run,
  name: string,
  pass: Pass,
  { decisions, signal, onProgress }: MergeRunOptions,
): Promise<Result<null>> => {
  const part = options.parts.find((one) => one.name === name);
  if (part === undefined) throw new Error(`there is no part ${name}`);
  const done = await part.run(identityOf(run, run.state.terms), { pass, decisions, signal, onProgress });
  if (signal.aborted) return cancelled();
  const at = options.now();
  if (!done.ok) return happened(options, run, { kind: 'part-failed', at, part: name, ...shortly(done.error) });
  const kept = keepReport(options, run, done.value);
  if (!kept.ok) return kept;
  // What is not home yet would be gone once the standby is overwritten.
  if (pass === 'second' && done.value.left > 0)
    return happened(options, run, { kind: 'part-failed', at, part: name, ...stillThere(done.value.left) });
  return happened(options, run, { kind: 'part-done', at, part: name });
};

const stillThere = (left: number) => ({
  code: 'merge-left',
  message: `${left.toLocaleString('en-US')} of it could not be brought yet and ${left === 1 ? 'is' : 'are'} still on the standby.`,
});

const shortly = ({ code, message }: { readonly code: string; readonly message: string }) => ({ code, message });

const noteAll = async (options: MergesOptions, run: Run, signal: AbortSignal): Promise<Result<null>> => {
  for (const part of options.parts) {
    const noted = await part.settle(identityOf(run, run.state.terms), signal);
    if (!noted.ok) return noted;
  }
  return happened(options, run, { kind: 'noted', at: options.now(), epoch: lastEpoch(run.state.terms) });
};

const tellStandby = async (options: MergesOptions, run: Run, epoch: Epoch): Promise<Result<null>> => {
  const told = await options.settle(epoch);
  return told.ok ? happened(options, run, { kind: 'settled', at: options.now(), epoch }) : told;
};

const partFailed = (report: MergeReport) =>
  fail(
    'merge-part-failed',
    `Of merge ${report.number} failed: ${report.failed.map(({ part, error }) => `${part} (${error.message})`).join('; ')}`,
    'The other parts are done. Solve it and run the merge again; until then nothing on the standby is overwritten.',
  );

/** A standby that goes to and fro would keep a run from its end for ever. */
const MOST_PASSES = 5;

const carryOn = async (options: MergesOptions, run: Run, asked: MergeRunOptions): Promise<Result<MergeReport>> => {
  const names = options.parts.map((part) => part.name);
  let passes = 0;
  for (;;) {
    if (asked.signal.aborted) return cancelled();
    const standby = await options.standby(asked.signal);
    if (!standby.ok) return standby;
    const action = nextAction(run.state, standby.value, names, passes > 0);
    let done: Result<null>;
    switch (action.kind) {
      case 'begin-pass':
        passes += 1;
        if (passes > MOST_PASSES) return restless();
        done = happened(options, run, {
          kind: 'pass-begun',
          at: options.now(),
          pass: action.pass,
          terms: standby.value.terms,
        });
        break;
      case 'run-part':
        done = await runPart(options, run, action.part, action.pass, asked);
        break;
      case 'note':
        done = await noteAll(options, run, asked.signal);
        break;
      case 'tell-standby':
        done = await tellStandby(options, run, action.epoch);
        break;
      case 'was-told':
        done = happened(options, run, { kind: 'settled', at: options.now(), epoch: action.epoch });
        break;
      case 'rest': {
        const report = reportOf(run);
        return report.failed.length > 0 && !report.settled ? partFailed(report) : ok(report);
      }
    }
    if (!done.ok) return asked.signal.aborted ? cancelled() : done;
  }
};

const restless = () =>
  fail(
    'merge-restless',
    'The standby began or ended its service again and again while it was merged.',
    'Run the merge again when service stays where it is.',
  );

/** After all is home, what waits for a decision can still be accepted or refused, from the main's own records. */
const decideLater = async (
  options: MergesOptions,
  merge: StoredMerge,
  asked: MergeRunOptions,
): Promise<Result<MergeReport>> => {
  const run = runOf(merge);
  for (const part of options.parts) {
    const waiting = run.reports[part.name];
    if (waiting === undefined || waiting.pending.length + waiting.refused.length === 0) continue;
    const done = await part.run(identityOf(run, run.state.terms), { pass: 'second', ...asked });
    if (!done.ok) return done;
    const kept = keepReport(options, run, done.value);
    if (!kept.ok) return kept;
  }
  return ok(reportOf(run));
};

const asksToDecide = ({ all, byId }: DecisionsInput): boolean => all !== 'ask' || Object.keys(byId).length > 0;

const beginOrContinue = async (options: MergesOptions, asked: MergeRunOptions): Promise<Result<MergeReport>> => {
  const stored = options.store.list();
  if (!stored.ok) return stored;
  const last = stored.value.at(-1);
  if (last !== undefined && isOpen(last)) return carryOn(options, runOf(last), asked);
  if (last?.state.phase === 'undoing')
    return fail(
      'merge-undo-unfinished',
      `Taking back merge ${last.number} was begun and has not ended.`,
      `Run \`dualtone merge undo ${last.number}\` again first.`,
    );
  const standby = await options.standby(asked.signal);
  if (!standby.ok) return standby;
  if (standby.value.terms.length === 0) {
    if (last?.state.phase === 'settled' && asksToDecide(asked.decisions)) return decideLater(options, last, asked);
    return fail('merge-nothing', 'The standby has collected nothing since the last merge.', 'Nothing to do.');
  }
  const created = options.store.create(options.now());
  return created.ok ? carryOn(options, runOf(created.value), asked) : created;
};

const previewAll = async (options: MergesOptions, asked: MergeRunOptions): Promise<Result<MergePreview>> => {
  const stored = options.store.list();
  if (!stored.ok) return stored;
  const standby = await options.standby(asked.signal);
  if (!standby.ok) return standby;
  const last = stored.value.at(-1);
  const open = last !== undefined && isOpen(last) ? last : null;
  const identity: MergeIdentity = {
    mergeKey: open?.mergeKey ?? '00000000-0000-4000-8000-000000000000',
    directory: open?.directory ?? options.store.previewDirectory,
    terms: standby.value.terms,
    settled: false,
  };
  const pass: Pass = standby.value.serving ? 'first' : 'second';
  const parts: MergePreview['parts'][number][] = [];
  const failed: MergePreview['failed'][number][] = [];
  for (const part of standby.value.terms.length === 0 ? [] : options.parts) {
    const told = await part.preview(identity, { pass, ...asked });
    if (asked.signal.aborted) return cancelled();
    if (told.ok) parts.push(told.value);
    else failed.push({ part: part.name, error: told.error });
  }
  return ok({ number: open?.number ?? null, parts, failed });
};

const undoAll = async (
  options: MergesOptions,
  merge: StoredMerge,
  { signal, onProgress }: Pick<MergeRunOptions, 'signal' | 'onProgress'>,
): Promise<Result<MergeReport>> => {
  if (merge.state.phase === 'undone')
    return fail('merge-undone-already', `Merge ${merge.number} has been taken back already.`, 'Nothing to do.');
  const run = runOf(merge);
  const begun = happened(options, run, { kind: 'undo-begun', at: options.now() });
  if (!begun.ok) return begun;
  const names = options.parts.map((part) => part.name);
  for (let name = nextUndo(run.state, names); name !== null; name = nextUndo(run.state, names)) {
    const part = options.parts.find((one) => one.name === name);
    if (part === undefined) break;
    const identity = identityOf(run, run.state.terms);
    const undone = await part.undo(identity, { settled: run.state.wasSettled, signal, onProgress });
    if (signal.aborted) return cancelled();
    if (!undone.ok) return undone;
    const kept = keepReport(options, run, undone.value);
    if (!kept.ok) return kept;
    const noted = happened(options, run, { kind: 'part-undone', at: options.now(), part: name });
    if (!noted.ok) return noted;
  }
  const ended = happened(options, run, { kind: 'undone', at: options.now() });
  return ended.ok ? ok(reportOf(run)) : ended;
};

const MOST_FINISHED = 200;

/** Nothing that waits for a person. */
const mayBeForgotten = ({ state, reports }: StoredMerge): boolean =>
  state.phase === 'undone' ||
  (state.phase === 'settled' && Object.values(reports).every((part) => part.pending.length === 0));

/** One at a time: a wall clock that is a year ahead for an hour must not cost every undo. */
const pruneOldest = async (options: MergesOptions, signal: AbortSignal): Promise<Result<number>> => {
  const stored = options.store.list();
  if (!stored.ok) return stored;
  const finished = stored.value.filter(mayBeForgotten);
  const isOld = ({ state }: StoredMerge): boolean => state.lastAt + options.keepMs <= options.now();
  const merge = finished.length > (options.mostFinished ?? MOST_FINISHED) ? finished[0] : finished.find(isOld);
  if (merge === undefined) return ok(0);
  for (const part of options.parts) {
    const forgotten = await part.forget(identityOf(runOf(merge), merge.state.terms), signal);
    if (!forgotten.ok) return forgotten;
  }
  const removed = options.store.remove(merge);
  return removed.ok ? ok(1) : removed;
};

export const createMerges = (options: MergesOptions): Merges => {
  let busy = false;
  const alone = async <T>(work: () => Promise<Result<T>>): Promise<Result<T>> => {
    if (busy) return running();
    busy = true;
    try {
      return await work();
    } finally {
      busy = false;
    }
  };
  const find = (number: number | null): Result<StoredMerge> => {
    const stored = options.store.list();
    if (!stored.ok) return stored;
    const merge = number === null ? stored.value.at(-1) : stored.value.find((one) => one.number === number);
    if (merge !== undefined) return ok(merge);
    const message = number === null ? 'There has been no merge.' : `There is no merge ${number}.`;
    return fail('merge-unknown', message, 'See `dualtone merge report` for the last one.');
  };
  return {
    preview: (asked) => alone(() => previewAll(options, asked)),
    run: (asked) => alone(() => beginOrContinue(options, asked)),
    knows: (ids, asked) => alone(() => knowEntries(options.store, ids, () => previewAll(options, asked))),
    undo: (number, asked) =>
      alone(async () => {
        const merge = find(number);
        return merge.ok ? undoAll(options, merge.value, asked) : merge;
      }),
    report: (number) => {
      const merge = find(number);
      return merge.ok ? ok(storedReport(merge.value)) : merge;
    },
    hasMore: async (signal) => {
      const stored = options.store.list();
      const last = stored.ok ? stored.value.at(-1) : undefined;
      if (!stored.ok || (last !== undefined && isOpen(last))) return false;
      const standby = await options.standby(signal);
      return standby.ok && standby.value.terms.length > 0;
    },
    list: () => {
      const stored = options.store.list();
      return stored.ok ? ok(stored.value.map(storedReport)) : stored;
    },
    prune: (signal) => alone(() => pruneOldest(options, signal)),
  };
};
