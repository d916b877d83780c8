/** Where a merge of rows begins: what the standby changed, and what an earlier pass already made the same. */
import { ok, type Result } from '../../../core/result.ts';
import type { MergeIdentity } from '../part.ts';
import type { Databases } from '../session.ts';
import { agreedRows, loadRecords } from './records.ts';
import type { Agreed, MergeRules } from './rules.ts';
import { readStandbyLog, type StandbyLog } from './standby-log.ts';

export interface Collected extends StandbyLog {
  readonly agreed: Agreed;
}

/** Faults: those of the databases, `database-changes-busy`. */
export const readCollected = async (
  { here, there }: Databases,
  merge: MergeIdentity,
  rules: MergeRules,
): Promise<Result<Collected>> => {
  const log = await readStandbyLog(there, merge.terms, rules.isLeftOut);
  if (!log.ok) return log;
  const records = await loadRecords(here, merge.mergeKey, null);
  return records.ok ? ok({ ...log.value, agreed: agreedRows(log.value.changes, records.value) }) : records;
};
