/** Would it take over now, why, why not; and what if these machines were gone. */

import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { NodeSnapshot } from '../../contract.ts';
import { type NodeFacts, pairFacts } from '../state/nodes.ts';
import { type Fate, fateOf, votersOf } from '../state/what-if.ts';
import { h } from './h.ts';
import { Jobs } from './jobs.ts';
import { Badge, Card, Lacking, Said } from './parts.ts';
import { may, type Ui, useUi } from './ui.ts';
import { WorkButton } from './work-button.ts';

const Rehearsal = ({ node }: { readonly node: NodeFacts }): VNode => {
  const { t, word, span, language } = useUi();
  const { snapshot } = node;
  const title = t('node.title', { name: node.name, role: word('role', node.role) });
  if (snapshot === null) return h(Card, { title }, h('p', null, t('node.shows-nothing')));
  const { text, obstacles, ifOtherOrThisDied: rehearsal } = snapshot.explanation;
  const isPassive = snapshot.phase === 'passive';
  const ownWords = rehearsal.takesOver
    ? t(isPassive ? 'what-if.takes-over' : 'what-if.other-takes-over', { span: span(rehearsal.afterMs ?? 0) })
    : t(isPassive ? 'what-if.not' : 'what-if.other-not');
  return h(
    Card,
    { title, class: node.isOld ? 'old' : '' },
    node.isOld && node.ageMs !== null
      ? h('p', { class: 'note warning' }, t('node.old', { span: span(node.ageMs) }))
      : null,
    h('p', null, h(Said, null, text)),
    h(
      'p',
      null,
      h(
        Badge,
        { level: rehearsal.takesOver ? 'good' : 'warning' },
        t(`what-if.${isPassive ? '' : 'other-'}${rehearsal.takesOver ? 'yes' : 'no'}`),
      ),
      ' ',
      language === 'en' ? rehearsal.text : ownWords,
    ),
    language === 'en' || rehearsal.missing.length === 0
      ? null
      : h('ul', null, ...rehearsal.missing.map((lack) => h('li', { key: lack.rule }, h(Lacking, { lack })))),
    obstacles.length === 0
      ? null
      : h(
          'div',
          null,
          h('h3', null, t('what-if.obstacles')),
          h(
            'ul',
            null,
            ...obstacles.map((each) =>
              h(
                'li',
                { key: each.rule },
                h(Lacking, { lack: each }),
                each.inMs === null ? '' : ` (${t('node.for-more', { span: span(each.inMs) })})`,
                ' ',
                h('code', null, each.rule),
              ),
            ),
          ),
        ),
    h(Protection, { snapshot }),
  );
};

const Protection = ({ snapshot }: { readonly snapshot: NodeSnapshot }): VNode => {
  const { t } = useUi();
  const { text, reasons, exceptions } = snapshot.protection;
  const list = (items: readonly string[]): VNode =>
    h('ul', null, ...items.map((each) => h('li', { key: each }, h(Said, null, each))));
  return h(
    'details',
    null,
    h('summary', null, t('what-if.protection')),
    h('p', null, h(Said, null, text)),
    reasons.length === 0 ? null : list(reasons),
    exceptions.length === 0 ? null : h('div', null, h('p', null, t('what-if.exceptions')), list(exceptions)),
  );
};

const fateText = (fate: Fate, snapshot: NodeSnapshot, { t, word }: Ui): string => {
  if (fate.kind === 'nobody')
    return t(`what-if.nobody-${fate.why}`, { votes: fate.votes, needed: snapshot.explanation.needed });
  const name = fate.role === snapshot.node.role ? snapshot.node.name : snapshot.peer.name;
  return t(fate.moves ? 'what-if.moves' : 'what-if.stays', { name, role: word('role', fate.role) });
};

const Scene = ({ snapshot }: { readonly snapshot: NodeSnapshot }): VNode => {
  const ui = useUi();
  const { t, word } = ui;
  const [gone, setGone] = useState<ReadonlySet<string>>(new Set());
  const toggle = (name: string): void =>
    setGone((old) => (old.has(name) ? new Set([...old].filter((each) => each !== name)) : new Set([...old, name])));
  const fate = fateOf(snapshot, { gone });
  return h(
    Card,
    { title: t('what-if.scene') },
    h('p', { class: 'quiet' }, t('what-if.scene-help')),
    h(
      'fieldset',
      null,
      h('legend', null, t('what-if.gone')),
      ...votersOf(snapshot).names.map((name) =>
        h(
          'label',
          { class: 'check', key: name },
          h('input', { type: 'checkbox', checked: gone.has(name), onChange: () => toggle(name) }),
          ' ',
          word('role', name),
        ),
      ),
    ),
    h(
      'p',
      { role: 'status' },
      h(
        Badge,
        { level: fate.kind === 'nobody' ? 'alarm' : fate.moves ? 'warning' : 'good' },
        fateText(fate, snapshot, ui),
      ),
    ),
  );
};

/** The simulator, with the configuration of the node whose page this is. */
const Simulation = (): VNode | null => {
  const { t, state } = useUi();
  const tools = may(state, 'operate')
    ? h(WorkButton, { work: { name: 'forecast' }, label: t('forecast.do') })
    : undefined;
  return h(
    Card,
    { title: t('forecast.title'), tools },
    h('p', { class: 'quiet' }, t('forecast.help')),
    h(Jobs, { names: ['forecast'] }),
  );
};

export const WhatIfPage = (): VNode | null => {
  const { state } = useUi();
  const pair = pairFacts(state);
  if (pair === null) return null;
  const snapshot = pair.own.snapshot ?? pair.other.snapshot;
  return h(
    'div',
    { class: 'column' },
    snapshot === null ? null : h(Scene, { snapshot }),
    h(Simulation, null),
    h('div', { class: 'pair' }, h(Rehearsal, { node: pair.main }), h(Rehearsal, { node: pair.standby })),
  );
};
