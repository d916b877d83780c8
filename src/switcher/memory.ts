/** Under which term each switch was last done, kept in a file: an agent that is restarted while it serves interrupts nobody. */
import { readFileSync } from 'node:fs';
import { messageOf } from '../core/result.ts';
import type { Epoch } from '../core/words.ts';
import { writeWholeSync } from '../files/whole.ts';
import type { DoneMemory } from './follower.ts';

interface Kept {
  /** After a boot nothing is as it was left. */
  readonly boot: string;
  readonly epochByName: Readonly<Record<string, Epoch>>;
}

const load = (path: string): Kept | null => {
  try {
    const read: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof read !== 'object' || read === null) return null;
    const { boot, epochByName } = read as Readonly<Record<string, unknown>>;
    if (typeof boot !== 'string' || typeof epochByName !== 'object' || epochByName === null) return null;
    const entries = Object.entries(epochByName).filter(([, epoch]) => Number.isSafeInteger(epoch));
    return { boot, epochByName: Object.fromEntries(entries) };
  } catch {
    return null;
  }
};

/** `boot`: of this boot. `onTrouble`: why the disk refused; what was done is then known to this process alone. */
export const createDoneMemory = (path: string, boot: string, onTrouble: (why: string) => void): DoneMemory => {
  const kept = load(path);
  const epochByName: Record<string, Epoch> = kept?.boot === boot ? { ...kept.epochByName } : {};
  return {
    read: (name) => epochByName[name] ?? 0,
    write: (name, epoch) => {
      epochByName[name] = epoch;
      try {
        writeWholeSync(path, JSON.stringify({ boot, epochByName }));
      } catch (error) {
        onTrouble(messageOf(error));
      }
    },
  };
};
