/** The alarms' memory: open alarms and what is on its way, in one file, so that both are always of the same moment. */
import { readFileSync, renameSync } from 'node:fs';
import { fail, messageOf, ok, type Result } from '../core/result.ts';
import { isRecord, type WallTime } from '../core/words.ts';
import { writeWholeSync } from '../files/whole.ts';
import type { AlarmsState } from './core/words.ts';

export interface KeptAlarms {
  readonly state: AlarmsState;
  readonly wall: WallTime;
}

export interface AlarmStore {
  /** Null where there is none; `note` says where one was damaged. */
  load(): { readonly kept: KeptAlarms | null; readonly note: string | null };
  /** Whole or not at all, and on disk when it returns. Fault: `alarm-queue-not-kept`. */
  save(kept: KeptAlarms): Result<void>;
}

/** Written by this program alone; a wrong shape is a wrong version, or damage. */
const isState = (value: unknown): value is AlarmsState =>
  isRecord(value) &&
  value['version'] === 1 &&
  Array.isArray(value['alarms']) &&
  isRecord(value['channelByName']) &&
  isRecord(value['heard']) &&
  ['now', 'nextMessage', 'nextAlarm', 'servedEpoch'].every((key) => Number.isFinite(value[key])) &&
  typeof value['instance'] === 'string';

const load = (path: string): ReturnType<AlarmStore['load']> => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kept: null, note: null };
    return { kept: null, note: `${path} cannot be read (${messageOf(error)}); alarms begin anew` };
  }
  try {
    const parsed: unknown = JSON.parse(text);
    if (isRecord(parsed) && isState(parsed['state']) && typeof parsed['wall'] === 'number')
      return { kept: { state: { ...parsed['state'], facts: null }, wall: parsed['wall'] }, note: null };
  } catch {
    // Kept aside below.
  }
  try {
    renameSync(path, `${path}.damaged`);
  } catch {
    // The note tells.
  }
  return { kept: null, note: `${path} was damaged and is kept as ${path}.damaged; alarms begin anew` };
};

/** One file at `path`, mode 0600, replaced at once. */
export const createAlarmStore = (path: string): AlarmStore => ({
  load: () => load(path),
  save: ({ state, wall }) => {
    try {
      const text = JSON.stringify({ wall, state: { ...state, facts: null, factsAt: 0 } });
      writeWholeSync(path, text, { folderMode: 0o700 });
      return ok(undefined);
    } catch (error) {
      return fail(
        'alarm-queue-not-kept',
        `The queue of alarms cannot be kept: ${messageOf(error)}.`,
        'Make space on the disk of state-dir, or see its owner and mode; until then alarms are told from memory.',
      );
    }
  },
});
