/** What came of work, in sentences and tables. */

import type { VNode } from 'preact';
import type { Job } from '../../contract.ts';
import {
  type CheckCounts,
  type MergeEntry,
  type MergeFacts,
  type MergePartFacts,
  outcomeOf,
  type RunFacts,
} from '../state/outcome.ts';
import { ForecastTable } from './forecast.ts';
import { h } from './h.ts';
import { Badge, Said, Table } from './parts.ts';
import { useUi } from './ui.ts';
import { WorkButton } from './work-button.ts';

const MOST_ENTRIES = 50;

const Runs = ({ runs }: { readonly runs: readonly RunFacts[] }): VNode => {
  const { t, span, bytes, number } = useUi();
  if (runs.length === 0) return h('p', null, t('result.no-run'));
  return h(
    'div',
    null,
    h(Table, {
      caption: t('result.runs'),
      head: [t('streams.stream'), t('result.changed'), t('result.carried'), t('result.took'), t('result.told')],
      rows: runs.map((run) => ({
        key: run.stream,
        cells: [
          run.stream,
          number(run.changed),
          run.bytes === 0 ? '–' : bytes(run.bytes),
          span(run.tookMs),
          h(Said, null, run.text),
        ],
      })),
    }),
    ...runs.flatMap(({ stream, warnings }) =>
      warnings.map(({ message, remedy }) =>
        h('p', { class: 'note warning', key: stream + message }, `${stream}: `, h(Said, null, `${message} ${remedy}`)),
      ),
    ),
  );
};

const Entries = ({
  title,
  entries,
  tools,
}: {
  readonly title: string;
  readonly entries: readonly MergeEntry[];
  readonly tools?: (id: string) => VNode;
}): VNode | null => {
  const { t } = useUi();
  if (entries.length === 0) return null;
  const more = entries.length - MOST_ENTRIES;
  return h(
    'div',
    null,
    h('h4', null, title),
    h(
      'ul',
      { class: 'list' },
      ...entries
        .slice(0, MOST_ENTRIES)
        .map(({ id, text }) => h('li', { key: id }, h('code', null, id), ' ', h(Said, null, text), tools?.(id))),
    ),
    more > 0 ? h('p', { class: 'quiet' }, t('result.more', { n: more })) : null,
  );
};

/** Decisions about a single change are given where it is shown. */
const decide = (canDecide: boolean, { t }: ReturnType<typeof useUi>): ((id: string) => VNode) | undefined =>
  canDecide
    ? (id) =>
        h(
          'span',
          { class: 'buttons' },
          h(WorkButton, { work: { name: 'merge-run', accept: [id] }, label: t('result.accept', { id }) }),
          h(WorkButton, { work: { name: 'merge-run', refuse: [id] }, label: t('result.refuse', { id }) }),
        )
    : undefined;

const PartEntries = ({ part, canDecide }: { readonly part: MergePartFacts; readonly canDecide: boolean }): VNode => {
  const ui = useUi();
  const { t } = ui;
  const tools = decide(canDecide, ui);
  const of = (key: 'conflicts' | 'pending' | 'refused'): string => `${part.part}: ${t(`result.${key}`)}`;
  return h(
    'div',
    null,
    h(Entries, { title: of('conflicts'), entries: part.conflicts }),
    h(Entries, { title: of('pending'), entries: part.pending, ...(tools === undefined ? {} : { tools }) }),
    h(Entries, { title: of('refused'), entries: part.refused }),
    ...part.warnings.map((text) => h('p', { class: 'note warning', key: text }, `${part.part}: `, h(Said, null, text))),
  );
};

const mergeTitle = ({ number, phase }: MergeFacts, { t, word }: ReturnType<typeof useUi>): string => {
  if (phase !== '') return t('result.merge', { number: number ?? '?', phase: word('merge-phase', phase) });
  return number === null ? t('result.merge-new') : t('result.merge-next', { number });
};

const Merged = ({ merge, isNewest }: { readonly merge: MergeFacts; readonly isNewest: boolean }): VNode => {
  const ui = useUi();
  const { t, number } = ui;
  const isPreview = merge.phase === '';
  const count = (value: number): string => (value === 0 ? '–' : number(value));
  return h(
    'div',
    null,
    h('p', null, mergeTitle(merge, ui)),
    h(Table, {
      caption: t('result.parts'),
      head: [
        t('result.part'),
        t(isPreview ? 'result.would-bring' : 'result.brought'),
        ...(isPreview ? [] : [t('result.left')]),
        t('result.conflicts'),
        t('result.pending'),
        t('result.told'),
      ],
      rows: merge.parts.map((part) => ({
        key: part.part,
        cells: [
          part.part,
          count(part.count),
          ...(isPreview ? [] : [count(part.left)]),
          count(part.conflicts.length),
          count(part.pending.length),
          h(Said, null, part.what),
        ],
      })),
    }),
    ...merge.failed.map(({ part, message }) =>
      h('p', { class: 'note alarm', key: part }, t('result.part-failed', { part }), ' ', h(Said, null, message)),
    ),
    ...merge.parts.map((part) => h(PartEntries, { key: part.part, part, canDecide: isNewest && !isPreview })),
  );
};

const Checked = ({ checks }: { readonly checks: CheckCounts }): VNode => {
  const { t, word } = useUi();
  const level = { ready: 'good', degraded: 'warning', 'not-ready': 'alarm' }[checks.state] ?? 'unknown';
  const { pass, fail, unknown, none } = checks;
  return h(
    'p',
    null,
    h(Badge, { level: level as 'good' }, word('readiness', checks.state)),
    ` ${t('checks.counts', { pass, fail, unknown, none })}. `,
    h(Said, null, checks.text),
  );
};

/** The result of a job that is done; `isNewest`: nothing of its kind has come after it. */
export const JobResult = ({ job, isNewest }: { readonly job: Job; readonly isNewest: boolean }): VNode | null => {
  const { t } = useUi();
  if (job.result === null || !job.result.ok) return null;
  const outcome = outcomeOf(job.work.name, job.result.value);
  switch (outcome.kind) {
    case 'runs':
      return h(Runs, { runs: outcome.runs });
    case 'merge':
      return h(Merged, { merge: outcome.merge, isNewest });
    case 'checks':
      return h(Checked, { checks: outcome.checks });
    case 'loss':
      return h(
        'p',
        { class: outcome.loss.exceedsLimit ? 'note warning' : 'note plain' },
        h(Said, null, outcome.loss.text),
      );
    case 'forecast':
      return h(ForecastTable, { forecast: outcome.forecast });
    case 'sync':
      return h(
        'div',
        null,
        h('p', null, h(Said, null, outcome.text)),
        h('ul', null, ...outcome.lines.map((line) => h('li', { key: line }, h('code', null, line)))),
      );
    case 'other':
      return h('p', null, t('result.done'));
  }
};
