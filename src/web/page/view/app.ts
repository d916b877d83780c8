/** The page as a whole: its surroundings, and what a screen reader is told when the state changes. */

import type { VNode } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { createFormat } from '../../../language/format.ts';
import type { Language } from '../../../language/translator.ts';
import type { Session } from '../../contract.ts';
import { createTranslator } from '../i18n/translate.ts';
import type { Api } from '../net/api.ts';
import { glanceOf } from '../state/glance.ts';
import { pairFacts, wallNow } from '../state/nodes.ts';
import type { PageState } from '../state/state.ts';
import { glanceSentence } from './glance.ts';
import { h } from './h.ts';
import { Shell } from './shell.ts';
import { type Theme, type Ui, UiProvider } from './ui.ts';

export interface AppProps {
  readonly state: PageState;
  readonly api: Api;
  readonly language: Language;
  readonly theme: Theme;
  readonly setTheme: (theme: Theme) => void;
  readonly setLanguage: (language: Language) => void;
  readonly go: (route: string) => void;
  readonly tryNow: () => void;
  readonly checkSession: () => void;
  readonly onIn: (session: Session) => void;
}

/** What matters of the sentence: said again only when that changes, not with each second that passes. */
const essence = (state: PageState): string => {
  const pair = pairFacts(state);
  if (pair === null) return '';
  const { level, who, ready, protection } = glanceOf(pair);
  const name = 'name' in who ? who.name : '';
  return [level, who.kind, name, ready.kind, protection, state.link.name === 'lost'].join(' ');
};

const useStateNews = (ui: Ui): void => {
  const now = essence(ui.state);
  const before = useRef(now);
  useEffect(() => {
    if (before.current === now) return;
    const isFirst = before.current === '';
    before.current = now;
    const pair = pairFacts(ui.state);
    document.title = pair === null ? 'Dualtone' : ui.t(`page.title-${glanceOf(pair).level}`);
    if (isFirst || pair === null) return;
    const lost =
      ui.state.link.name === 'lost' ? ui.t('link.lost-short') : glanceSentence(glanceOf(pair), wallNow(ui.state), ui);
    ui.announce(lost);
  }, [now]);
};

const LiveRegion = ({ text }: { readonly text: string }): VNode =>
  h('div', { class: 'unseen', 'aria-live': 'polite', role: 'log', 'data-live': true }, text);

const News = ({ ui }: { readonly ui: Ui }): null => {
  useStateNews(ui);
  return null;
};

export const App = ({ onIn, ...props }: AppProps): VNode => {
  const { language } = props;
  const [said, setSaid] = useState('');
  const words = useMemo(() => ({ ...createTranslator(language), ...createFormat(language) }), [language]);
  const ui: Ui = { ...props, ...words, announce: setSaid };
  return h(UiProvider, { value: ui }, h(News, { ui }), h(Shell, { onIn }), h(LiveRegion, { text: said }));
};
