/** The frame: skip link, places, who is logged in, what is wrong with the connection, and the place itself. */

import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Session } from '../../contract.ts';
import { OLD_MS, pairFacts } from '../state/nodes.ts';
import { ROUTES, type Route } from '../state/route.ts';
import { Actions } from './actions.ts';
import { AlarmsPage } from './alarms.ts';
import { ChecksPage } from './checks.ts';
import { DrillsPage } from './drills.ts';
import { GlanceCard } from './glance.ts';
import { h } from './h.ts';
import { JournalPage, Timeline } from './journal.ts';
import { Nodes, Plans } from './nodes.ts';
import { LoginPage, PublicPage } from './outside.ts';
import { Button, Said } from './parts.ts';
import { SettingsPage } from './settings.ts';
import { StreamsCard, StreamsPage } from './streams.ts';
import { useUi } from './ui.ts';
import { WhatIfPage } from './what-if.ts';

const Overview = (): VNode =>
  h(
    'div',
    { class: 'column' },
    h(Plans, { onlyMoving: true }),
    h(Actions, null),
    h(Nodes, null),
    h(StreamsCard, null),
    h(Timeline, null),
  );

const PLACES: Readonly<Record<(typeof ROUTES)[number], () => VNode | null>> = {
  overview: Overview,
  journal: JournalPage,
  streams: StreamsPage,
  checks: ChecksPage,
  'what-if': WhatIfPage,
  drills: DrillsPage,
  alarms: AlarmsPage,
  settings: SettingsPage,
};

/** What keeps the page from being true now. */
const ConnectionBanner = (): VNode | null => {
  const { state, t, span, tryNow } = useUi();
  const { link, now, pair } = state;
  if (link.name === 'lost' && now - link.since > 1500) {
    const age = pairFacts(state)?.own.ageMs ?? null;
    return h(
      'div',
      { class: 'banner alarm', role: 'alert' },
      h(
        'p',
        null,
        t('link.lost', { span: span(now - link.since) }),
        age === null ? '' : ` ${t('link.old', { span: span(age) })}`,
        ' ',
        h('span', { 'aria-hidden': true }, t('link.again', { span: span(Math.max(0, link.retryAt - now)) })),
      ),
      h(Button, { onClick: tryNow }, t('link.try')),
    );
  }
  if (pair === null) return null;
  const { thisTrouble } = pair;
  const own = pairFacts(state)?.own;
  if (own === undefined || own.ageMs === null || own.ageMs <= OLD_MS) return null;
  return h(
    'div',
    { class: 'banner warning', role: 'alert' },
    h(
      'p',
      null,
      t('link.agent-old', { name: own.name, span: span(own.ageMs) }),
      thisTrouble === null ? null : h(Said, null, ` ${thisTrouble}`),
    ),
  );
};

const Nav = ({ route }: { readonly route: Route }): VNode => {
  const { t } = useUi();
  return h(
    'nav',
    { 'aria-label': t('nav.label') },
    h(
      'ul',
      null,
      ...ROUTES.map((name) =>
        h(
          'li',
          { key: name },
          h(
            'a',
            { href: `#/${name}`, ...(name === route ? { 'aria-current': 'page' as const } : {}) },
            t(`nav.${name}`),
          ),
        ),
      ),
    ),
  );
};

const Brand = (): VNode =>
  h(
    'a',
    { class: 'brand', href: '#/overview' },
    h('img', { src: '/icon.svg', alt: '', width: 28, height: 28 }),
    'Dualtone',
  );

const Inside = ({ session, route }: { readonly session: Session; readonly route: (typeof ROUTES)[number] }): VNode => {
  const { t, word, api, checkSession } = useUi();
  const main = useRef<HTMLElement>(null);
  const shown = useRef(route);
  useEffect(() => {
    // A change of place moves a keyboard's and a screen reader's reader there too.
    if (shown.current !== route) main.current?.focus();
    shown.current = route;
  }, [route]);
  const logout = async (): Promise<void> => {
    await api.logout();
    checkSession();
  };
  return h(
    'div',
    { class: 'app' },
    h(
      'a',
      {
        class: 'skip',
        href: '#main',
        onClick: (event: Event) => {
          event.preventDefault();
          main.current?.focus();
        },
      },
      t('shell.skip'),
    ),
    h(
      'header',
      null,
      h(Brand, null),
      h(Nav, { route }),
      h(
        'div',
        { class: 'who' },
        h('span', { class: 'quiet' }, t('shell.who', { user: session.user, role: word('may', session.role) })),
        h(Button, { onClick: () => void logout() }, t('shell.logout')),
      ),
    ),
    h(ConnectionBanner, null),
    h('main', { id: 'main', ref: main, tabIndex: -1 }, h(GlanceCard, null), h(PLACES[route], { key: route })),
  );
};

const isPlace = (route: Route): route is (typeof ROUTES)[number] => route !== 'login' && route !== 'public';

/** The page for who looks: outside without a session, the place that the address names with one. */
export const Shell = ({ onIn }: { readonly onIn: (session: Session) => void }): VNode => {
  const { state, t } = useUi();
  const { session, route } = state;
  if (session === undefined) return h('main', { class: 'outside' }, h('h1', null, t('shell.wait')));
  if (session === null) return h('main', null, route === 'public' ? h(PublicPage, null) : h(LoginPage, { onIn }));
  return h(Inside, { session, route: isPlace(route) ? route : 'overview' });
};
