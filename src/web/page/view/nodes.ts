/** The two nodes: what each does, its lease, probes and votes; and the plan while it moves. */

import type { ComponentChildren, VNode } from 'preact';
import type { NodeSnapshot } from '../../contract.ts';
import { type NodeFacts, pairFacts } from '../state/nodes.ts';
import { h } from './h.ts';
import { Badge, Card, type Level, Said } from './parts.ts';
import { type Ui, useUi } from './ui.ts';

const VERDICT_LEVEL: Readonly<Record<string, Level>> = {
  up: 'good',
  degraded: 'warning',
  down: 'alarm',
  unknown: 'unknown',
};
const OUTCOME_LEVEL: Readonly<Record<string, Level>> = { ok: 'good', failed: 'alarm', silent: 'warning' };

const row = (name: string, value: ComponentChildren): VNode =>
  h('div', { class: 'fact', key: name }, h('dt', null, name), h('dd', null, value));

const leaseText = ({ lease }: NodeSnapshot, { t, word, span }: Ui): string => {
  if (lease.name !== 'held') return word('lease', lease.name);
  return lease.heldOpen ? t('node.lease-open') : t('node.lease-left', { span: span(lease.leftMs ?? 0) });
};

const gateText = ({ gate }: NodeSnapshot, { t }: Ui): string => {
  const text = t(gate.open ? 'node.gate-open' : 'node.gate-closed');
  return gate.enforced ? text : t('node.gate-not-enforced', { text });
};

const callsText = (calls: number, { t, count }: Ui): string =>
  calls < 0 ? t('node.calls-unknown') : count('calls', calls);

const phaseText = ({ snapshot, isOld }: NodeFacts, { t, word }: Ui): string => {
  if (snapshot === null) return t('node.unknown');
  const phase = word('phase', snapshot.phase);
  return isOld ? t('node.was', { phase }) : phase;
};

const doingLevel = (node: NodeFacts): Level => {
  if (node.snapshot === null || node.isOld) return 'unknown';
  if (node.snapshot.phase === 'halted') return 'alarm';
  return node.snapshot.phase === 'serving' ? 'good' : 'plain';
};

const factsOf = (snapshot: NodeSnapshot, isOld: boolean, ui: Ui): readonly VNode[] => {
  const { t, word, span, number } = ui;
  const { health, mode, maintenance } = snapshot;
  return [
    row(
      t('node.telephony'),
      h(
        'span',
        null,
        h(
          Badge,
          { level: isOld ? 'unknown' : (VERDICT_LEVEL[health.verdict] ?? 'unknown') },
          word('verdict', health.verdict),
        ),
        ' ',
        t('node.for', { span: span(health.sinceMs) }),
      ),
    ),
    ...(health.verdict === 'up' || health.reason === '' ? [] : [row(t('node.reason'), h(Said, null, health.reason))]),
    row(t('node.calls'), callsText(health.calls, ui)),
    row(t('node.lease'), leaseText(snapshot, ui)),
    row(t('node.gate'), gateText(snapshot, ui)),
    row(t('node.epoch'), number(snapshot.epoch)),
    ...(mode === 'manual' ? [row(t('node.mode'), t('mode.manual'))] : []),
    ...(maintenance === null
      ? []
      : [
          row(
            t('node.maintenance'),
            h('span', null, t('node.for-more', { span: span(maintenance.leftMs) }), ': ', maintenance.reason),
          ),
        ]),
    ...(snapshot.other.heardMsAgo === null
      ? [row(t('node.hears-other'), t('node.never'))]
      : [row(t('node.hears-other'), t('node.ago', { span: span(snapshot.other.heardMsAgo) }))]),
  ];
};

const Probes = ({ samples }: { readonly samples: NodeSnapshot['samples'] }): VNode => {
  const { t, word } = useUi();
  return h(
    'details',
    { open: samples.some(({ outcome, about }) => outcome !== 'ok' && about !== 'rival') },
    h(
      'summary',
      null,
      t('node.probes', { good: samples.filter(({ outcome }) => outcome === 'ok').length, all: samples.length }),
    ),
    h(
      'ul',
      { class: 'list' },
      ...samples.map(({ probe, outcome, reason }) =>
        h(
          'li',
          { key: probe },
          h(Badge, { level: OUTCOME_LEVEL[outcome] ?? 'unknown' }, word('outcome', outcome)),
          ' ',
          h('code', null, probe),
          reason === '' ? null : [' ', h(Said, null, reason)],
        ),
      ),
    ),
  );
};

