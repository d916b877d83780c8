/** How far the upgrade of this node is, on disk, so that it goes on where it was after anything. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fail, ok, type Result } from '../core/result.ts';
import { writeWholeSync } from '../files/whole.ts';

export interface UpgradeRecord {
  /** Programs that ended well. */
  readonly done: readonly string[];
  readonly verified: boolean;
  /** This upgrade began the maintenance of the pair, and ends it. */
  readonly maintenance: boolean;
}

const NO_UPGRADE: UpgradeRecord = { done: [], verified: false, maintenance: false };

export interface RecordStore {
  /** Fault: `upgrade-record-unreadable`. */
  read(): Result<UpgradeRecord>;
  /** Whole or not at all. Fault: `upgrade-record-not-kept`. */
  write(record: UpgradeRecord): Result<void>;
  forget(): void;
}

const isRecord = (value: unknown): value is UpgradeRecord => {
  const { done, verified, maintenance } = (value ?? {}) as Partial<Record<keyof UpgradeRecord, unknown>>;
  const isList = Array.isArray(done) && done.every((each) => typeof each === 'string');
  return isList && typeof verified === 'boolean' && typeof maintenance === 'boolean';
};

export const createRecordStore = (stateDir: string): RecordStore => {
  const path = join(stateDir, 'upgrade.json');
  const unreadable = (why: string) =>
    fail(
      'upgrade-record-unreadable',
      `How far the upgrade of this node is cannot be read: ${why}.`,
      `See ${path}; without it the upgrade begins anew, which is safe: \`dualtone upgrade --anew\`.`,
    );
  return {
    read: () => {
      try {
        const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
        return isRecord(value) ? ok(value) : unreadable('it holds something else');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ok(NO_UPGRADE);
        return unreadable(error instanceof Error ? error.message.replace(/\.$/, '') : String(error));
      }
    },
    write: (record) => {
      try {
        writeWholeSync(path, `${JSON.stringify(record)}\n`);
        return ok(undefined);
      } catch (error) {
        return fail(
          'upgrade-record-not-kept',
          `How far the upgrade is cannot be kept: ${error instanceof Error ? error.message.replace(/\.$/, '') : String(error)}.`,
          'Make space on the disk of state-dir, or see its owner and mode; nothing more was begun.',
        );
      }
    },
    forget: () => rmSync(path, { force: true }),
  };
};
