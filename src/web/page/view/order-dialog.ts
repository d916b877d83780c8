/** One order: what it would do and to how many calls, what it asks of the person, and its steps as they happen. */

import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { CommandPreview, Fault } from '../../contract.ts';
import type { PairFacts } from '../state/nodes.ts';
import { Dialog } from './dialog.ts';
import { h } from './h.ts';
import { Plans } from './nodes.ts';
import { commandOf, type Draft, EMPTY, isDangerous, missingOf, type OrderName } from './orders.ts';
import { Button, FaultBox, Field, Said } from './parts.ts';
import { type Ui, useUi } from './ui.ts';

type Standing =
  | { readonly name: 'asking' }
  | { readonly name: 'giving' }
  | { readonly name: 'done'; readonly text: string }
  | { readonly name: 'refused'; readonly fault: Fault };

const textOf = (preview: CommandPreview, order: OrderName, pair: PairFacts, { t, language }: Ui): ComponentChildren => {
  const server = preview.serves === null ? null : pair[preview.serves];
  switch (preview.code) {
    case 'moves-service':
      return t('preview.moves-service', { name: server?.name ?? '?' });
    case 'starts-service':
      return t('preview.starts-service', { name: server?.name ?? pair.own.name });
    case 'stops-service':
      return t('preview.stops-service', { name: pair.own.name });
    case 'changes-orders':
      return language === 'en' ? preview.text : t(`order.${order}.help`);
    case 'nothing-to-do':
    case 'would-be-refused':
      return [t(`preview.${preview.code}`), ' ', h(Said, null, preview.text)];
  }
};

const PreviewBox = ({
  preview,
  order,
  pair,
}: {
  readonly preview: CommandPreview;
  readonly order: OrderName;
  readonly pair: PairFacts;
}): VNode => {
  const ui = useUi();
  const { t, count } = ui;
  const bad = preview.code === 'would-be-refused' || preview.code === 'nothing-to-do';
  const moves =
    preview.code === 'moves-service' || preview.code === 'stops-service' || preview.code === 'starts-service';
  return h(
    'div',
    { class: `note ${bad ? 'warning' : 'plain'}`, 'data-preview': true },
    h('p', null, h('strong', null, textOf(preview, order, pair, ui))),
    moves ? h('p', null, preview.calls < 0 ? t('preview.calls-unknown') : count('preview-calls', preview.calls)) : null,
    preview.loss === null
      ? null
      : preview.loss.items.length === 0
        ? h('p', null, t('preview.loses-nothing'))
        : h(
            'div',
            null,
            h('p', null, t('preview.loses')),
            h('ul', null, ...preview.loss.items.map(({ text }) => h('li', { key: text }, h(Said, null, text)))),
          ),
    preview.steps.length === 0
      ? null
      : h(
          'details',
          null,
          h('summary', null, count('preview-steps', preview.steps.length)),
          h('ol', { class: 'steps' }, ...preview.steps.map((id) => h('li', { key: id }, h('code', null, id)))),
        ),
  );
};

interface FieldsProps {
  readonly order: OrderName;
  readonly draft: Draft;
  readonly preview: CommandPreview | null;
  readonly set: (change: Partial<Draft>) => void;
}

const CheckBox = ({
  label,
  checked,
  onChange,
}: {
  readonly label: string;
  readonly checked: boolean;
  readonly onChange: (on: boolean) => void;
}): VNode =>
  h(
    'label',
    { class: 'check' },
    h('input', {
      type: 'checkbox',
      checked,
      onChange: (event: Event) => onChange((event.currentTarget as HTMLInputElement).checked),
    }),
    ' ',
    label,
  );

const numberField = (label: string, value: number, onInput: (value: number) => void): VNode =>
  h(Field, {
    label,
    key: label,
    children: (id) =>
      h('input', {
        id,
        type: 'number',
        inputMode: 'numeric',
        min: 1,
        value,
        onInput: (event: Event) => onInput((event.currentTarget as HTMLInputElement).valueAsNumber),
      }),
  });

const textField = (label: string, value: string, onInput: (value: string) => void): VNode =>
  h(Field, {
    label,
    key: label,
    children: (id) =>
      h('input', {
        id,
        type: 'text',
        autocomplete: 'off',
        autocapitalize: 'none',
        spellcheck: false,
        value,
        onInput: (event: Event) => onInput((event.currentTarget as HTMLInputElement).value),
      }),
  });

