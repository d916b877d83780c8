/** Whom this node is paired with, whether they are heard, and what to give in a terminal to change it. */

import type { VNode } from 'preact';
import type { NodeSnapshot } from '../../contract.ts';
import { OLD_MS, pairFacts } from '../state/nodes.ts';
import { h } from './h.ts';
import { PairingWorkCard } from './pairing-work.ts';
import { Badge, Card, Table } from './parts.ts';
import { may, type Ui, useUi } from './ui.ts';

const heard = (msAgo: number | null, { t, span }: Ui): VNode => {
  if (msAgo === null) return h(Badge, { level: 'alarm' }, t('pairing.never'));
  if (msAgo > OLD_MS) return h(Badge, { level: 'alarm' }, t('pairing.silent', { span: span(msAgo) }));
  return h(Badge, { level: 'good' }, t('pairing.heard', { span: span(msAgo) }));
};

const rowsOf = ({ peer, other, voters }: NodeSnapshot, ui: Ui) => [
  {
    key: peer.name,
    cells: [peer.name, ui.word('role', peer.role), peer.address, heard(other.heardMsAgo, ui)],
  },
  ...voters
    .filter(({ name }) => name !== peer.name && name !== peer.role)
    .map(({ name, answeredMsAgo }) => ({
      key: `voter ${name}`,
      cells: [name, ui.t('pairing.checkpoint'), '–', heard(answeredMsAgo, ui)],
    })),
];

const COMMANDS = [
  ['pairing.new', 'dualtone init'],
  ['pairing.join', 'dualtone join ADDRESS -'],
  ['pairing.add-checkpoint', 'dualtone init --checkpoint NAME=ADDRESS'],
  ['pairing.lost', 'dualtone rejoin'],
  ['pairing.undo', 'dualtone disable --preview'],
] as const;

export const PairingCard = (): VNode => {
  const ui = useUi();
  const { t, state } = ui;
  const snapshot = pairFacts(state)?.own.snapshot ?? null;
  return h(
    Card,
    { title: t('settings.pair') },
    snapshot === null
      ? null
      : h(Table, {
          caption: t('pairing.caption', { name: snapshot.node.name }),
          head: [t('pairing.machine'), t('pairing.is'), t('pairing.address'), t('pairing.heard-head')],
          rows: rowsOf(snapshot, ui),
        }),
    may(state, 'admin') ? h(PairingWorkCard, null) : null,
    h('p', { class: 'quiet' }, t('pairing.in-terminal')),
    h(
      'dl',
      { class: 'commands' },
      ...COMMANDS.flatMap(([key, command]) => [
        h('dt', { key }, t(key)),
        h('dd', { key: command }, h('code', null, command)),
      ]),
    ),
  );
};
