/** Drills for the page: begun, shown beforehand and stopped by the agent; their reports are read from the files of this node. */
import { createHash } from 'node:crypto';
import { askDrill } from '../../api/client.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { PAPER_STYLE, paperOf } from '../../drill/paper.ts';
import type { DrillAsk } from '../../drill/protocol.ts';
import type { DrillReport } from '../../drill/report.ts';
import { createDrillStore } from '../../drill/store.ts';
import type { DrillRequest } from '../contract.ts';
import type { Ask, DrillPaper } from '../wire.ts';
import type { Audit } from './guard.ts';

type AskedOfDrills = Extract<Ask, { readonly name: 'drills' | `drill-${string}` }>;

/** Faults: `drill-unknown`, and those of docs/drill.md. */
export type Drills = (ask: AskedOfDrills, by: string) => Promise<Result<unknown>>;

/** A node that has to start its process first, and asks the other one. */
const PATIENCE_MS = 40_000;

const STYLE_DIGEST = createHash('sha256').update(PAPER_STYLE).digest('base64');

const asked = (name: 'begin' | 'preview', { kind, ...given }: DrillRequest): DrillAsk => {
  const { withCalls = false, acceptLoss = false, anyTime = false } = given;
  return { name, kind, withCalls, acceptLoss, anyTime };
};

/** A report is read from a file in its outline only; one of another version may lack what is drawn. */
const paperResult = (report: DrillReport): Result<DrillPaper> => {
  try {
    return ok({ html: paperOf(report), styleDigest: STYLE_DIGEST });
  } catch {
    return fail(
      'drill-unreadable',
      'The report of this drill cannot be drawn.',
      'See it as JSON: `drill report --json`.',
    );
  }
};

export const createDrills = (socket: string, stateDir: string, audit: Audit): Drills => {
  const store = createDrillStore(stateDir);
  const ask = (what: DrillAsk, by: string): Promise<Result<unknown>> => askDrill(socket, by, what, PATIENCE_MS);
  const report = (id: string): Result<DrillReport> => {
    const found = store.report(id);
    if (found !== null) return ok(found);
    return fail('drill-unknown', 'There is no report of this drill on this node.', 'See the list of drills.');
  };
  return async (asks, by) => {
    switch (asks.name) {
      case 'drills':
        return ok(store.list());
      case 'drill-report':
        return report(asks.id);
      case 'drill-paper': {
        const found = report(asks.id);
        return found.ok ? paperResult(found.value) : found;
      }
      case 'drill-preview':
        return ask(asked('preview', asks.request), by);
      case 'drill-begin':
        audit(by, 'drill', `asked for a ${asks.request.kind} drill`);
        return ask(asked('begin', asks.request), by);
      case 'drill-stop':
        audit(by, 'drill-stop', 'asked for the end of the drill');
        return ask({ name: 'stop' }, by);
    }
  };
};
