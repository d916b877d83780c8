/** The journal: what happened, what was decided and why; search, export and proof. */

import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Fault, JournalEntry, JournalProof } from '../../contract.ts';
import { exportAddress, type JournalAsk } from '../net/api.ts';
import { h } from './h.ts';
import { detailsOf, levelOf, textOf } from './journal-text.ts';
import { Badge, Button, Card, FaultBox, Field, Said } from './parts.ts';
import { may, type Ui, useUi } from './ui.ts';

const NOTHING: JournalAsk = { search: '', kind: '', since: null, until: null, before: null };

export const Entry = ({
  entry,
  withDetails,
}: {
  readonly entry: JournalEntry;
  readonly withDetails: boolean;
}): VNode => {
  const { language, t, stamp, moment, state } = useUi();
  const { text, foreign } = textOf(entry, language);
  const level = levelOf(entry);
  const when = new Date(entry.wall).toISOString();
  return h(
    'li',
    { class: `entry ${level}` },
    h(
      'p',
      { class: 'quiet' },
      h('time', { dateTime: when }, withDetails ? stamp(entry.wall) : moment(entry.wall, state.now)),
      ` · #${entry.seq} · ${t('journal.epoch', { epoch: entry.epoch })} · `,
      h('code', null, entry.kind),
    ),
    h(
      'p',
      null,
      level === 'plain' ? null : h(Badge, { level }, t(level === 'alarm' ? 'level.alarm' : 'level.warning')),
      level === 'plain' ? null : ' ',
      foreign ? h(Said, null, text) : text,
    ),
    withDetails
      ? h(
          'details',
          null,
          h('summary', null, t('journal.why')),
          h(
            'p',
            { class: 'quiet' },
            entry.reasons.length === 0 ? null : t('journal.rules'),
            ' ',
            ...entry.reasons.map(({ rule }) => h('code', { key: rule }, `${rule} `)),
          ),
          h(
            'dl',
            { class: 'facts', lang: 'en' },
            ...detailsOf(entry).map(([name, value]) =>
              h('div', { class: 'fact', key: name }, h('dt', null, name), h('dd', null, value)),
            ),
          ),
        )
      : null,
  );
};

/** The newest, as they come. */
export const Timeline = (): VNode => {
  const { state, t } = useUi();
  const shown = state.journal.slice(0, 10);
  return h(
    Card,
    { title: t('timeline.title'), tools: h('a', { href: '#/journal' }, t('nav.journal')) },
    shown.length === 0
      ? h('p', { class: 'quiet' }, t('timeline.none'))
      : h(
          'ol',
          { class: 'timeline' },
          ...shown.map((entry) => h(Entry, { key: entry.seq, entry, withDetails: false })),
        ),
  );
};

/** As the server takes them. */
const KINDS = /^[a-z0-9-]+(,[a-z0-9-]+){0,31}$/;

const dateField = (
  label: string,
  value: number | null,
  wrong: string | null,
  onInput: (value: number | null) => void,
): VNode =>
  h(Field, {
    key: label,
    label,
    wrong,
    children: (id, described) =>
      h('input', {
        id,
        ...described,
        type: 'datetime-local',
        onInput: (event: Event) => {
          const at = new Date((event.currentTarget as HTMLInputElement).value).getTime();
          onInput(Number.isNaN(at) ? null : at);
        },
        ...(value === null ? { value: '' } : {}),
      }),
  });

const Filters = ({ ask, onAsk }: { readonly ask: JournalAsk; readonly onAsk: (ask: JournalAsk) => void }): VNode => {
  const { t } = useUi();
  const [draft, setDraft] = useState(ask);
  const set = (change: Partial<JournalAsk>): void => setDraft((old) => ({ ...old, ...change }));
  const onSubmit = (event: Event): void => {
    event.preventDefault();
    if (wrongKind === null && wrongUntil === null) onAsk({ ...draft, before: null });
  };
  const wrongKind = draft.kind === '' || KINDS.test(draft.kind) ? null : t('journal.wrong-kind');
  const isBackwards = draft.since !== null && draft.until !== null && draft.until < draft.since;
  const wrongUntil = isBackwards ? t('journal.wrong-until') : null;
  return h(
    'form',
    { class: 'filters', role: 'search', onSubmit },
    h(Field, {
      label: t('journal.search'),
      children: (id) =>
        h('input', {
          id,
          type: 'search',
          maxLength: 200,
          value: draft.search,
          onInput: (event: Event) => set({ search: (event.currentTarget as HTMLInputElement).value }),
        }),
    }),
    h(Field, {
      label: t('journal.kind'),
      wrong: wrongKind,
      children: (id, described) =>
        h('input', {
          id,
          ...described,
          value: draft.kind,
          onInput: (event: Event) => set({ kind: (event.currentTarget as HTMLInputElement).value.trim() }),
        }),
    }),
    dateField(t('journal.since'), draft.since, null, (since) => set({ since })),
    dateField(t('journal.until'), draft.until, wrongUntil, (until) => set({ until })),
    h('button', { type: 'submit', class: 'button main' }, t('journal.find')),
    h('a', { class: 'button', href: exportAddress(draft), download: 'dualtone-journal.jsonl' }, t('journal.export')),
  );
};

