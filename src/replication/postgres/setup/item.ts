/** One thing that must be so in a node's PostgreSQL: looked at, changed, looked at again, undone. */
import type { Result } from '../../../core/result.ts';
import type { Admin } from './admin.ts';
import type { SetupRecord } from './record.ts';

/**
 * `right`; `missing`: it will be made; `due`: made, in force after the next restart; `drifted`: a hand changed what Dualtone
 * had made, and it is left alone; `refused`: it cannot be made here.
 */
export type ItemCondition = 'right' | 'missing' | 'due' | 'drifted' | 'refused';

export interface ItemLook {
  readonly id: string;
  readonly condition: ItemCondition;
  /** How it is, in one sentence. */
  readonly text: string;
  /** What would be done, in one sentence; null when nothing. */
  readonly change: string | null;
  /** When the change is in force. */
  readonly effect: 'at-once' | 'reload' | 'restart';
}

export interface Item {
  readonly id: string;
  look(): Promise<Result<ItemLook>>;
  /** Does what `look` said. Repeatable. */
  act(): Promise<Result<void>>;
  /** Puts back what was there before. Null: done, or there was nothing to do; otherwise why it was left, in one sentence. */
  undo(): Promise<Result<string | null>>;
}

export interface ItemContext {
  readonly admin: Admin;
  readonly record: SetupRecord;
  /** Also changes what a hand changed since. */
  readonly overwriteDrift: boolean;
}
