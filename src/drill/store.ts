/** Reports of drills, a file each; a list of them in short; and the one that is being made, written before anything moves. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { WallTime } from '../core/words.ts';
import { writeWholeSync } from '../files/whole.ts';
import { type DrillKind, type DrillSummary, isDrillKind } from './protocol.ts';
import { DRILL_ID, type DrillReport, readDrillReport, summaryOf } from './report.ts';

/** A drill under way, for whoever must end it after a death. */
export interface Current {
  readonly id: string;
  readonly kind: DrillKind;
  readonly by: string;
  readonly startedAt: WallTime;
  /** Service was asked to move, or the main to fall silent. */
  readonly isMoved: boolean;
  /** The main was turned off by its devices, and is not known to be on again. */
  readonly isOff?: boolean;
  /** Where its journal stood when it began. */
  readonly from: { readonly seq: number; readonly hash: string };
}

export interface DrillStore {
  /** Newest first. */
  list(): readonly DrillSummary[];
  /** Null: there is none of this id, or it is no report. */
  report(id: string): DrillReport | null;
  current(): Current | null;
  /** These throw what the disk throws. */
  setCurrent(current: Current | null): void;
  keep(report: DrillReport, most: number): void;
}

const drillsPath = (stateDir: string): string => join(stateDir, 'drills');

const readJson = (path: string): unknown => {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
};

const isSummary = (input: unknown): input is DrillSummary =>
  typeof input === 'object' && input !== null && 'id' in input && 'outcome' in input && 'startedAt' in input;

const currentOf = (input: unknown): Current | null => {
  if (typeof input !== 'object' || input === null) return null;
  const { id, kind, by, startedAt, isMoved, isOff, from } = input as Readonly<Record<string, unknown>>;
  const fits = typeof id === 'string' && DRILL_ID.test(id) && typeof by === 'string' && typeof startedAt === 'number';
  if (!fits || !isDrillKind(kind) || typeof from !== 'object' || from === null) return null;
  const off = isOff === true ? { isOff } : {};
  return { id, kind, by, startedAt, isMoved: isMoved === true, ...off, from: from as Current['from'] };
};

export const createDrillStore = (stateDir: string): DrillStore => {
  const directory = drillsPath(stateDir);
  const list = (): readonly DrillSummary[] => {
    const read = readJson(join(directory, 'list.json'));
    return Array.isArray(read) ? read.filter(isSummary) : [];
  };
  return {
    list,
    report: (id) => (DRILL_ID.test(id) ? readDrillReport(readJson(join(directory, `${id}.json`))) : null),
    current: () => currentOf(readJson(join(directory, 'current.json'))),
    setCurrent: (current) => {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const path = join(directory, 'current.json');
      if (current === null) rmSync(path, { force: true });
      else writeWholeSync(path, JSON.stringify(current));
    },
    keep: (report, most) => {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      writeWholeSync(join(directory, `${report.id}.json`), JSON.stringify(report));
      // In the order in which they were made, not by date: after a clock that was set back the newest must not be the one that goes.
      const all = [summaryOf(report), ...list().filter(({ id }) => id !== report.id)].slice(0, most);
      writeWholeSync(join(directory, 'list.json'), JSON.stringify(all));
      const kept = new Set(all.map(({ id }) => id));
      for (const name of readdirSync(directory)) {
        const id = name.replace(/\.json$/, '');
        if (DRILL_ID.test(id) && !kept.has(id)) rmSync(join(directory, name), { force: true });
      }
    },
  };
};
