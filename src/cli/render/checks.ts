/** Checks as a tired person reads them: the answer, then what fails with its remedy, then the rest in short. */
import type { CheckResult, ChecksView, HistoryEntry, NodeReport, Readiness } from '../../checks/report.ts';
import { wrapped } from './streams.ts';
import type { Style } from './style.ts';
import { span, stamp } from './time.ts';

const WIDTH = 66;

const styleOf = ({ state }: Readiness, style: Style): ((text: string) => string) => {
  if (state === 'ready') return style.good;
  return state === 'not-ready' ? style.alarm : style.warning;
};

const indented = (text: string, by: number): readonly string[] =>
  wrapped(text, WIDTH).map((line) => `${' '.repeat(by)}${line}`);

const RANK = { critical: 0, warning: 1, advice: 2 } as const;

const failLines = (result: CheckResult, node: string, style: Style): readonly string[] => {
  const { id, severity, finding, accepted, since, at } = result;
  if (finding.outcome !== 'fail') return [];
  const mark = accepted ? style.faint : severity === 'critical' ? style.alarm : style.warning;
  const age = at - since > 60_000 ? ` for ${span(at - since)}` : '';
  const head = `  ! ${id} on ${node} (${accepted ? 'accepted' : severity})${age}`;
  return [mark(head), ...indented(finding.evidence, 6), ...indented(`To mend it: ${finding.remedy}`, 6)];
};

const shortLine = ({ id, finding }: CheckResult, node: string, style: Style): readonly string[] => {
  switch (finding.outcome) {
    case 'pass':
      return [style.faint(`    ok  ${id} on ${node}: ${finding.evidence}`)];
    case 'unknown':
      return [style.warning(`    ?   ${id} on ${node}: ${finding.why}`)];
    case 'fail':
    case 'not-applicable':
      return [];
  }
};

const withNodes = ({ own, other }: ChecksView): readonly { readonly result: CheckResult; readonly node: string }[] =>
  [own, other].flatMap((report: NodeReport | null) =>
    (report?.results ?? []).map((result) => ({ result, node: report?.node ?? '' })),
  );

/** Of one check also where it passes, or does not apply. */
const detailLines = (view: ChecksView, style: Style): readonly string[] =>
  withNodes(view).flatMap(({ result, node }) =>
    result.finding.outcome === 'not-applicable'
      ? [style.faint(`    -   ${result.id} on ${node}: ${result.finding.why}`)]
      : shortLine(result, node, style),
  );

/** What could not be tried, once for each reason. */
const unknownLines = (view: ChecksView, style: Style): readonly string[] => {
  const idsByWhy = new Map<string, string[]>();
  for (const { result, node } of withNodes(view)) {
    if (result.finding.outcome !== 'unknown') continue;
    const key = `${node}: ${result.finding.why}`;
    idsByWhy.set(key, [...(idsByWhy.get(key) ?? []), result.id]);
  }
  return [...idsByWhy].flatMap(([why, ids]) => [
    ...wrapped(`? not known on ${why}`, WIDTH + 4).map((line, index) =>
      style.warning(`${index === 0 ? '  ' : '    '}${line}`),
    ),
    ...indented(ids.join(', '), 6).map(style.faint),
  ]);
};

const passLines = (view: ChecksView, style: Style): readonly string[] =>
  withNodes(view).flatMap(({ result, node }) =>
    result.finding.outcome === 'pass' ? shortLine(result, node, style) : [],
  );

const counts = (view: ChecksView): string => {
  const outcomes = withNodes(view).map(({ result }) => result.finding.outcome);
  const of = (outcome: string): number => outcomes.filter((each) => each === outcome).length;
  return `${of('pass')} passed, ${of('fail')} failed, ${of('unknown')} not known, ${of('not-applicable')} do not apply`;
};

const lossLine = ({ loss }: Readiness): readonly string[] =>
  loss === null ? [] : indented(`If it moved now: ${loss}`, 2);

/** The whole of `check`, ending with a newline. */
export const renderChecks = (view: ChecksView, style: Style, isOne: boolean): string => {
  const { readiness, other, trouble, otherHeardMsAgo } = view;
  const failing = withNodes(view)
    .filter(({ result }) => result.finding.outcome === 'fail')
    .toSorted((a, b) => RANK[a.result.severity] - RANK[b.result.severity]);
  const head = isOne ? [] : [styleOf(readiness, style)(`The pair is ${readiness.text}.`), ...lossLine(readiness), ''];
  const oldness =
    other === null
      ? ['The checks of the other node are not known here.']
      : (otherHeardMsAgo ?? 0) > 60_000
        ? [`The checks of ${other.node} are ${span(otherHeardMsAgo ?? 0)} old.`]
        : [];
  const notes = [...(trouble === null ? [] : [`Not all could be tried: ${trouble}.`]), ...oldness];
  const lines = [
    ...head,
    ...failing.flatMap(({ result, node }) => [...failLines(result, node, style), '']),
    ...(isOne ? detailLines(view, style) : [...unknownLines(view, style), ...passLines(view, style)]),
    '',
    ...notes.map((text) => style.warning(`  ${text}`)),
    `  ${counts(view)}`,
  ];
  return `${lines.join('\n')}\n`;
};

/** The one line of `status`; none where nothing is checked. */
export const readinessLine = (view: ChecksView | null): string | null => {
  if (view === null) return null;
  const { readiness, since, trouble } = view;
  if (readiness.state === 'unknown') return `not known yet${trouble === null ? '' : `: ${trouble}`}`;
  return `${readiness.text}${since === null ? '' : ` (since ${stamp(since).slice(0, 19)})`}`;
};

export const renderHistory = (
  entries: readonly HistoryEntry[],
  shares: Readonly<Record<string, number>>,
  style: Style,
): string => {
  const summary = Object.entries(shares)
    .toSorted(([, a], [, b]) => b - a)
    .map(([state, percent]) => `${state} ${percent.toFixed(percent > 99.9 && percent < 100 ? 3 : 1)} %`);
  const lines = entries.map(({ wall, what, from, to, text }) => {
    const line = `${stamp(wall)}  ${what}: ${from} -> ${to}  ${text}`;
    return to === 'not-ready' || to === 'fail' ? style.warning(line) : line;
  });
  return `${[...lines, ...(summary.length === 0 ? ['No change is known.'] : ['', summary.join(', ')])].join('\n')}\n`;
};