const OrderFields = ({ order, draft, preview, set }: FieldsProps): VNode => {
  const { t } = useUi();
  return h(
    'div',
    { class: 'fields' },
    order === 'switchover' || order === 'failback'
      ? h(CheckBox, { label: t('order.when-idle'), checked: draft.whenIdle, onChange: (whenIdle) => set({ whenIdle }) })
      : null,
    draft.whenIdle
      ? numberField(t('order.max-wait'), draft.maxWaitMinutes, (maxWaitMinutes) => set({ maxWaitMinutes }))
      : null,
    order === 'maintenance-on' ? numberField(t('order.minutes'), draft.minutes, (minutes) => set({ minutes })) : null,
    order === 'maintenance-on' ? textField(t('order.reason'), draft.reason, (reason) => set({ reason })) : null,
    preview?.needsAcceptLoss === true
      ? h(CheckBox, {
          label: t('order.accept-loss'),
          checked: draft.acceptLoss,
          onChange: (acceptLoss) => set({ acceptLoss }),
        })
      : null,
    preview !== null && preview.needsConfirm !== null
      ? h(
          'div',
          { class: 'note alarm' },
          h('p', null, t('order.confirm-why', { name: preview.needsConfirm })),
          textField(t('order.confirm', { name: preview.needsConfirm }), draft.confirm, (confirm) => set({ confirm })),
        )
      : null,
  );
};

/** What has been asked of the server lately; a preview is fetched again when what it depends on changed. */
const usePreview = (
  order: OrderName,
  draft: Draft,
): { readonly preview: CommandPreview | null; readonly fault: Fault | null } => {
  const { api } = useUi();
  const [preview, setPreview] = useState<CommandPreview | null>(null);
  const [fault, setFault] = useState<Fault | null>(null);
  // Reason and time may be odd while they are typed, and do not change what would happen.
  const command = commandOf(order, {
    ...draft,
    confirm: '',
    acceptLoss: false,
    reason: '-',
    minutes: 1,
  });
  const key = JSON.stringify(command);
  useEffect(() => {
    let current = true;
    const fetchPreview = async (): Promise<void> => {
      const result = await api.preview(command);
      if (!current) return;
      setPreview(result.ok ? result.value : null);
      setFault(result.ok ? null : result.error);
    };
    void fetchPreview();
    return () => {
      current = false;
    };
  }, [key]);
  return { preview, fault };
};

interface OrderProps {
  readonly order: OrderName;
  readonly pair: PairFacts;
  readonly onClose: () => void;
}

const Missing = ({
  order,
  draft,
  preview,
}: {
  readonly order: OrderName;
  readonly draft: Draft;
  readonly preview: CommandPreview | null;
}): VNode | null => {
  const { t } = useUi();
  const missing = missingOf(order, draft, preview);
  return missing.length === 0
    ? null
    : h(
        'p',
        { class: 'quiet', id: 'order-missing' },
        missing.map((key) => t(key, { name: preview?.needsConfirm ?? '' })).join(' '),
      );
};

const Outcome = ({ standing }: { readonly standing: Standing }): VNode | null => {
  const { t } = useUi();
  switch (standing.name) {
    case 'asking':
      return null;
    case 'giving':
      return h('div', { role: 'status' }, h('p', null, t('order.giving')), h(Plans, { onlyMoving: false }));
    case 'done':
      return h(
        'div',
        { role: 'status' },
        h('p', { class: 'note good' }, t('order.done'), ' ', h(Said, null, standing.text)),
        h(Plans, { onlyMoving: false }),
      );
    case 'refused':
      return h(FaultBox, { fault: standing.fault });
  }
};

export const OrderDialog = ({ order, pair, onClose }: OrderProps): VNode => {
  const ui = useUi();
  const { t, api, announce } = ui;
  const [draft, setDraft] = useState<Draft>(EMPTY);
  const [standing, setStanding] = useState<Standing>({ name: 'asking' });
  const { preview, fault } = usePreview(order, draft);
  const open = missingOf(order, draft, preview).length === 0 && preview?.code !== 'nothing-to-do';
  const give = async (): Promise<void> => {
    if (preview === null) return;
    setStanding({ name: 'giving' });
    const result = await api.command({ command: commandOf(order, draft), epoch: preview.epoch });
    const refused = !result.ok
      ? result.error
      : result.value.ok
        ? null
        : { code: result.value.code, message: result.value.text, remedy: result.value.remedy };
    if (refused !== null) return setStanding({ name: 'refused', fault: refused });
    setStanding({ name: 'done', text: result.ok ? result.value.text : '' });
    announce(t('order.done'));
  };
  const asks = standing.name === 'asking' || standing.name === 'refused';
  return h(
    Dialog,
    { title: t(`order.${order}`), onClose },
    h('p', { class: 'quiet' }, t(`order.${order}.help`)),
    asks && preview !== null ? h(PreviewBox, { preview, order, pair }) : null,
    asks && fault !== null ? h(FaultBox, { fault }) : null,
    asks
      ? h(OrderFields, { order, draft, preview, set: (change) => setDraft((old) => ({ ...old, ...change })) })
      : null,
    h(Outcome, { standing }),
    asks ? h(Missing, { order, draft, preview }) : null,
    h(
      'div',
      { class: 'dialog-foot' },
      h(
        Button,
        { onClick: onClose },
        t(standing.name === 'done' ? 'dialog.close' : standing.name === 'giving' ? 'order.leave' : 'dialog.cancel'),
      ),
      asks
        ? h(
            Button,
            { kind: isDangerous(order) ? 'danger' : 'main', disabled: !open, onClick: () => void give() },
            t(`order.${order}.do`),
          )
        : null,
    ),
  );
};