interface Found {
  readonly entries: readonly JournalEntry[];
  readonly nextBefore: number | null;
  readonly fault: Fault | null;
  readonly busy: boolean;
}

const useJournal = (ask: JournalAsk): Found & { readonly older: () => void } => {
  const { api } = useUi();
  const [found, setFound] = useState<Found>({ entries: [], nextBefore: null, fault: null, busy: true });
  const fetchPage = async (
    before: number | null,
    known: readonly JournalEntry[],
    isCurrent: () => boolean,
  ): Promise<void> => {
    setFound((old) => ({ ...old, busy: true }));
    const result = await api.journal({ ...ask, before });
    if (!isCurrent()) return;
    setFound(
      result.ok
        ? {
            entries: [...known, ...result.value.entries],
            nextBefore: result.value.nextBefore,
            fault: null,
            busy: false,
          }
        : { entries: known, nextBefore: null, fault: result.error, busy: false },
    );
  };
  useEffect(() => {
    let current = true;
    void fetchPage(null, [], () => current);
    return () => {
      current = false;
    };
  }, [ask]);
  return { ...found, older: () => void fetchPage(found.nextBefore, found.entries, () => true) };
};

const isAsking = ({ search, kind, since, until }: JournalAsk): boolean =>
  search !== '' || kind !== '' || since !== null || until !== null;

const Proof = (): VNode => {
  const { api, t, count } = useUi();
  const [proof, setProof] = useState<JournalProof | null>(null);
  const [fault, setFault] = useState<Fault | null>(null);
  const verify = async (): Promise<void> => {
    const result = await api.verify();
    setProof(result.ok ? result.value : null);
    setFault(result.ok ? null : result.error);
  };
  return h(
    'span',
    null,
    h(Button, { onClick: () => void verify() }, t('journal.verify')),
    h(
      'span',
      { role: 'status' },
      proof === null
        ? null
        : [
            ' ',
            h(Badge, { level: proof.ok ? 'good' : 'alarm' }, t(proof.ok ? 'journal.proven' : 'journal.broken')),
            ' ',
            count('entries', proof.entries),
          ],
    ),
    fault === null ? null : h(FaultBox, { fault }),
  );
};

/** Entries of the page and the live ones that are newer, without doubles. */
const merged = (live: readonly JournalEntry[], entries: readonly JournalEntry[]): readonly JournalEntry[] => {
  const newest = entries[0]?.seq ?? -1;
  return [...live.filter(({ seq }) => seq > newest), ...entries];
};

const resultText = (shown: number, busy: boolean, ui: Ui): string =>
  busy ? ui.t('journal.looking') : ui.count('entries', shown);

export const JournalPage = (): VNode => {
  const ui = useUi();
  const { state, t } = ui;
  const [ask, setAsk] = useState(NOTHING);
  const { entries, nextBefore, fault, busy, older } = useJournal(ask);
  const shown = isAsking(ask) || busy ? entries : merged(state.journal, entries);
  return h(
    Card,
    { title: t('journal.title'), tools: may(state, 'operate') ? h(Proof, null) : undefined },
    h(Filters, { ask, onAsk: setAsk }),
    fault === null ? null : h(FaultBox, { fault }),
    h('p', { class: 'quiet', role: 'status' }, resultText(shown.length, busy, ui)),
    h('ol', { class: 'timeline' }, ...shown.map((entry) => h(Entry, { key: entry.seq, entry, withDetails: true }))),
    nextBefore === null ? null : h(Button, { onClick: older, disabled: busy }, t('journal.older')),
  );
};
