/** Decisions about single entries: only what a person can have seen is decided. */
import { fail, ok, type Result } from '../../core/result.ts';
import type { MergePreview } from './report.ts';
import type { MergeStore } from './store.ts';

const unknownEntries = (ids: readonly string[]) =>
  fail(
    'merge-entry-unknown',
    `Nothing that waits for a decision has the id ${ids.slice(0, 5).join(', ')}${ids.length > 5 ? ' …' : ''}.`,
    'See `dualtone merge report`, or `dualtone merge preview`, for what waits, each with its id.',
  );

/**
 * Whether all these wait for a decision, or were refused: by the last report, or else by a preview. An id is made of what was changed, from
 * what to what, so that a later change of the same row has another. Faults: `merge-entry-unknown`, those of the store and the preview.
 */
export const knowEntries = async (
  store: Pick<MergeStore, 'list'>,
  ids: readonly string[],
  preview: () => Promise<Result<MergePreview>>,
): Promise<Result<null>> => {
  const stored = store.list();
  if (!stored.ok) return stored;
  const reports = Object.values(stored.value.at(-1)?.reports ?? {});
  const known = new Set(reports.flatMap((part) => [...part.pending, ...part.refused].map(({ id }) => id)));
  if (ids.every((id) => known.has(id))) return ok(null);
  const previewed = await preview();
  if (!previewed.ok) return previewed;
  for (const part of previewed.value.parts) for (const { id } of part.pending) known.add(id);
  const unknown = ids.filter((id) => !known.has(id));
  if (unknown.length === 0) return ok(null);
  // What could not be looked at may hold it.
  const [failed] = previewed.value.failed;
  return failed === undefined ? unknownEntries(unknown) : { ok: false, error: failed.error };
};
