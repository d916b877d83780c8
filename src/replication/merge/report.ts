/** What a merge did, as data and as text for a person. Pure. */
import type { Fault } from '../../core/result.ts';
import type { WallTime } from '../../core/words.ts';
import type { MergePhase, MergeState } from './machine.ts';
import type { PartPreview, PartReport } from './part.ts';

export interface MergeReport {
  readonly number: number;
  readonly createdAt: WallTime;
  readonly lastAt: WallTime;
  readonly phase: MergePhase;
  /** Of the pass under way, or the last one. */
  readonly failed: readonly { readonly part: string; readonly error: Pick<Fault, 'code' | 'message'> }[];
  readonly parts: readonly PartReport[];
  /** Whether all is home and the standby was told. */
  readonly settled: boolean;
  /** The standby holds what no merge has begun to bring; absent: it was not asked. */
  readonly hasMore?: boolean;
}

export interface MergePreview {
  /** Null: a new merge would begin. */
  readonly number: number | null;
  readonly parts: readonly PartPreview[];
  readonly failed: readonly { readonly part: string; readonly error: Fault }[];
}

const phaseText: Readonly<Record<MergePhase, string>> = {
  new: 'It has not begun.',
  first: 'The first pass: the standby serves, and most of what it collected is brought.',
  second: 'The second pass: the standby is quiet, and the rest is brought. Nothing on it is overwritten yet.',
  noted: 'All is home; the standby is about to be told.',
  settled: 'All is home, and the standby was told: it follows the main again.',
  undoing: 'It is being taken back.',
  undone: 'It was taken back.',
};

export const phaseSentence = (state: Pick<MergeState, 'phase'>): string => phaseText[state.phase];

const indented = (lines: readonly string[]): readonly string[] => lines.map((line) => `    ${line}`);

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [`  ${title}`, ...indented(lines)];

const MOST_LINES = 50;

const few = (lines: readonly string[]): readonly string[] =>
  lines.length <= MOST_LINES
    ? lines
    : [...lines.slice(0, MOST_LINES), `… and ${lines.length - MOST_LINES} more (see the report as JSON).`];

const partLines = (part: PartReport): readonly string[] => [
  `${part.part}: ${part.what}${part.left === 0 ? '' : `; ${part.left.toLocaleString('en-US')} left for the second pass`}`,
  ...section('conflicts, both versions kept:', few(part.conflicts.map(({ item, text }) => `${item}: ${text}`))),
  ...section('waiting for your decision:', few(part.pending.map(({ id, text }) => `${id}  ${text}`))),
  ...section('refused, kept here:', few(part.refused.map(({ id, text }) => `${id}  ${text}`))),
  ...section('mind:', few(part.warnings)),
];

const decisionHint = (report: Pick<MergeReport, 'parts'>): readonly string[] => {
  const waiting = report.parts.reduce((sum, part) => sum + part.pending.length, 0);
  return waiting === 0
    ? []
    : [
        `${waiting} ${waiting === 1 ? 'change waits' : 'changes wait'} for a decision: \`dualtone merge run --accept ID\` or \`--refuse ID\`, or --accept-all, --refuse-all.`,
      ];
};

/** Lines for the terminal. */
export const reportLines = (report: MergeReport): readonly string[] => [
  `Merge ${report.number}, begun ${new Date(report.createdAt).toISOString()}. ${phaseText[report.phase]}`,
  ...report.parts.flatMap(partLines),
  ...report.failed.map(({ part, error }) => `${part}: failed. ${error.message}`),
  ...decisionHint(report),
  ...(report.hasMore === true
    ? [
        'The standby has served since then: what it collected comes with the next merge, by itself or by `dualtone merge run`.',
      ]
    : []),
];

/** Lines for the terminal. */
export const previewLines = (preview: MergePreview): readonly string[] => [
  preview.parts.length + preview.failed.length === 0
    ? 'The standby has collected nothing since the last merge: there is nothing to bring.'
    : preview.number === null
      ? 'A merge would bring:'
      : `Merge ${preview.number} would bring now:`,
  ...preview.parts.flatMap((part) => [
    `${part.part}: ${part.what}`,
    ...section(
      'conflicts, both versions would be kept:',
      few(part.conflicts.map(({ item, text }) => `${item}: ${text}`)),
    ),
    ...section('for your decision:', few(part.pending.map(({ id, text }) => `${id}  ${text}`))),
    ...section('mind:', few(part.warnings)),
  ]),
  ...preview.failed.map(({ part, error }) => `${part}: cannot be told. ${error.message}`),
];
