/** Of this browser: language and colours. Of the node: its configuration, and who may do what. */

import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Language } from '../../../language/translator.ts';
import type { ConfigView, Fault, Result, UsersView } from '../../contract.ts';
import { pairFacts } from '../state/nodes.ts';
import { ConfigCard } from './config-card.ts';
import { ConfigEdit } from './config-edit.ts';
import { h } from './h.ts';
import { PairingCard } from './pairing.ts';
import { Card, FaultBox, Field, Table } from './parts.ts';
import { may, type Theme, useUi } from './ui.ts';

const LANGUAGE_NAMES: Readonly<Record<Language, string>> = { en: 'English', fr: 'Français' };
const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly (readonly [T, string])[];
  readonly onPick: (value: T) => void;
}

const Choice = <T extends string>({ label, value, options, onPick }: ChoiceProps<T>): VNode =>
  h(Field, {
    label,
    children: (id) =>
      h(
        'select',
        { id, value, onChange: (event: Event) => onPick((event.currentTarget as HTMLSelectElement).value as T) },
        ...options.map(([name, text]) => h('option', { key: name, value: name, selected: name === value }, text)),
      ),
  });

/** Language and colours; also for who is not logged in. */
export const Preferences = (): VNode => {
  const { t, language, theme, setLanguage, setTheme } = useUi();
  return h(
    'div',
    { class: 'filters' },
    h(Choice<Language>, {
      label: t('settings.language'),
      value: language,
      options: Object.entries(LANGUAGE_NAMES) as [Language, string][],
      onPick: setLanguage,
    }),
    h(Choice<Theme>, {
      label: t('settings.theme'),
      value: theme,
      options: THEMES.map((name) => [name, t(`theme.${name}`)] as const),
      onPick: setTheme,
    }),
  );
};

interface Asked<T> {
  readonly value: T | null;
  readonly fault: Fault | null;
  readonly set: (value: T) => void;
}

/** Asked once, and again where `of` has changed; what was heard stays until something else is. */
const useAsked = <T>(ask: () => Promise<Result<T>>, of?: unknown): Asked<T> => {
  const [value, setValue] = useState<T | null>(null);
  const [fault, setFault] = useState<Fault | null>(null);
  useEffect(() => {
    let current = true;
    const fetchOnce = async (): Promise<void> => {
      const result = await ask();
      if (!current) return;
      setFault(result.ok ? null : result.error);
      if (result.ok) setValue(result.value);
    };
    void fetchOnce();
    return () => {
      current = false;
    };
  }, [of]);
  return { value, fault, set: setValue };
};

const Configuration = (): VNode => {
  const { t, api, state } = useUi();
  // An agent that has started again has taken up its file.
  const agent = pairFacts(state)?.own.snapshot?.agent.pid;
  const { value: config, fault, set } = useAsked<ConfigView>(api.config, agent);
  if (config === null)
    return h(
      Card,
      { title: t('settings.config', { name: pairFacts(state)?.own.name ?? '' }) },
      fault === null ? null : h(FaultBox, { fault }),
    );
  return h('div', { class: 'column' }, h(ConfigEdit, { config, onConfig: set }), h(ConfigCard, { config }));
};

const Users = (): VNode => {
  const { t, api, word, moment, state } = useUi();
  const { value, fault } = useAsked<UsersView>(api.users);
  return h(
    Card,
    { title: t('users.title') },
    h('p', { class: 'quiet' }, t('users.help')),
    fault === null ? null : h(FaultBox, { fault }),
    value === null
      ? null
      : h(Table, {
          caption: t('users.title'),
          head: [t('users.name'), t('users.role'), t('users.since')],
          rows: value.users.map(({ name, role, createdAt }) => ({
            key: name,
            cells: [name, word('may', role), moment(createdAt, state.now)],
          })),
        }),
    value === null || value.tokens.length === 0
      ? null
      : h(Table, {
          caption: t('users.tokens'),
          head: [t('users.name'), t('users.role'), t('users.since'), t('users.until')],
          rows: value.tokens.map(({ name, role, createdAt, endsAt }) => ({
            key: name,
            cells: [
              name,
              word('may', role),
              moment(createdAt, state.now),
              endsAt === null ? t('users.always') : moment(endsAt, state.now),
            ],
          })),
        }),
  );
};

export const SettingsPage = (): VNode => {
  const { state, t } = useUi();
  const isAdmin = may(state, 'admin');
  return h(
    'div',
    { class: 'column' },
    h(Card, { title: t('settings.browser') }, h(Preferences, null)),
    isAdmin ? h(Configuration, null) : null,
    isAdmin ? h(Users, null) : h('p', { class: 'note plain' }, t('settings.admin-only')),
    h(PairingCard, null),
  );
};
