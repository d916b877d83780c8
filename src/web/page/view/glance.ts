/** The state at a glance in one sentence. */

import type { VNode } from 'preact';
import { type Glance, glanceOf, type Lack, type Ready, type Who } from '../state/glance.ts';
import { pairFacts, wallNow } from '../state/nodes.ts';
import { h } from './h.ts';
import { Badge, Lacking, Said } from './parts.ts';
import { type Ui, useUi } from './ui.ts';

type Words = Pick<Ui, 't' | 'word' | 'span' | 'moment' | 'list'>;

const whoText = (who: Who, now: number, { t, word, span, moment }: Words): string => {
  switch (who.kind) {
    case 'serves': {
      const named = { name: who.name, role: word('role', who.role) };
      const begin =
        who.since === null
          ? t('glance.serves', named)
          : t('glance.serves-since', {
              ...named,
              since: moment(who.since, now),
              span: span(Math.max(0, now - who.since)),
            });
      return who.ill === null ? begin : t('glance.ill', { begin });
    }
    case 'halted':
      return t('glance.halted', { name: who.name, role: word('role', who.role) });
    case 'both':
    case 'nobody':
    case 'unknown':
      return t(`glance.${who.kind}`);
  }
};

const readyText = (ready: Ready, { t, word, span }: Words): string => {
  if (ready.kind === 'unknown') return t('glance.ready-unknown');
  const named = { name: ready.name, role: word('role', ready.role) };
  if (ready.kind === 'cannot') return t('glance.cannot', named);
  const text =
    ready.afterMs === null ? t('glance.can', named) : t('glance.can-after', { ...named, span: span(ready.afterMs) });
  return ready.degraded.length === 0 ? text : t('glance.with-doubts', { text });
};

/** The sentence without what the agent says in its own words. */
export const glanceSentence = (glance: Glance, now: number, words: Words): string => {
  const { t } = words;
  const protection = glance.protection === null ? [] : [t(`glance.protected-${glance.protection}`)];
  const loss =
    glance.ready.kind === 'unknown' || glance.loss === null
      ? []
      : [glance.loss.length === 0 ? t('glance.loses-nothing') : t('glance.loses', { loss: words.list(glance.loss) })];
  const ready = glance.who.kind === 'serves' ? [readyText(glance.ready, words)] : [];
  return t('glance.sentence', {
    text: [whoText(glance.who, now, words), ...protection, ...ready, ...loss].join(t('glance.join')),
  });
};

const said = (text: string): Lack => ({ rule: null, text });

const reasonsOf = ({ ready, who }: Glance): readonly Lack[] => [
  ...(who.kind === 'serves' && who.ill !== null ? [said(who.ill)] : []),
  ...(who.kind === 'halted' ? [said(who.because)] : []),
  ...(ready.kind === 'cannot' ? ready.missing : ready.kind === 'can' ? ready.degraded.map(said) : []),
];

export const GlanceCard = (): VNode => {
  const ui = useUi();
  const { state, t } = ui;
  const pair = pairFacts(state);
  if (pair === null) {
    const trouble = state.pair?.thisTrouble ?? null;
    return h(
      'section',
      { class: 'glance unknown' },
      h('h1', null, trouble === null ? t('glance.wait') : t('glance.agent-silent')),
      trouble === null ? null : h('p', null, h(Said, null, trouble)),
    );
  }
  const glance = glanceOf(pair);
  const reasons = reasonsOf(glance);
  return h(
    'section',
    { class: `glance ${glance.level}` },
    h(Badge, { level: glance.level }, t(`level.${glance.level}`)),
    h('h1', null, glanceSentence(glance, wallNow(state), ui)),
    reasons.length === 0
      ? null
      : h(
          'ul',
          { class: 'reasons', 'aria-label': t('glance.why') },
          ...reasons.map((lack) => h('li', { key: lack.text }, h(Lacking, { lack }))),
        ),
  );
};
