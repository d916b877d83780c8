/** Settings that may be changed from afar: filled in, previewed as the change of the file that it is, written, taken back. */

import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type {
  BothPreview,
  ConfigPreview,
  ConfigProblem,
  ConfigView,
  EditableSetting,
  Fault,
  Result,
} from '../../contract.ts';
import { changesOf, draftAddress, draftIn, type SettingsDraft, shownValue } from '../state/draft.ts';
import { pairFacts } from '../state/nodes.ts';
import { otherAddress } from './actions.ts';
import { Problems } from './config-card.ts';
import { h } from './h.ts';
import { Button, Card, type Described, FaultBox, Field, Said, Table } from './parts.ts';
import { type Ui, useUi } from './ui.ts';

interface EntryProps {
  readonly setting: EditableSetting;
  readonly draft: SettingsDraft;
  readonly set: (path: string, text: string | null) => void;
  /** Of the last preview. */
  readonly problem: ConfigProblem | null;
}

const labelOf = (path: string, { word }: Ui): string => {
  const rule = /^alarms\.rules\[(\d+)\]\.(.+)$/.exec(path);
  return rule === null
    ? word('setting', path)
    : word('setting', `rule.${rule[2]}`).replace('{n}', String(Number(rule[1]) + 1));
};

const inputOf = ({ setting, draft, set }: EntryProps, id: string, described: Described, { word }: Ui): VNode => {
  const { path, kind, options } = setting;
  const value = draft[path] ?? shownValue(setting.value);
  const onInput = (event: Event): void => set(path, (event.currentTarget as HTMLInputElement).value);
  const shared = { id, value, ...described, 'data-setting': path };
  if (kind === 'choice' || kind === 'flag')
    return h(
      'select',
      { ...shared, onChange: onInput },
      ...options.map((option) =>
        h('option', { key: option, value: option, selected: option === value }, word('option', option)),
      ),
    );
  return h('input', { ...shared, type: 'text', inputMode: kind === 'number' ? 'numeric' : 'text', onInput });
};

const Entry = (props: EntryProps): VNode => {
  const ui = useUi();
  const { t, word } = ui;
  const { setting, draft, set, problem } = props;
  const { path, source, pair, kind } = setting;
  const isReset = draft[path] === null;
  const hint = [
    isReset ? t('config.reset-hint') : t('config.from', { source: word('source', source) }),
    kind === 'span' ? t('config.span-hint') : kind === 'names' ? t('config.names-hint') : '',
    pair ? t('config.pair-hint') : '',
  ];
  return h(
    'div',
    null,
    h(Field, {
      label: labelOf(path, ui),
      hint: hint.filter((each) => each !== '').join(' '),
      ...(problem === null ? {} : { wrong: h(Said, null, `${problem.message}; ${problem.remedy}.`) }),
      children: (id, described) => inputOf(props, id, described, ui),
    }),
    source === 'file' && !isReset
      ? h(
          'button',
          {
            type: 'button',
            class: 'button small',
            onClick: () => set(path, null),
            'aria-label': t('config.reset', { label: labelOf(path, ui) }),
          },
          t('config.reset-short'),
        )
      : null,
  );
};

const SIGN: Readonly<Record<string, string>> = { '-': 'gone', '+': 'come', ' ': 'same' };

const Diff = ({ preview }: { readonly preview: ConfigPreview }): VNode => {
  const { t } = useUi();
  return h(
    'pre',
    { lang: 'en', tabIndex: 0, role: 'region', 'aria-label': t('config.diff'), 'data-diff': true },
    ...preview.diff.map(({ sign, line, text }) =>
      h(
        'span',
        { class: `line ${SIGN[sign] ?? ''}`, key: `${sign}${line}` },
        `${sign} ${String(line).padStart(3)} ${text}\n`,
      ),
    ),
  );
};

const Previewed = ({ preview }: { readonly preview: ConfigPreview }): VNode => {
  const { t } = useUi();
  return h(
    'div',
    { 'data-config-preview': true },
    h(Problems, { problems: preview.problems }),
    ...preview.notes.map((note) => h('p', { class: 'note warning', key: note }, h(Said, null, note))),
    preview.effective.some(({ path }) => path.startsWith('timing.'))
      ? h('p', { class: 'note warning' }, t('config.times'))
      : null,
    h('h3', null, t('config.diff')),
    h(Diff, { preview }),
    preview.effective.length === 0
      ? null
      : h(Table, {
          caption: t('config.effective'),
          head: [t('config.key'), t('config.was'), t('config.becomes')],
          rows: preview.effective.map(({ path, from, to }) => ({
            key: path,
            cells: [h('code', null, path), h('code', null, from ?? '–'), h('code', null, to)],
          })),
        }),
  );
};

/** The same on the other node: its own page, with the same draft, where somebody looks at it again. */
const There = ({ draft }: { readonly draft: SettingsDraft }): VNode | null => {
  const { t, state } = useUi();
  const pair = pairFacts(state);
  if (pair === null) return null;
  const { name, address } = pair.other;
  return h(
    'a',
    { href: draftAddress(otherAddress(address, globalThis.location), draft), 'data-there': true },
    t('config.there', { name }),
  );
};

interface Work {
  readonly fault: Fault | null;
  readonly preview: ConfigPreview | null;
  /** Of both nodes, where both are to change. */
  readonly both: BothPreview | null;
  /** What was written last. */
  readonly written: SettingsDraft | null;
  /** The last change went to both: so does taking it back. */
  readonly wroteBoth: boolean;
}

