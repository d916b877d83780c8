/** What follows from the active node to the passive: lag, last success, what a move would lose; and bringing home. */

import type { VNode } from 'preact';
import type { NodeSnapshot, StreamStatus } from '../../contract.ts';
import { type NodeFacts, pairFacts } from '../state/nodes.ts';
import { outagesOf } from '../state/outages.ts';
import { BarChart, LineChart } from './charts.ts';
import { h } from './h.ts';
import { Jobs } from './jobs.ts';
import { Badge, Card, type Level, Said, Table } from './parts.ts';
import { may, type Ui, useUi } from './ui.ts';
import { WorkButton } from './work-button.ts';

const LEVEL: Readonly<Record<StreamStatus['condition'], Level>> = {
  off: 'plain',
  waiting: 'plain',
  running: 'plain',
  'in-step': 'good',
  behind: 'warning',
  blocked: 'warning',
  failed: 'alarm',
};

const isStatus = (value: unknown): value is StreamStatus =>
  typeof value === 'object' && value !== null && 'condition' in value && 'lagMs' in value;

/** All streams of a node, the astdb's first. */
export const streamsOf = ({ streams }: NodeSnapshot): readonly StreamStatus[] => [
  ...(isStatus(streams.astdb) ? [{ ...streams.astdb, name: 'astdb' }] : []),
  ...streams.copied,
];

const conditionText = ({ condition, progress }: StreamStatus, { word }: Ui): string => {
  const text = word('stream', condition);
  if (condition !== 'running' || progress === null || progress.total === null || progress.total === 0) return text;
  return `${text} ${Math.floor((100 * Math.min(progress.done, progress.total)) / progress.total)} %`;
};

const Condition = ({ status }: { readonly status: StreamStatus }): VNode => {
  const ui = useUi();
  const { condition, lastError, text } = status;
  const detail =
    (condition === 'failed' || condition === 'blocked') && lastError !== null
      ? `${lastError.message} ${lastError.remedy}`
      : condition === 'in-step' || condition === 'running'
        ? ''
        : text;
  return h(
    'div',
    null,
    h(Badge, { level: LEVEL[condition] }, conditionText(status, ui)),
    detail === '' ? null : h('p', { class: 'quiet' }, h(Said, null, detail)),
  );
};

const lastText = ({ lastSuccess, tookMs, condition, nextRun }: StreamStatus, wall: number, { t, span }: Ui): string => {
  if (nextRun === null && tookMs === null && condition === 'in-step') return t('streams.continuous');
  if (lastSuccess === null) return t('streams.never');
  const ago = t('node.ago', { span: span(Math.max(0, wall - lastSuccess)) });
  return tookMs === null ? ago : `${ago}, ${t('streams.took', { span: span(tookMs) })}`;
};

const nextText = ({ nextRun }: StreamStatus, wall: number, { t, span }: Ui): string =>
  nextRun === null ? '–' : nextRun <= wall ? t('streams.now') : t('streams.in', { span: span(nextRun - wall) });

const StreamTable = ({ snapshot }: { readonly snapshot: NodeSnapshot }): VNode => {
  const ui = useUi();
  const { t, word, span } = ui;
  return h(Table, {
    caption: t('streams.caption', { name: snapshot.node.name }),
    head: [
      t('streams.stream'),
      t('streams.way'),
      t('streams.condition'),
      t('streams.behind'),
      t('streams.last'),
      t('streams.next'),
    ],
    rows: streamsOf(snapshot).map((status) => ({
      key: status.name,
      cells: [
        status.name,
        word('way', status.direction),
        h(Condition, { status }),
        status.lagMs === null ? '–' : span(status.lagMs),
        lastText(status, snapshot.wall, ui),
        nextText(status, snapshot.wall, ui),
      ],
    })),
  });
};

const Loss = ({ snapshot }: { readonly snapshot: NodeSnapshot }): VNode | null => {
  const { t } = useUi();
  const { loss } = snapshot.streams;
  if (loss === null) return null;
  if (loss.items.length === 0) return h('p', null, t('streams.loses-nothing'));
  return h(
    'div',
    { class: loss.exceedsLimit ? 'note warning' : 'note plain' },
    h('p', null, t(loss.exceedsLimit ? 'streams.loses-much' : 'streams.loses')),
    h('ul', null, ...loss.items.map(({ stream, text }) => h('li', { key: stream + text }, h(Said, null, text)))),
  );
};