const Votes = ({ snapshot }: { readonly snapshot: NodeSnapshot }): VNode => {
  const { t, word, count } = useUi();
  const { votes, needed } = snapshot.explanation;
  const yes = votes.filter(({ counts }) => counts === 'yes').length;
  return h(
    'details',
    null,
    h('summary', null, t('node.votes', { yes, all: votes.length })),
    h('p', { class: 'quiet' }, needed === 0 ? t('node.no-votes-needed') : count('votes-needed', needed)),
    h(
      'ul',
      { class: 'list' },
      ...votes.map(({ voter, counts, text }) =>
        h(
          'li',
          { key: voter },
          h(Badge, { level: counts === 'yes' ? 'good' : 'warning' }, word('vote', counts)),
          ' ',
          h('code', null, voter),
          ' ',
          h(Said, null, text),
        ),
      ),
    ),
  );
};

/** What the other node says of one that shows nothing itself. */
const SeenByOther = ({ node, seer }: { readonly node: NodeFacts; readonly seer: NodeSnapshot }): VNode => {
  const { t, span } = useUi();
  const { other } = seer;
  const heard =
    other.heardMsAgo === null ? t('node.never-heard') : t('node.last-heard', { span: span(other.heardMsAgo) });
  return h(
    'p',
    { class: 'note warning' },
    t('node.seen-by', { name: seer.node.name, heard }),
    node.snapshot === null ? '' : ` ${t('node.shown-was-then')}`,
  );
};

const NodeCard = ({ node, seer }: { readonly node: NodeFacts; readonly seer: NodeSnapshot | null }): VNode => {
  const ui = useUi();
  const { t, word, span } = ui;
  const { snapshot } = node;
  return h(
    Card,
    {
      title: t('node.title', { name: node.name, role: word('role', node.role) }),
      class: node.isOld ? 'node old' : 'node',
    },
    h(
      'p',
      { class: 'node-line' },
      h(Badge, { level: doingLevel(node) }, phaseText(node, ui)),
      h('code', null, node.address),
      node.isThis ? h('span', { class: 'tag' }, t('node.this')) : null,
    ),
    node.isOld
      ? h(
          'p',
          { class: 'note warning' },
          node.ageMs === null ? t('node.shows-nothing') : t('node.old', { span: span(node.ageMs) }),
        )
      : null,
    node.isOld && seer !== null ? h(SeenByOther, { node, seer }) : null,
    snapshot === null ? null : h('dl', { class: 'facts' }, factsOf(snapshot, node.isOld, ui)),
    snapshot === null ? null : h(Probes, { samples: snapshot.samples }),
    snapshot === null ? null : h(Votes, { snapshot }),
    snapshot === null
      ? null
      : h(
          'p',
          { class: 'quiet' },
          t('node.agent', {
            program: snapshot.program,
            span: span(snapshot.wall - snapshot.agent.startedAt),
            memory: snapshot.agent.memoryMb,
            late: span(snapshot.agent.worstLagMs),
          }),
        ),
  );
};

export const Nodes = (): VNode | null => {
  const { state, t } = useUi();
  const pair = pairFacts(state);
  if (pair === null) return null;
  const seerOf = (node: NodeFacts): NodeSnapshot | null => {
    const seer = node.isThis ? pair.other : pair.own;
    return seer.isOld ? null : seer.snapshot;
  };
  return h(
    'div',
    { class: 'pair', role: 'group', 'aria-label': t('node.both') },
    ...[pair.main, pair.standby].map((node) => h(NodeCard, { key: node.role, node, seer: seerOf(node) })),
  );
};

const STEP_LEVEL: Readonly<Record<string, Level>> = {
  done: 'good',
  failed: 'alarm',
  unknown: 'warning',
  running: 'warning',
};

/** The plans of both nodes, step by step. With `onlyMoving`, nothing where all is done. */
export const Plans = ({ onlyMoving }: { readonly onlyMoving: boolean }): VNode | null => {
  const { state, t, word } = useUi();
  const pair = pairFacts(state);
  if (pair === null) return null;
  const plans = [pair.main, pair.standby].flatMap((node) =>
    node.snapshot === null || node.isOld ? [] : [{ node, plan: node.snapshot.plan }],
  );
  const shown = plans.filter(
    ({ plan }) => plan.steps.length > 0 && (!onlyMoving || plan.steps.some(({ status }) => status !== 'done')),
  );
  if (shown.length === 0) return null;
  return h(
    'div',
    { class: 'plans' },
    ...shown.map(({ node, plan }) => {
      const done = plan.steps.filter(({ status }) => status === 'done').length;
      const title = t('plan.of', { name: node.name, target: word('target', plan.target) });
      return h(
        'div',
        { key: node.role },
        h('h3', null, title),
        h('progress', { max: plan.steps.length, value: done, 'aria-label': title }),
        h(
          'ol',
          { class: 'steps' },
          ...plan.steps.map(({ id, status }) =>
            h(
              'li',
              { key: id },
              h(Badge, { level: STEP_LEVEL[status] ?? 'plain' }, word('step', status)),
              ' ',
              h('code', null, id),
            ),
          ),
        ),
      );
    }),
  );
};
