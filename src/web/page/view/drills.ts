/** Drills: begun after a look at what they would do, stopped, and their reports. */

import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { DrillKind, DrillPreview, DrillRequest, DrillSummary, Fault, NodeSnapshot } from '../../contract.ts';
import { drillPaperAddress } from '../net/api.ts';
import { pairFacts } from '../state/nodes.ts';
import { Dialog } from './dialog.ts';
import { h } from './h.ts';
import { Badge, Button, Card, FaultBox, type Level, Said, Table } from './parts.ts';
import { may, type Ui, useUi } from './ui.ts';

type DrillView = NonNullable<NodeSnapshot['drill']>;

const KINDS: readonly DrillKind[] = ['dry', 'switchover', 'takeover'];

const LEVEL: Readonly<Record<DrillSummary['outcome'], Level>> = {
  passed: 'good',
  stopped: 'warning',
  failed: 'alarm',
  'gave-way': 'alarm',
  interrupted: 'alarm',
};

/** What a person allows besides, each with its word. */
const ALLOWED = [
  ['withCalls', 'drill.with-calls'],
  ['acceptLoss', 'drill.accept-loss'],
  ['anyTime', 'drill.any-time'],
] as const;

type Allowed = Pick<DrillRequest, (typeof ALLOWED)[number][0]>;

const PreviewBox = ({ preview }: { readonly preview: DrillPreview }): VNode => {
  const { t } = useUi();
  const { lines, against } = preview;
  const objection = ({ code, text, remedy }: DrillPreview['against'][number]): VNode =>
    h('li', { key: code }, h(Said, null, `${text} ${remedy}`));
  return h(
    'div',
    { class: `note ${against.length === 0 ? 'plain' : 'warning'}`, 'data-preview': true },
    against.length === 0
      ? null
      : h('div', null, h('p', null, h('strong', null, t('drill.against'))), h('ul', null, ...against.map(objection))),
    h(
      'ul',
      { class: 'list' },
      ...lines.map((line) => h('li', { key: line }, h(Said, null, line.replace(/ {2,}/g, ': ')))),
    ),
  );
};

const AllowedFields = ({
  allowed,
  set,
}: {
  readonly allowed: Allowed;
  readonly set: (allowed: Allowed) => void;
}): VNode => {
  const { t } = useUi();
  const box = ([name, word]: (typeof ALLOWED)[number]): VNode =>
    h(
      'label',
      { class: 'check', key: name },
      h('input', {
        type: 'checkbox',
        checked: allowed[name] ?? false,
        onChange: (event: Event) => set({ ...allowed, [name]: (event.currentTarget as HTMLInputElement).checked }),
      }),
      ' ',
      t(word),
    );
  return h('div', null, ...ALLOWED.map(box));
};

const DrillDialog = ({ kind, onClose }: { readonly kind: DrillKind; readonly onClose: () => void }): VNode => {
  const { api, t, announce } = useUi();
  const [allowed, setAllowed] = useState<Allowed>({});
  const [preview, setPreview] = useState<DrillPreview | null>(null);
  const [fault, setFault] = useState<Fault | null>(null);
  const [busy, setBusy] = useState(false);
  const request: DrillRequest = { kind, ...allowed };
  useEffect(() => {
    let current = true;
    const look = async (): Promise<void> => {
      const seen = await api.drillPreview(request);
      if (!current) return;
      setPreview(seen.ok ? seen.value : null);
      setFault(seen.ok ? null : seen.error);
    };
    void look();
    return () => {
      current = false;
    };
  }, [JSON.stringify(request)]);
  const begin = async (): Promise<void> => {
    setBusy(true);
    const begun = await api.drill(request);
    setBusy(false);
    if (!begun.ok) return setFault(begun.error);
    announce(t('drill.begun'));
    onClose();
  };
  const open = !busy && preview !== null && preview.against.length === 0;
  return h(
    Dialog,
    { title: t(`drill.${kind}`), onClose },
    h('p', { class: 'quiet' }, t(`drill.${kind}.help`)),
    preview === null && fault === null ? h('p', { role: 'status' }, t('drill.preview-wait')) : null,
    preview === null ? null : h(PreviewBox, { preview }),
    fault === null ? null : h(FaultBox, { fault }),
    kind === 'dry' ? null : h(AllowedFields, { allowed, set: setAllowed }),
    h(
      'div',
      { class: 'dialog-foot' },
      h(Button, { onClick: onClose }, t('dialog.cancel')),
      h(
        Button,
        { kind: kind === 'dry' ? 'main' : 'danger', disabled: !open, onClick: () => void begin() },
        t('drill.do'),
      ),
    ),
  );
};

