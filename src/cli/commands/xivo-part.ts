/** What `dualtone xivo enable` changed on this machine, for a machine that leaves its pair: shown and put back together with the rest. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../core/result.ts';
import type { Places } from '../../pairing/plan.ts';
import type { Told, XivoEnabling } from '../../xivo/enable/enable.ts';
import { RECORD_NAME } from '../../xivo/enable/record.ts';

export interface XivoPart {
  readonly lines: Told['lines'];
  readonly disable: XivoEnabling['disable'];
}

/** Null where nothing was changed. Faults: those of `siteOf`, of the record, of provd and the database. */
export const xivoPartOf = async ({ stateDir }: Places): Promise<Result<XivoPart | null>> => {
  const recordFile = join(stateDir, RECORD_NAME);
  if (!existsSync(recordFile)) return ok(null);
  const [{ thisGround }, { siteOf }] = await Promise.all([
    import('../../xivo/ground.ts'),
    import('../../xivo/site.ts'),
  ]);
  const site = siteOf(thisGround(), { recordFile }, 'disable');
  if (!site.ok) return site;
  const { previewDisable, disable } = site.value.enabling;
  const lines = await previewDisable();
  if (!lines.ok) return lines;
  return ok(lines.value.length === 0 ? null : { lines: lines.value, disable });
};
