/** The standby's log of local changes, read and folded. */
import { ok, type Result } from '../../../core/result.ts';
import { type ChangeEntry, readChanges } from '../../postgres/changes/log.ts';
import type { Database } from '../../postgres/connection.ts';
import { countText, type Term } from '../part.ts';
import { type Blind, blindChanges, createFold, type LoggedChange, type NetChange, rowId } from './fold.ts';
import { parseRow } from './json.ts';

export interface StandbyLog {
  readonly changes: readonly NetChange[];
  readonly warnings: readonly string[];
}

const rowOf = (text: string | null) => (text === null ? null : parseRow(text));

const loggedOf = (entry: ChangeEntry): LoggedChange => ({
  seq: entry.seq,
  at: entry.at,
  epoch: entry.epoch,
  table: entry.table,
  op: entry.op,
  key: rowOf(entry.key) ?? {},
  before: rowOf(entry.before),
  after: rowOf(entry.after),
  whole: entry.whole,
});

const blindText = ({ table, key }: Blind): string =>
  key === null
    ? `${table} was emptied at once on the standby (TRUNCATE); what stood there then was not logged row by row: compare that table.`
    : `${rowId(table, key)}: the row is too large for the log; compare it by hand.`;

/**
 * All that was changed on the standby since the first of `terms` began; left out is what was written into it before, while it was passive,
 * or in terms that are settled: that is home, and the main may have changed it since. Faults: those of `readChanges`.
 */
export const readStandbyLog = async (
  there: Database,
  terms: readonly Pick<Term, 'epoch'>[],
  isLeftOut: (table: string) => boolean,
): Promise<Result<StandbyLog>> => {
  const first = Math.min(...terms.map(({ epoch }) => epoch));
  const fold = createFold();
  const blind = new Map<string, Blind>();
  let began = false;
  let missed = 0;
  for (let since = 0, more = true; more; ) {
    const read = await readChanges(there, since);
    if (!read.ok) return read;
    for (const entry of read.value.changes) {
      began = began || (entry.serving && entry.epoch >= first);
      if (!began || isLeftOut(entry.table)) continue;
      const logged = loggedOf(entry);
      fold.add(logged);
      for (const one of blindChanges([logged])) blind.set(blindText(one), one);
    }
    ({ more, missed } = read.value);
    since = read.value.untilSeq;
  }
  const lost =
    missed === 0
      ? []
      : [
          `${countText(missed, 'change', 'changes')} on the standby could not be logged since its log was set up, and cannot be merged from it: compare both nodes.`,
        ];
  return ok({ changes: fold.result(), warnings: [...blind.keys(), ...lost] });
};