const RunNote = ({ run }: { readonly run: NonNullable<DrillView['run']> }): VNode => {
  const { api, t, moment, state, announce } = useUi();
  const [fault, setFault] = useState<Fault | null>(null);
  const stop = async (): Promise<void> => {
    const stopped = await api.drillStop();
    setFault(stopped.ok ? null : stopped.error);
    if (stopped.ok) announce(t('drill.stopping'));
  };
  return h(
    'div',
    { class: 'note warning', role: 'status', 'data-drill': run.stage },
    h(
      'p',
      null,
      h(
        'strong',
        null,
        t('drill.running', { kind: t(`drill.${run.kind}`), by: run.by, since: moment(run.startedAt, state.now) }),
      ),
    ),
    h('p', null, h(Said, null, run.text)),
    may(state, 'operate') ? h(Button, { kind: 'danger', onClick: () => void stop() }, t('drill.stop')) : null,
    fault === null ? null : h(FaultBox, { fault }),
  );
};

const Standing = ({ drill }: { readonly drill: DrillView }): VNode => {
  const { t, moment, state } = useUi();
  const { passedAt, nextAt } = drill;
  return h(
    'p',
    { class: 'quiet' },
    passedAt === null ? t('drill.never-passed') : t('drill.passed-at', { when: moment(passedAt, state.now) }),
    nextAt === null ? '' : ` ${t('drill.next', { when: moment(nextAt, state.now) })}`,
  );
};

const rowOf = ({ id, kind, outcome, startedAt, thereMs, backMs }: DrillSummary, { t, moment, span, state }: Ui) => {
  const way = (ms: number | null): string =>
    ms === null ? t('drill.not-measured') : ms === 0 ? t('drill.under', { span: span(100) }) : span(ms);
  return {
    key: id,
    cells: [
      moment(startedAt, state.now),
      t(`drill.${kind}`),
      h(Badge, { level: LEVEL[outcome] }, t(`drill-outcome.${outcome}`)),
      way(thereMs),
      way(backMs),
      h('a', { href: drillPaperAddress(id), target: '_blank', rel: 'noopener' }, t('drill.report')),
    ],
  };
};

/** Asked again when a drill has ended. */
const Reports = ({ last }: { readonly last: string }): VNode | null => {
  const ui = useUi();
  const { api, t } = ui;
  const [all, setAll] = useState<readonly DrillSummary[] | null>(null);
  const [fault, setFault] = useState<Fault | null>(null);
  useEffect(() => {
    let current = true;
    const fetchAll = async (): Promise<void> => {
      const result = await api.drills();
      if (!current) return;
      if (result.ok) setAll(result.value);
      setFault(result.ok ? null : result.error);
    };
    void fetchAll();
    return () => {
      current = false;
    };
  }, [last]);
  if (fault !== null) return h(FaultBox, { fault });
  if (all === null) return null;
  const head = [
    t('drill.when'),
    t('drill.kind'),
    t('drill.outcome'),
    t('drill.there'),
    t('drill.back'),
    t('drill.report'),
  ];
  return h(
    Card,
    { title: t('drill.list') },
    all.length === 0
      ? h('p', null, t('drill.none'))
      : h(Table, { caption: t('drill.newest'), head, rows: all.map((each) => rowOf(each, ui)) }),
  );
};

export const DrillsPage = (): VNode | null => {
  const { state, t } = useUi();
  const [kind, setKind] = useState<DrillKind | null>(null);
  const snapshot = pairFacts(state)?.own.snapshot ?? null;
  if (snapshot === null) return null;
  const { drill } = snapshot;
  if (drill === null) return h('p', { class: 'note warning' }, t('drill.off'));
  const button = (each: DrillKind): VNode =>
    h(
      Button,
      { key: each, kind: each === 'dry' ? 'plain' : 'danger', onClick: () => setKind(each) },
      t(`drill.${each}`),
      '…',
    );
  return h(
    'div',
    { class: 'column' },
    h(
      Card,
      { title: t('drill.title') },
      h('p', null, t('drill.help')),
      drill.run === null ? null : h(RunNote, { run: drill.run }),
      may(state, 'operate') && drill.run === null ? h('div', { class: 'buttons' }, ...KINDS.map(button)) : null,
      h(Standing, { drill }),
      kind === null ? null : h(DrillDialog, { kind, onClose: () => setKind(null) }),
    ),
    h(Reports, { last: drill.last?.id ?? '' }),
  );
};
