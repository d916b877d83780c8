/**
 * Changes of this machine that are shown before, recorded before they are made, looked at again afterwards, and taken back in the
 * reverse order, each only where it is still as it was left.
 */
import { createHash } from 'node:crypto';
import { fail, ok, type Result } from '../core/result.ts';
import { aimOf, type Change, essence, type Found, idOf } from './change.ts';
import { type Entry, type RecordState, readRecord, type Step, writeRecord } from './record.ts';
import type { World } from './world.ts';

/** One line of a preview, or of what was done. */
export interface Line {
  readonly id: string;
  /** `drift`: somebody has changed it since; it is left as it is. */
  readonly what: 'made' | 'changed' | 'same' | 'restored' | 'removed' | 'drift';
  /** For people. */
  readonly text: string;
}

export interface Changes {
  /** What `apply` would do, in order. */
  preview(changes: readonly Change[]): Promise<Result<readonly Line[]>>;
  /** Makes all of them or none. They stay open, to be taken back by `rollback`, or by `recover` of a later process, until `commit`. */
  apply(changes: readonly Change[], by: string): Promise<Result<void>>;
  commit(): Promise<Result<void>>;
  rollback(): Promise<Result<readonly Line[]>>;
  /** Takes back what a process that died left open. True where there was something. */
  recover(): Promise<Result<boolean>>;
  /** Takes everything back that was ever made; `force` also what somebody has changed since. */
  undo(force: boolean): Promise<Result<readonly Line[]>>;
  previewUndo(): Promise<Result<readonly Line[]>>;
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** What is kept of a change: contents of ours are made again, never kept twice. */
const kept = (change: Change): Change => (change.kind === 'file' ? { ...change, text: '' } : change);

const nameOf = (change: Change): string => {
  switch (change.kind) {
    case 'file':
    case 'directory':
      return change.path;
    case 'sysctl':
      return `the kernel's ${change.key}`;
    case 'unit':
      return change.unit;
    case 'remainder':
      return change.name;
  }
};

const notAsMade = (change: Change) =>
  fail(
    'change-not-verified',
    `${nameOf(change)} is not as it was just made.`,
    'See whether another program changes it too, such as a configuration management.',
  );

const previewLine = (change: Change, found: Found): Line => {
  const id = idOf(change);
  const name = nameOf(change);
  if (change.kind === 'remainder') return { id, what: 'same', text: `${name}: removed by \`dualtone disable\`` };
  if (change.kind === 'unit') {
    const isEnabled = found?.kind === 'unit' && found.enabled;
    const verb = change.start === 'leave' ? '' : `, ${change.start}ed now`;
    return isEnabled && change.start === 'leave'
      ? { id, what: 'same', text: `${name} starts at boot already` }
      : { id, what: 'changed', text: `${name}: starts at boot${verb}` };
  }
  if (essence(found) === aimOf(change)) return { id, what: 'same', text: `${name} is so already` };
  const what = found === null ? 'made' : 'changed';
  const detail = change.kind === 'sysctl' ? ` becomes ${change.value}` : ` is ${what}`;
  return { id, what, text: `${name}${detail}` };
};

const undoneLine = (change: Change, former: Found): Line => {
  const what = former === null ? 'removed' : 'restored';
  const text =
    change.kind === 'unit'
      ? `${change.unit} is as it was before`
      : `${nameOf(change)} is ${former === null ? 'removed' : 'as it was before'}`;
  return { id: idOf(change), what, text };
};

const driftLine = (change: Change): Line => ({
  id: idOf(change),
  what: 'drift',
  text: `${nameOf(change)} was changed by somebody since; it stays as it is now`,
});

interface Shelf {
  readonly world: World;
  readonly now: () => string;
  readonly state: () => RecordState;
  /** Durable before it counts. */
  readonly keep: (next: RecordState) => Result<void>;
}

/** What is there, against what we left: ours, as before, or somebody's. */
const standing = async (
  { world }: Shelf,
  change: Change,
  left: string,
  former: Found,
): Promise<Result<'ours' | 'former' | 'drift'>> => {
  if (change.kind === 'remainder') return ok('ours');
  const found = await world.look(change);
  if (!found.ok) return found;
  const now = essence(found.value);
  if (digest(now) === left) return ok('ours');
  return ok(now === essence(former) ? 'former' : 'drift');
};

const takeBack = async (
  shelf: Shelf,
  { change, left, former }: Pick<Entry, 'change' | 'left' | 'former'>,
  force: boolean,
): Promise<Result<Line>> => {
  const stands = await standing(shelf, change, left, former);
  if (!stands.ok) return stands;
  if (stands.value === 'drift' && !force) return ok(driftLine(change));
  // Also what looks as before: a program may still have to be told.
  const restored = await shelf.world.restore(change, former);
  return restored.ok ? ok(undoneLine(change, former)) : restored;
};

const rollBack = async (shelf: Shelf): Promise<Result<readonly Line[]>> => {
  const lines: Line[] = [];
  const { state, keep } = shelf;
  for (let step = state().batch?.steps.at(-1); step !== undefined; step = state().batch?.steps.at(-1)) {
    const { change, before, left } = step;
    // What running leaves behind is not of this batch alone.
    if (change.kind !== 'remainder') {
      const line = await takeBack(shelf, { change, left, former: before }, false);
      if (!line.ok) return line;
      lines.push(line.value);
    }
    const { batch } = state();
    const dropped = keep({ ...state(), batch: batch === null ? null : { ...batch, steps: batch.steps.slice(0, -1) } });
    if (!dropped.ok) return dropped;
  }
  const closed = keep({ ...state(), batch: null });
  return closed.ok ? ok(lines) : closed;
};

const isNeeded = (change: Change, found: Found, isKnown: boolean): boolean =>
  change.kind === 'unit' || change.kind === 'remainder' || isKnown || essence(found) !== aimOf(change);

const makeOne = async ({ world, state, keep }: Shelf, change: Change): Promise<Result<void>> => {
  const before = await world.look(change);
  if (!before.ok) return before;
  if (!isNeeded(change, before.value, state().entryById.has(idOf(change)))) return ok(undefined);
  const { batch } = state();
  const step: Step = { change: kept(change), before: before.value, left: digest(aimOf(change)) };
  const noted = keep({ ...state(), batch: batch === null ? null : { ...batch, steps: [...batch.steps, step] } });
  if (!noted.ok) return noted;
  const made = await world.make(change);
  if (!made.ok) return made;
  const after = await world.look(change);
  if (!after.ok) return after;
  return essence(after.value) === aimOf(change) ? ok(undefined) : notAsMade(change);
};

const makeAll = async (shelf: Shelf, changes: readonly Change[], by: string): Promise<Result<void>> => {
  if (shelf.state().batch !== null) throw new Error('the former changes are still open');
  const begun = shelf.keep({ ...shelf.state(), batch: { by, at: shelf.now(), steps: [] } });
  if (!begun.ok) return begun;
  for (const change of changes) {
    const made = await makeOne(shelf, change);
    if (made.ok) continue;
    const back = await rollBack(shelf);
    return back.ok ? made : back;
  }
  return ok(undefined);
};

/** The first former of each stays: later ones are ours. */
const settle = ({ entryById, batch }: RecordState): RecordState => {
  const next = new Map(entryById);
  for (const { change, before, left } of batch?.steps ?? []) {
    const id = idOf(change);
    const first = next.get(id);
    const { by = '', at = '' } = batch ?? {};
    next.set(id, { change, former: first === undefined ? before : first.former, left, at, by });
  }
  return { entryById: next, batch: null };
};

/** A thing that somebody has changed keeps its entry, for `force` later on. */
const undoAll = async (shelf: Shelf, force: boolean): Promise<Result<readonly Line[]>> => {
  const lines: Line[] = [];
  for (const [id, entry] of [...shelf.state().entryById].toReversed()) {
    const line = await takeBack(shelf, entry, force);
    if (!line.ok) return line;
    lines.push(line.value);
    if (line.value.what === 'drift') continue;
    const entryById = new Map(shelf.state().entryById);
    entryById.delete(id);
    const dropped = shelf.keep({ ...shelf.state(), entryById });
    if (!dropped.ok) return dropped;
  }
  return ok(lines);
};

/** Opens the record of this machine. Faults of all: `change-…`, those of files and programs. */
export const openChanges = (recordFile: string, world: World, wall: () => number = Date.now): Result<Changes> => {
  const read = readRecord(recordFile);
  if (!read.ok) return read;
  let state: RecordState = read.value;
  const shelf: Shelf = {
    world,
    now: () => new Date(wall()).toISOString(),
    state: () => state,
    keep: (next) => {
      const written = writeRecord(recordFile, next);
      if (written.ok) state = next;
      return written;
    },
  };
  const changes: Changes = {
    preview: async (wanted) => {
      const lines: Line[] = [];
      for (const change of wanted) {
        const found = await world.look(change);
        if (!found.ok) return found;
        lines.push(previewLine(change, found.value));
      }
      return ok(lines);
    },
    apply: (wanted, by) => makeAll(shelf, wanted, by),
    commit: async () => (state.batch === null ? ok(undefined) : shelf.keep(settle(state))),
    rollback: () => rollBack(shelf),
    recover: async () => {
      if (state.batch === null) return ok(false);
      const back = await rollBack(shelf);
      return back.ok ? ok(true) : back;
    },
    undo: (force) => undoAll(shelf, force),
    previewUndo: async () => {
      const lines: Line[] = [];
      for (const [, { change, former, left }] of [...state.entryById].toReversed()) {
        const stands = await standing(shelf, change, left, former);
        if (!stands.ok) return stands;
        lines.push(stands.value === 'drift' ? driftLine(change) : undoneLine(change, former));
      }
      return ok(lines);
    },
  };
  return ok(changes);
};
