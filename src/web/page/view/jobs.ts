/** What was set going from a page: progress while it runs, then what came of it. */

import type { VNode } from 'preact';
import type { Job, WebWork } from '../../contract.ts';
import { wallNow } from '../state/nodes.ts';
import { h } from './h.ts';
import { JobResult } from './job-result.ts';
import { Badge, FaultBox, type Level, Said } from './parts.ts';
import { type Ui, useUi } from './ui.ts';

const LEVEL: Readonly<Record<Job['state'], Level>> = { failed: 'alarm', done: 'good', running: 'plain' };
const MOST_SHOWN = 8;

const headOf = (job: Job, { word, moment, span, t, state }: Ui): string => {
  const endedAt = job.endedAt ?? wallNow(state);
  const took = t('result.for', { span: span(Math.max(0, endedAt - job.startedAt)) });
  return ` ${word('work', job.work.name)} · ${moment(job.startedAt, state.now)} · ${took} · ${job.by}`;
};

const Progress = ({ job }: { readonly job: Job }): VNode => {
  const { t, word, number } = useUi();
  const { what = '', done = 0, total = null } = job.progress ?? {};
  const shown = what === '' ? t('jobs.begins') : job.work.name === 'forecast' ? word('forecast-fault', what) : what;
  const isOurs = what === '' || job.work.name === 'forecast';
  const share =
    total === null ? '' : ` (${t('jobs.of', { done: number(Math.min(done, total)), total: number(total) })})`;
  return h(
    'div',
    null,
    isOurs ? shown : h(Said, null, shown),
    share,
    h('progress', {
      'aria-label': shown,
      ...(total === null || total === 0 ? {} : { max: total, value: Math.min(done, total) }),
    }),
  );
};

const JobItem = ({ job, isNewest }: { readonly job: Job; readonly isNewest: boolean }): VNode => {
  const ui = useUi();
  const fault = job.result !== null && !job.result.ok ? job.result.error : null;
  const result = job.state === 'done' ? h(JobResult, { job, isNewest }) : null;
  return h(
    'li',
    { 'data-job': job.work.name },
    h('div', null, h(Badge, { level: LEVEL[job.state] }, ui.word('job', job.state)), headOf(job, ui)),
    job.state === 'running' ? h(Progress, { job }) : null,
    fault === null ? null : h(FaultBox, { fault }),
    // The newest is what somebody waits for; the others are there for who asks.
    result === null || isNewest ? result : h('details', null, h('summary', null, ui.t('jobs.result')), result),
  );
};

/** The newest first. */
export const Jobs = ({ names }: { readonly names: readonly WebWork['name'][] }): VNode | null => {
  const { state, t } = useUi();
  const shown = state.jobs.filter(({ work }) => names.includes(work.name)).slice(0, MOST_SHOWN);
  if (shown.length === 0) return null;
  return h(
    'div',
    null,
    h('h3', null, t('jobs.title')),
    h(
      'ul',
      { class: 'list jobs' },
      ...shown.map((job, index) => h(JobItem, { key: job.id, job, isNewest: index === 0 })),
    ),
  );
};