const Merge = ({ snapshot }: { readonly snapshot: NodeSnapshot }): VNode | null => {
  const { state, t, word } = useUi();
  const { merge } = snapshot.streams;
  if (merge === null) return null;
  const level: Level =
    merge.condition === 'blocked'
      ? 'alarm'
      : merge.condition === 'rest'
        ? 'warning'
        : merge.condition === 'settled' || merge.condition === 'nothing'
          ? 'good'
          : 'plain';
  return h(
    Card,
    { title: t('merge.title') },
    h(
      'p',
      null,
      h(Badge, { level }, word('merge', merge.condition)),
      ' ',
      h(Said, null, merge.text),
      merge.last === null ? null : h(Said, null, ` (${merge.last})`),
    ),
    may(state, 'operate')
      ? h(
          'div',
          { class: 'buttons' },
          h(WorkButton, { work: { name: 'merge-preview' }, label: t('merge.preview') }),
          h(WorkButton, { work: { name: 'merge-run', configuration: 'ask' }, label: t('merge.run') }),
          h(WorkButton, { work: { name: 'merge-report' }, label: t('merge.report') }),
        )
      : null,
    h(Jobs, { names: ['merge-preview', 'merge-run', 'merge-report', 'merge-undo'] }),
  );
};

const StreamsOf = ({ node }: { readonly node: NodeFacts }): VNode | null => {
  const { t, span } = useUi();
  const { snapshot } = node;
  if (snapshot === null || streamsOf(snapshot).length === 0) return null;
  return h(
    'div',
    null,
    node.isOld && node.ageMs !== null
      ? h('p', { class: 'note warning' }, t('node.old', { span: span(node.ageMs) }))
      : null,
    snapshot.streams.trouble === null
      ? null
      : h('p', { class: 'note alarm' }, t('streams.trouble'), ' ', h(Said, null, snapshot.streams.trouble)),
    h(StreamTable, { snapshot }),
    h(Loss, { snapshot }),
  );
};

/** For the overview: of the node that the page comes from. */
export const StreamsCard = ({ whole = false }: { readonly whole?: boolean }): VNode | null => {
  const { state, t } = useUi();
  const pair = pairFacts(state);
  if (pair === null) return null;
  const nodes = whole ? [pair.own, pair.other] : [pair.own.snapshot === null ? pair.other : pair.own];
  const shown = nodes.filter(({ snapshot }) => snapshot !== null && streamsOf(snapshot).length > 0);
  const tools =
    whole && may(state, 'operate')
      ? h(WorkButton, { work: { name: 'replicate' }, label: t('streams.replicate') })
      : h('a', { href: '#/streams' }, t('nav.streams'));
  return h(
    Card,
    { title: t('streams.title'), tools },
    ...(shown.length === 0
      ? [h('p', { class: 'quiet' }, t('streams.none'))]
      : shown.map((node) => h(StreamsOf, { key: node.role, node }))),
    whole ? h(Jobs, { names: ['replicate'] }) : null,
  );
};

const Charts = (): VNode => {
  const { state, t } = useUi();
  const { traces } = state;
  const names = [...new Set(traces.flatMap(({ lagMsByStream }) => Object.keys(lagMsByStream)))];
  const voters = [...new Set(traces.flatMap(({ voterMsByName }) => Object.keys(voterMsByName)))];
  const lags = names.map((name) => ({
    name,
    points: traces.map(({ wall, lagMsByStream }) => ({ wall, ms: lagMsByStream[name] ?? null })),
  }));
  const heard = [
    { name: t('chart.other-node'), points: traces.map(({ wall, heardMsAgo }) => ({ wall, ms: heardMsAgo })) },
    ...voters.map((name) => ({
      name,
      points: traces.map(({ wall, voterMsByName }) => ({ wall, ms: voterMsByName[name] ?? null })),
    })),
    { name: t('chart.agent'), points: traces.map(({ wall, agentLagMs }) => ({ wall, ms: agentLagMs })) },
  ];
  const bars = outagesOf(state.journal)
    .slice(0, 10)
    .map(({ wall, ms, from, to }) => ({
      wall,
      ms,
      name: t('chart.from-to', { from: t(`chart.${from}`), to: t(`chart.${to}`) }),
    }));
  return h(
    Card,
    { title: t('chart.title') },
    h(
      'div',
      { class: 'charts' },
      h(LineChart, { title: t('chart.lag'), series: lags }),
      h(LineChart, { title: t('chart.heard'), series: heard }),
      h(BarChart, { title: t('chart.outages'), bars }),
    ),
  );
};

export const StreamsPage = (): VNode => {
  const { state } = useUi();
  const pair = pairFacts(state);
  const snapshot = pair?.own.snapshot ?? pair?.other.snapshot ?? null;
  return h(
    'div',
    { class: 'column' },
    h(StreamsCard, { whole: true }),
    snapshot === null ? null : h(Merge, { snapshot }),
    h(Charts, null),
  );
};
