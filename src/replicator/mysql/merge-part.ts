/** MySQL's part in a merge: what the standby wrote comes by the link turned round; the merge waits until all of it is here. */
import { ok, type Result } from '../../core/result.ts';
import { countText, type MergePart, type PartPreview, type PartReport } from '../../replication/merge/part.ts';
import type { MysqlNode } from '../../replication/mysql/node.ts';

const NAME = 'mysql';

const what = (count: number): string => countText(count, 'transaction of MySQL', 'transactions of MySQL');

const reportOf = (count: number, warnings: readonly string[] = []): PartReport => ({
  part: NAME,
  count,
  left: 0,
  what: what(count),
  conflicts: [],
  pending: [],
  refused: [],
  warnings,
});

const nothing = async (): Promise<Result<null>> => ok(null);

export const createMysqlPart = (node: Pick<MysqlNode, 'bring' | 'toBring'>): MergePart => {
  /** Both passes of a merge together; what was before a restart of the replicator is not told. */
  const countByMerge = new Map<string, number>();
  return {
    name: NAME,
    preview: async () => {
      const told = await node.toBring();
      if (!told.ok) return told;
      const preview: PartPreview = {
        part: NAME,
        count: told.value,
        what: what(told.value),
        conflicts: [],
        pending: [],
        warnings: [],
      };
      return ok(preview);
    },
    run: async ({ mergeKey }, { signal }) => {
      const brought = await node.bring(signal);
      if (!brought.ok) return brought;
      const count = (countByMerge.get(mergeKey) ?? 0) + brought.value;
      countByMerge.set(mergeKey, count);
      return ok(reportOf(count));
    },
    undo: async () =>
      ok(reportOf(0, ['What came by the replication of MySQL stays: its servers cannot take it back.'])),
    settle: nothing,
    forget: nothing,
  };
};
