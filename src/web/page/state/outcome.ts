/** What came of work, read from an answer of which only the outline is known: another version may have written it. Pure. */
import { type Fields, isRecord } from '../../../core/words.ts';
import type { Fault, Forecast, ForecastRow, LossView, WebWork } from '../../contract.ts';

export interface RunFacts {
  readonly stream: string;
  readonly changed: number;
  readonly bytes: number;
  readonly tookMs: number;
  readonly text: string;
  readonly warnings: readonly Pick<Fault, 'message' | 'remedy'>[];
}

/** Something of a merge that a person should see, or decide. */
export interface MergeEntry {
  readonly id: string;
  readonly text: string;
}

export interface MergePartFacts {
  readonly part: string;
  readonly count: number;
  readonly left: number;
  /** In the agent's words. */
  readonly what: string;
  readonly conflicts: readonly MergeEntry[];
  readonly pending: readonly MergeEntry[];
  readonly refused: readonly MergeEntry[];
  readonly warnings: readonly string[];
}

export interface MergeFacts {
  /** Null: a new one would begin. */
  readonly number: number | null;
  /** Empty: a preview, which has done nothing. */
  readonly phase: string;
  readonly settled: boolean;
  readonly parts: readonly MergePartFacts[];
  readonly failed: readonly { readonly part: string; readonly message: string }[];
}

export interface CheckCounts {
  readonly state: string;
  readonly text: string;
  readonly pass: number;
  readonly fail: number;
  readonly unknown: number;
  readonly none: number;
}

export type Outcome =
  | { readonly kind: 'runs'; readonly runs: readonly RunFacts[] }
  | { readonly kind: 'merge'; readonly merge: MergeFacts }
  | { readonly kind: 'checks'; readonly checks: CheckCounts }
  | { readonly kind: 'loss'; readonly loss: Pick<LossView, 'text' | 'exceedsLimit'> }
  | { readonly kind: 'forecast'; readonly forecast: Forecast }
  | { readonly kind: 'sync'; readonly text: string; readonly lines: readonly string[] }
  /** Nothing that could be put into words. */
  | { readonly kind: 'other' };

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const numberOf = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);
const fieldsOf = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.filter(isRecord) : []);
const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];

const runOf = (run: Fields): RunFacts => ({
  stream: textOf(run['stream']),
  changed: numberOf(run['changed']),
  bytes: numberOf(run['bytes']),
  tookMs: numberOf(run['tookMs']),
  text: textOf(run['text']),
  warnings: fieldsOf(run['warnings']).map(({ message, remedy }) => ({
    message: textOf(message),
    remedy: textOf(remedy),
  })),
});

const entriesOf = (value: unknown): readonly MergeEntry[] =>
  fieldsOf(value).map(({ id, item, text }) => ({ id: textOf(id ?? item), text: textOf(text) }));

const partOf = (part: Fields): MergePartFacts => ({
  part: textOf(part['part']),
  count: numberOf(part['count']),
  left: numberOf(part['left']),
  what: textOf(part['what']),
  conflicts: entriesOf(part['conflicts']),
  pending: entriesOf(part['pending']),
  refused: entriesOf(part['refused']),
  warnings: textsOf(part['warnings']),
});

const mergeOf = (value: Fields): MergeFacts => ({
  number: typeof value['number'] === 'number' ? value['number'] : null,
  phase: textOf(value['phase']),
  settled: value['settled'] === true,
  parts: fieldsOf(value['parts']).map(partOf),
  failed: fieldsOf(value['failed']).map(({ part, error }) => ({
    part: textOf(part),
    message: isRecord(error) ? textOf(error['message']) : '',
  })),
});

const checksOf = (value: Fields): CheckCounts | null => {
  const { readiness, own, other } = value;
  if (!isRecord(readiness)) return null;
  const outcomes = [own, other]
    .filter(isRecord)
    .flatMap(({ results }) => fieldsOf(results))
    .map(({ finding }) => (isRecord(finding) ? textOf(finding['outcome']) : ''));
  const of = (outcome: string): number => outcomes.filter((each) => each === outcome).length;
  return {
    state: textOf(readiness['state']),
    text: textOf(readiness['text']),
    pass: of('pass'),
    fail: of('fail'),
    unknown: of('unknown'),
    none: of('not-applicable'),
  };
};

const forecastOf = (value: Fields): Forecast => ({
  rows: fieldsOf(value['rows']).map(
    ({ fault, runs, p50, p99 }): ForecastRow => ({
      fault: textOf(fault),
      runs: numberOf(runs),
      p50: numberOf(p50),
      p99: numberOf(p99),
    }),
  ),
  tookMs: numberOf(value['tookMs']),
  preset: textOf(value['preset']),
});

const OTHER: Outcome = { kind: 'other' };

/** In the shape that the page puts into words. */
export const outcomeOf = (work: WebWork['name'], value: unknown): Outcome => {
  if (work === 'replicate') return Array.isArray(value) ? { kind: 'runs', runs: fieldsOf(value).map(runOf) } : OTHER;
  if (!isRecord(value)) return OTHER;
  switch (work) {
    case 'merge-preview':
    case 'merge-run':
    case 'merge-undo':
    case 'merge-report':
      return Array.isArray(value['parts']) ? { kind: 'merge', merge: mergeOf(value) } : OTHER;
    case 'check': {
      const checks = checksOf(value);
      return checks === null ? OTHER : { kind: 'checks', checks };
    }
    case 'loss':
      return { kind: 'loss', loss: { text: textOf(value['text']), exceedsLimit: value['exceedsLimit'] === true } };
    case 'forecast':
      return { kind: 'forecast', forecast: forecastOf(value) };
    case 'sync-init':
    case 'sync-remove':
      return {
        kind: 'sync',
        text: textOf(value['text']),
        lines: [...textsOf(value['lines']), ...textsOf(value['here'])],
      };
  }
};
