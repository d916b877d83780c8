/** The configuration in force, section by section, with where each value comes from. */

import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { ConfigProblem, ConfigView, Fault, SettingView } from '../../contract.ts';
import { pairFacts } from '../state/nodes.ts';
import { h } from './h.ts';
import { Button, Card, FaultBox, Said, Table } from './parts.ts';
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

/** What the file says counts from the agent's next start; it is ordered here where that costs nobody a call. */
const Pending = ({ config }: { readonly config: ConfigView }): VNode => {
  const { t, api, state } = useUi();
  const [fault, setFault] = useState<Fault | null>(null);
  const [isOrdered, setOrdered] = useState(false);
  const own = pairFacts(state)?.own.snapshot ?? null;
  const isSafe = own?.server === 'other' && config.problems.length === 0 && !config.timesChange;
  const restart = async (): Promise<void> => {
    const done = await api.restart();
    setFault(done.ok ? null : done.error);
    setOrdered(done.ok);
  };
  return h(
    'div',
    { class: 'note warning', 'data-pending': true },
    h('p', null, t('config.pending')),
    config.timesChange ? h('p', null, t('config.times')) : null,
    isSafe && !isOrdered ? h(Button, { onClick: () => void restart() }, t('config.restart')) : null,
    isSafe || config.timesChange ? null : h('p', null, t('config.restart-not-here')),
    isOrdered ? h('p', { role: 'status' }, t('config.restarted')) : null,
    fault === null ? null : h(FaultBox, { fault }),
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
    config.pending ? h(Pending, { config }) : null,
    ...[...bySection(config.settings)].map(([name, settings]) => h(Section, { key: name, name, settings })),
  );
};
