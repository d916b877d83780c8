/** What Elasticsearch has of this node's events, held against what is here. A second document of one name cannot be. Changes nothing. */
import { ok, type Result } from '../../core/result.ts';
import { findMissing } from '../core/missing.ts';
import type { SourceTable } from '../core/words.ts';
import type { Source } from '../source.ts';
import type { Audit } from '../target.ts';
import type { Caller } from './http.ts';
import { countDocuments, refreshIndex } from './index-mapping.ts';
import type { Kept } from './store.ts';

const MOST_LISTED = 20;

/** Faults: those of both sides. */
export const auditElastic = async (
  caller: Caller,
  { kept, index }: { readonly kept: Kept; readonly index: string },
  source: Source,
  table: SourceTable,
): Promise<Result<Audit | null>> => {
  const own = kept.tables[table.rule.table];
  if (own === undefined) return ok(null);
  const { position, begun, gone } = own;
  const ends = await source.ends(table);
  if (!ends.ok) return ends;
  const refreshed = await refreshIndex(caller, kept.url, index);
  if (!refreshed.ok) return refreshed;
  const refused = kept.refused.filter((each) => each.table === table.rule.table && each.origin === source.origin);
  const missing = await findMissing(
    { from: Math.max(begun + 1, ends.value?.from ?? position + 1), to: position },
    {
      here: (span) => source.countOwn(table, span),
      there: async (span) => {
        const counted = await countDocuments(caller, kept.url, index, source.origin, span);
        const aside = refused.filter(({ key }) => span.from <= key && key <= span.to).length;
        return counted.ok ? ok(counted.value + aside) : counted;
      },
    },
    MOST_LISTED,
  );
  if (!missing.ok) return missing;
  return ok({ position, begun, gone, missing: missing.value, others: null, twice: 0 });
};
