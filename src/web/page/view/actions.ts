/** What a person can order now. */

import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { pairFacts } from '../state/nodes.ts';
import { h } from './h.ts';
import { OrderDialog } from './order-dialog.ts';
import { isDangerous, type OrderName, ordersFor } from './orders.ts';
import { Button, Card } from './parts.ts';
import { may, useUi } from './ui.ts';

/** The same page at the other node; the same port. */
export const otherAddress = (address: string, here: { readonly protocol: string; readonly port: string }): string => {
  const host = address.includes(':') ? `[${address}]` : address;
  return `${here.protocol}//${host}${here.port === '' ? '' : `:${here.port}`}/#/overview`;
};

export const Actions = (): VNode | null => {
  const { state, t } = useUi();
  const [order, setOrder] = useState<OrderName | null>(null);
  const pair = pairFacts(state);
  if (pair === null || !may(state, 'operate')) return null;
  const orders = ordersFor(pair);
  const dialog = order === null ? null : h(OrderDialog, { order, pair, onClose: () => setOrder(null) });
  const there = h(
    'a',
    { href: otherAddress(pair.other.address, globalThis.location) },
    t('actions.other-page', { name: pair.other.name }),
  );
  return h(
    Card,
    { title: t('actions.title') },
    orders.length === 0
      ? h('p', { class: 'note warning' }, t('actions.none', { name: pair.own.name }))
      : h(
          'div',
          { class: 'buttons' },
          ...orders.map((name) =>
            h(
              Button,
              { key: name, kind: isDangerous(name) ? 'danger' : 'plain', onClick: () => setOrder(name) },
              t(`order.${name}`),
              '…',
            ),
          ),
        ),
    h('p', { class: 'quiet' }, t('actions.given-to', { name: pair.own.name }), ' ', there),
    dialog,
  );
};
