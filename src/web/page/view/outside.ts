/** What anybody sees: which address to use now; and the way in. */

import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { CentreView, Fault, PublicView, Result, Session } from '../../contract.ts';
import { h } from './h.ts';
import { Badge, Button, FaultBox, Field } from './parts.ts';
import { Preferences } from './settings.ts';
import { useUi } from './ui.ts';

const EVERY_MS = 15_000;

interface Told {
  readonly view: PublicView | null;
  readonly fault: Fault | null;
  readonly at: number;
}

const AddressNow = ({ view, at }: { readonly view: PublicView; readonly at: number }): VNode => {
  const { t, span, state, moment } = useUi();
  const age = Math.max(0, state.now - at);
  const old = age > 2 * EVERY_MS;
  return h(
    'div',
    { class: `glance ${view.address === null ? 'alarm' : old ? 'warning' : 'good'}` },
    h(
      Badge,
      { level: view.address === null ? 'alarm' : old ? 'warning' : 'good' },
      t(view.address === null ? 'public.down' : old ? 'public.old' : 'public.up'),
    ),
    view.address === null
      ? h('h1', null, t('public.nobody'))
      : h('h1', null, t('public.use'), ' ', h('strong', { class: 'address' }, view.address)),
    // Who has a contact centre reads of it below: something does change for its users.
    view.centre === null ? h('p', null, t(`public.kind-${view.kind}`)) : null,
    h(
      'p',
      { class: 'quiet' },
      t('public.asked', { when: moment(at, state.now) }),
      old ? ` (${t('node.ago', { span: span(age) })})` : '',
    ),
  );
};

const LEVELS = { ready: 'good', preparing: 'warning', unknown: 'warning' } as const;

/** Users of a contact centre follow no virtual address: theirs is another, and their window must be opened anew. */
const CentreNow = ({ centre }: { readonly centre: CentreView }): VNode => {
  const { t } = useUi();
  return h(
    'div',
    { class: `glance ${LEVELS[centre.state]}` },
    h('h2', null, t('public.centre'), ' ', h('strong', { class: 'address' }, centre.address)),
    h('p', null, t(`public.centre-${centre.state}`)),
  );
};

const spoken = ({ address, centre }: PublicView, t: ReturnType<typeof useUi>['t']): string =>
  [
    address === null ? t('public.nobody') : `${t('public.use')} ${address}`,
    ...(centre === null ? [] : [`${t('public.centre')} ${centre.address}. ${t(`public.centre-${centre.state}`)}`]),
  ].join(' ');

export const PublicPage = (): VNode => {
  const { t, api, announce } = useUi();
  const [told, setTold] = useState<Told>({ view: null, fault: null, at: 0 });
  const last = useRef<string | null>(null);
  const ask = async (byHand: boolean): Promise<void> => {
    const result = await api.public();
    setTold((old) =>
      result.ok ? { view: result.value, fault: null, at: Date.now() } : { ...old, fault: result.error },
    );
    if (!result.ok) return;
    const text = spoken(result.value, t);
    if (byHand || (last.current !== null && last.current !== text)) announce(text);
    last.current = text;
  };
  useEffect(() => {
    void ask(false);
    const timer = setInterval(() => void ask(false), EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  const { view, fault, at } = told;
  return h(
    'div',
    { class: 'outside' },
    view === null ? h('h1', null, t('public.title')) : h('p', { class: 'site' }, view.site),
    view === null ? null : h(AddressNow, { view, at }),
    view === null || view.centre === null ? null : h(CentreNow, { centre: view.centre }),
    fault === null
      ? null
      : fault.code === 'public-off'
        ? h('p', { class: 'note plain' }, t('public.off'))
        : h(FaultBox, { fault }),
    h(
      'div',
      { class: 'buttons' },
      h(Button, { kind: 'main', onClick: () => void ask(true) }, t('public.refresh')),
      h('a', { class: 'button', href: '#/login' }, t('login.title')),
    ),
    h(Preferences, null),
  );
};

export const LoginPage = ({ onIn }: { readonly onIn: (session: Session) => void }): VNode => {
  const { t, api } = useUi();
  const [user, setUser] = useState('');
  const [password, setPassword] = useState('');
  const [fault, setFault] = useState<Fault | null>(null);
  const [busy, setBusy] = useState(false);
  const login = async (): Promise<void> => {
    setBusy(true);
    setFault(null);
    const result: Result<Session> = await api.login({ user, password });
    setBusy(false);
    if (result.ok) return onIn(result.value);
    setPassword('');
    setFault(result.error);
  };
  const onSubmit = (event: Event): void => {
    event.preventDefault();
    void login();
  };
  const input = (type: string, value: string, autocomplete: string, set: (value: string) => void) => (id: string) =>
    h('input', {
      id,
      type,
      value,
      autocomplete,
      required: true,
      autocapitalize: 'none',
      spellcheck: false,
      onInput: (event: Event) => set((event.currentTarget as HTMLInputElement).value),
    });
  return h(
    'div',
    { class: 'outside' },
    h('h1', null, t('login.title')),
    h(
      'form',
      { class: 'card', onSubmit },
      fault === null ? null : h(FaultBox, { fault }),
      h(Field, { label: t('login.user'), children: input('text', user, 'username', setUser) }),
      h(Field, { label: t('login.password'), children: input('password', password, 'current-password', setPassword) }),
      h('button', { type: 'submit', class: 'button main', disabled: busy }, t('login.do')),
      h('p', { class: 'quiet' }, t('login.help')),
    ),
    h('p', null, h('a', { href: '#/' }, t('login.back'))),
    h(Preferences, null),
  );
};