const NO_WORK: Work = { fault: null, preview: null, both: null, written: null, wroteBoth: false };

interface EditProps {
  readonly config: ConfigView;
  readonly onConfig: (config: ConfigView) => void;
}

const useEdit = ({ config, onConfig }: EditProps) => {
  const { api, announce, t } = useUi();
  const [draft, setDraft] = useState<SettingsDraft>(draftIn(globalThis.location.hash));
  const [work, setWork] = useState<Work>(NO_WORK);
  const changes = changesOf(config.editable, draft);
  const request = { changes, base: config.base };
  const take = (result: Result<ConfigView>, written: SettingsDraft | null, wroteBoth = false): void => {
    if (!result.ok) return setWork({ ...NO_WORK, fault: result.error });
    setDraft({});
    setWork({ ...NO_WORK, written, wroteBoth });
    announce(t('config.written'));
    onConfig(result.value);
  };
  return {
    draft,
    work,
    changes,
    set: (path: string, text: string | null): void => {
      setDraft((old) => ({ ...old, [path]: text }));
      setWork(NO_WORK);
    },
    drop: (): void => {
      setDraft({});
      setWork(NO_WORK);
    },
    look: async (): Promise<void> => {
      const result = await api.configPreview(request);
      setWork(result.ok ? { ...NO_WORK, preview: result.value } : { ...NO_WORK, fault: result.error });
    },
    lookBoth: async (): Promise<void> => {
      const result = await api.bothPreview(request);
      setWork(result.ok ? { ...NO_WORK, both: result.value } : { ...NO_WORK, fault: result.error });
    },
    write: async (): Promise<void> => take(await api.configWrite(request), draft),
    writeBoth: async (otherBase: string): Promise<void> =>
      take(await api.bothWrite({ ...request, otherBase }), draft, true),
    undoBoth: async (): Promise<void> => take(await api.bothUndo(config.base), {}),
    undo: async (): Promise<void> => take(await api.configUndo(config.base), {}),
  };
};

type Edit = ReturnType<typeof useEdit>;

const Buttons = ({ edit, config }: { readonly edit: Edit; readonly config: ConfigView }): VNode => {
  const { t, moment, state } = useUi();
  const { work, changes, drop, look, lookBoth, write, writeBoth, undo, undoBoth } = edit;
  const { preview, both, wroteBoth } = work;
  const isWhole = (each: ConfigPreview): boolean => each.problems.length === 0;
  const mayWrite = preview !== null && isWhole(preview) && preview.diff.length > 0;
  const mayWriteBoth = both !== null && isWhole(both.here) && isWhole(both.there);
  const former = changes.length === 0 ? config.formerAt : null;
  return h(
    'div',
    { class: 'buttons' },
    h(Button, { kind: 'main', onClick: () => void look(), disabled: changes.length === 0 }, t('config.preview')),
    h(Button, { onClick: () => void lookBoth(), disabled: changes.length === 0 }, t('config.preview-both')),
    mayWrite ? h(Button, { kind: 'danger', onClick: () => void write() }, t('config.write')) : null,
    mayWriteBoth
      ? h(Button, { kind: 'danger', onClick: () => void writeBoth(both.otherBase) }, t('config.write-both'))
      : null,
    changes.length > 0 ? h(Button, { onClick: drop }, t('config.drop')) : null,
    former !== null
      ? h(Button, { onClick: () => void undo() }, t('config.undo', { when: moment(former, state.now) }))
      : null,
    former !== null && wroteBoth ? h(Button, { onClick: () => void undoBoth() }, t('config.undo-both')) : null,
  );
};

/** The same change in both files, each under its node's name. */
const PreviewedBoth = ({ both }: { readonly both: BothPreview }): VNode | null => {
  const { state } = useUi();
  const pair = pairFacts(state);
  if (pair === null) return null;
  return h(
    'div',
    { 'data-config-both': true },
    h('h3', null, pair.own.name),
    h(Previewed, { preview: both.here }),
    h('h3', null, pair.other.name),
    h(Previewed, { preview: both.there }),
  );
};

export const ConfigEdit = (props: EditProps): VNode | null => {
  const { t } = useUi();
  const { config } = props;
  const edit = useEdit(props);
  if (config.editable.length === 0) return null;
  const { draft, set, work } = edit;
  const { preview, both, fault, written, wroteBoth } = work;
  const problems = (preview ?? both?.here)?.problems ?? [];
  return h(
    Card,
    { title: t('config.edit') },
    h('p', { class: 'quiet' }, t('config.edit-help')),
    h(
      'div',
      { class: 'settings' },
      ...config.editable.map((setting) =>
        h(Entry, {
          key: setting.path,
          setting,
          draft,
          set,
          problem: problems.find(({ path }) => path === setting.path) ?? null,
        }),
      ),
    ),
    h(Buttons, { edit, config }),
    h(
      'div',
      { role: 'status' },
      preview === null ? null : h(Previewed, { preview }),
      both === null ? null : h(PreviewedBoth, { both }),
      written === null
        ? null
        : h(
            'p',
            { class: 'note good' },
            t(wroteBoth ? 'config.written-both' : 'config.written'),
            ' ',
            Object.keys(written).length > 0 && !wroteBoth ? h(There, { draft: written }) : null,
          ),
    ),
    fault === null ? null : h(FaultBox, { fault }),
  );
};
