/** The configuration in force, section by section, with where each value comes from. */

import type { VNode } from 'preact';
import type { ConfigProblem, ConfigView, SettingView } from '../../contract.ts';
import { pairFacts } from '../state/nodes.ts';
import { h } from './h.ts';
import { Button, Card, Said, Table } from './parts.ts';
import { useUi } from './ui.ts';

const sectionOf = ({ path }: SettingView): string => /^[^.[]+/.exec(path)?.[0] ?? path;

const bySection = (settings: readonly SettingView[]): ReadonlyMap<string, readonly SettingView[]> => {
  const found = new Map<string, readonly SettingView[]>();
  for (const setting of settings) {
    const section = sectionOf(setting);
    found.set(section, [...(found.get(section) ?? []), setting]);
  }
  return found;
};

/** Each with its place and what to do about it. */
export const Problems = ({ problems }: { readonly problems: readonly ConfigProblem[] }): VNode | null => {
  const { t } = useUi();
  if (problems.length === 0) return null;
  return h(
    'div',
    { class: 'note alarm', role: 'alert' },
    h('p', null, t('config.problems')),
    h(
      'ul',
      null,
      ...problems.map(({ line, column, path, message, remedy }) =>
        h(
          'li',
          { key: `${line} ${column} ${message}` },
          t('config.place', { line, column }),
          ' ',
          path === '' ? null : h('code', null, path),
          ' ',
          h(Said, null, `${message}; ${remedy}.`),
        ),
      ),
    ),
  );
};

const Section = ({ name, settings }: { readonly name: string; readonly settings: readonly SettingView[] }): VNode => {
  const { t, word } = useUi();
  const own = settings.filter(({ source }) => source === 'file').length;
  return h(
    'details',
    null,
    h('summary', null, h('code', null, name), ` ${t('config.counts', { all: settings.length, own })}`),
    h(Table, {
      caption: name,
      head: [t('config.key'), t('config.value'), t('config.source')],
      rows: settings.map(({ path, value, source }) => ({
        key: path,
        cells: [h('code', null, path), h('code', null, value), word('source', source)],
      })),
    }),
  );
};

export const ConfigCard = ({ config }: { readonly config: ConfigView }): VNode => {
  const { t, announce, state } = useUi();
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(config.yaml);
    announce(t('settings.copied'));
  };
  return h(
    Card,
    {
      title: t('settings.config', { name: pairFacts(state)?.own.name ?? '' }),
      tools: h(Button, { onClick: () => void copy() }, t('settings.copy')),
    },
    h('p', { class: 'quiet' }, t('settings.config-help', { file: config.file })),
    h(Problems, { problems: config.problems }),
    config.pending ? h('p', { class: 'note warning' }, t('config.pending')) : null,
    ...[...bySection(config.settings)].map(([name, settings]) => h(Section, { key: name, name, settings })),
  );
};
