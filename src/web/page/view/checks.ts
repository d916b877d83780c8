/** Readiness, what fails with its remedy, and everything else that was tried. */

import type { VNode } from 'preact';
import type { ChecksView } from '../../contract.ts';
import { pairFacts } from '../state/nodes.ts';
import { h } from './h.ts';
import { Jobs } from './jobs.ts';
import { Badge, Card, type Level, Said, Table } from './parts.ts';
import { may, type Ui, useUi } from './ui.ts';
import { WorkButton } from './work-button.ts';

type CheckResult = NonNullable<ChecksView['own']>['results'][number];
type Placed = { readonly result: CheckResult; readonly node: string };

const READY_LEVEL: Readonly<Record<ChecksView['readiness']['state'], Level>> = {
  ready: 'good',
  degraded: 'warning',
  'not-ready': 'alarm',
  unknown: 'unknown',
};

const RANK = { critical: 0, warning: 1, advice: 2 } as const;

const placed = ({ own, other }: ChecksView): readonly Placed[] =>
  [own, other].flatMap((report) => (report?.results ?? []).map((result) => ({ result, node: report?.node ?? '' })));

/** Failing ones, the gravest first; accepted ones last. */
export const failing = (view: ChecksView): readonly Placed[] =>
  placed(view)
    .filter(({ result }) => result.finding.outcome === 'fail')
    .toSorted(
      (a, b) =>
        Number(a.result.accepted) - Number(b.result.accepted) || RANK[a.result.severity] - RANK[b.result.severity],
    );

const Failing = ({ result, node }: Placed): VNode | null => {
  const { t, word, span } = useUi();
  const { finding, severity, accepted, id, about, at, since } = result;
  if (finding.outcome !== 'fail') return null;
  const level: Level = accepted ? 'plain' : severity === 'critical' ? 'alarm' : 'warning';
  return h(
    'li',
    { class: `entry ${level}` },
    h(
      'h3',
      null,
      h(Badge, { level }, accepted ? t('checks.accepted') : word('severity', severity)),
      ' ',
      h('code', null, id),
      ` ${t('checks.on', { node })}`,
    ),
    h(
      'p',
      { class: 'quiet' },
      h(Said, null, about),
      at - since > 60_000 ? ` · ${t('checks.for', { span: span(at - since) })}` : '',
    ),
    h('p', null, h(Said, null, finding.evidence)),
    h('p', null, h('strong', null, t('checks.remedy')), ' ', h(Said, null, finding.remedy)),
  );
};

const OUTCOME_LEVEL: Readonly<Record<string, Level>> = {
  pass: 'good',
  fail: 'alarm',
  unknown: 'unknown',
  'not-applicable': 'plain',
};

const saidOf = ({ finding }: CheckResult): string =>
  finding.outcome === 'pass' || finding.outcome === 'fail' ? finding.evidence : finding.why;

const All = ({ view }: { readonly view: ChecksView }): VNode => {
  const { t, word, span, state } = useUi();
  const results = placed(view);
  return h(
    'details',
    null,
    h('summary', null, t('checks.all', { all: results.length })),
    h(Table, {
      caption: t('checks.caption'),
      head: [t('checks.check'), t('checks.node'), t('checks.outcome'), t('checks.found'), t('checks.tried')],
      rows: results.map(({ result, node }) => ({
        key: `${node} ${result.id}`,
        cells: [
          h('code', null, result.id),
          node,
          h(
            Badge,
            { level: OUTCOME_LEVEL[result.finding.outcome] ?? 'unknown' },
            word('check', result.finding.outcome),
          ),
          h(Said, null, saidOf(result)),
          `${t('node.ago', { span: span(Math.max(0, state.now - result.at)) })} (${span(result.tookMs)})`,
        ],
      })),
    }),
  );
};

const History = ({ view }: { readonly view: ChecksView }): VNode | null => {
  const { t, stamp } = useUi();
  if (view.history.length === 0) return null;
  const entries = view.history.toReversed().slice(0, 50);
  return h(
    'details',
    null,
    h('summary', null, t('checks.history')),
    h(
      'ol',
      { class: 'timeline' },
      ...entries.map(({ wall, what, from, to, text }) =>
        h(
          'li',
          { class: 'entry', key: `${wall} ${what}` },
          h('p', { class: 'quiet' }, stamp(wall), ' · ', h('code', null, what), ` ${from} → ${to}`),
          h('p', null, h(Said, null, text)),
        ),
      ),
    ),
  );
};

const counts = (view: ChecksView, { t }: Ui): string => {
  const outcomes = placed(view).map(({ result }) => result.finding.outcome);
  const of = (outcome: string): number => outcomes.filter((each) => each === outcome).length;
  return t('checks.counts', { pass: of('pass'), fail: of('fail'), unknown: of('unknown'), none: of('not-applicable') });
};

const notesOf = (view: ChecksView, { t, span }: Ui): readonly string[] => [
  ...(view.other === null ? [t('checks.other-unknown')] : []),
  ...((view.otherHeardMsAgo ?? 0) > 60_000 ? [t('checks.other-old', { span: span(view.otherHeardMsAgo ?? 0) })] : []),
];

export const ChecksPage = (): VNode | null => {
  const ui = useUi();
  const { state, t, word, moment } = ui;
  const pair = pairFacts(state);
  if (pair === null) return null;
  const view = pair.own.snapshot?.checks ?? null;
  const tools = may(state, 'operate')
    ? h(WorkButton, { work: { name: 'check', only: null }, label: t('checks.try') })
    : undefined;
  if (view === null) return h(Card, { title: t('checks.title'), tools }, h('p', null, t('checks.off')));
  const { readiness, since, trouble } = view;
  const found = failing(view);
  return h(
    Card,
    { title: t('checks.title'), tools },
    h(
      'p',
      null,
      h(Badge, { level: READY_LEVEL[readiness.state] }, word('readiness', readiness.state)),
      ' ',
      h(Said, null, readiness.text),
      since === null ? '' : ` (${t('checks.since', { since: moment(since, state.now) })})`,
    ),
    readiness.loss === null ? null : h('p', null, t('checks.loss'), ' ', h(Said, null, readiness.loss)),
    trouble === null ? null : h('p', { class: 'note warning' }, t('checks.trouble'), ' ', h(Said, null, trouble)),
    ...notesOf(view, ui).map((text) => h('p', { class: 'note warning', key: text }, text)),
    h('p', { class: 'quiet' }, counts(view, ui)),
    found.length === 0
      ? null
      : h(
          'ul',
          { class: 'timeline' },
          ...found.map((each) => h(Failing, { key: `${each.node} ${each.result.id}`, ...each })),
        ),
    h(All, { view }),
    h(History, { view }),
    h(Jobs, { names: ['check'] }),
  );
};
