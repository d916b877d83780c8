/** Small pieces that many views use. */

import type { ComponentChildren, VNode } from 'preact';
import { lackFr } from '../../../language/lacks-fr.ts';
import type { Fault } from '../../contract.ts';
import type { Lack } from '../state/glance.ts';
import { h } from './h.ts';
import { useOwnId } from './own-id.ts';
import { useUi } from './ui.ts';

export type Level = 'good' | 'warning' | 'alarm' | 'unknown' | 'plain';

const SIGN: Readonly<Record<Level, string>> = { good: '✓', warning: '!', alarm: '✕', unknown: '?', plain: '•' };

/** A word with its colour and a sign, so that colour never says it alone. */
export const Badge = ({ level, children }: { readonly level: Level; readonly children: ComponentChildren }): VNode =>
  h('span', { class: `badge ${level}` }, h('span', { class: 'sign', 'aria-hidden': true }, SIGN[level]), children);

/** Text that comes from the agent, which speaks English. */
export const Said = ({ children }: { readonly children: ComponentChildren }): VNode => {
  const { language } = useUi();
  return h('span', language === 'en' ? {} : { lang: 'en' }, children);
};

/** What is in the way of a takeover: in the reader's language where its rule has words, else in the agent's. */
export const Lacking = ({ lack: { rule, text } }: { readonly lack: Lack }): VNode => {
  const { language } = useUi();
  const translated = language === 'fr' && rule !== null ? lackFr(rule) : null;
  return translated === null ? h(Said, null, text) : h('span', null, translated);
};

interface CardProps {
  readonly title: string;
  readonly children?: ComponentChildren;
  readonly tools?: ComponentChildren;
  readonly class?: string;
}

/** A part of the page with its heading, which names it. */
export const Card = ({ title, children, tools, class: extra = '' }: CardProps): VNode => {
  const id = useOwnId();
  return h(
    'section',
    { class: `card ${extra}`, 'aria-labelledby': id },
    h(
      'div',
      { class: 'card-head' },
      h('h2', { id }, title),
      tools === undefined ? null : h('div', { class: 'tools' }, tools),
    ),
    children,
  );
};

interface TableProps {
  readonly caption: string;
  readonly head: readonly string[];
  /** The first cell of a row names it. */
  readonly rows: readonly { readonly key: string; readonly cells: readonly ComponentChildren[] }[];
}

/** On a narrow screen each row becomes a block, with the column's name before each cell. */
export const Table = ({ caption, head, rows }: TableProps): VNode =>
  h(
    'table',
    { class: 'stack' },
    h('caption', { class: 'quiet' }, caption),
    h('thead', null, h('tr', null, ...head.map((text) => h('th', { scope: 'col', key: text }, text)))),
    h(
      'tbody',
      null,
      ...rows.map(({ key, cells }) =>
        h(
          'tr',
          { key },
          ...cells.map((cell, index) =>
            index === 0
              ? h('th', { scope: 'row', 'data-head': head[0] }, cell)
              : h('td', { 'data-head': head[index] }, cell),
          ),
        ),
      ),
    ),
  );

/** What went wrong, and what to do about it; said at once by a screen reader. */
export const FaultBox = ({ fault }: { readonly fault: Fault }): VNode => {
  const { word, language } = useUi();
  const message = word('fault', fault.code);
  const isOurs = message !== fault.code;
  return h(
    'div',
    { class: 'note alarm', role: 'alert' },
    h('p', null, isOurs ? message : h(Said, null, fault.message)),
    isOurs && language !== 'en' ? null : h('p', { class: 'quiet' }, h(Said, null, fault.remedy)),
    h('p', { class: 'code' }, fault.code),
  );
};

/** Of the input: what describes it, and whether what is in it is wrong. */
export interface Described {
  readonly 'aria-describedby'?: string;
  readonly 'aria-invalid'?: 'true';
}

interface FieldProps {
  readonly label: string;
  readonly hint?: string;
  /** What is wrong with what is filled in, and how to mend it. */
  readonly wrong?: ComponentChildren;
  readonly children: (id: string, described: Described) => ComponentChildren;
}

/** A label and its input, tied to each other. */
export const Field = ({ label, hint, wrong, children }: FieldProps): VNode => {
  const id = useOwnId();
  const isWrong = wrong !== undefined && wrong !== null;
  const describedBy = [...(hint === undefined ? [] : [`${id}-hint`]), ...(isWrong ? [`${id}-wrong`] : [])].join(' ');
  return h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label),
    children(id, {
      ...(describedBy === '' ? {} : { 'aria-describedby': describedBy }),
      ...(isWrong ? { 'aria-invalid': 'true' } : {}),
    }),
    hint === undefined ? null : h('p', { class: 'quiet', id: `${id}-hint` }, hint),
    isWrong ? h('p', { class: 'wrong', id: `${id}-wrong` }, wrong) : null,
  );
};

interface ButtonProps {
  readonly onClick: () => void;
  readonly kind?: 'plain' | 'main' | 'danger';
  readonly disabled?: boolean;
  readonly children: ComponentChildren;
  readonly title?: string;
}

export const Button = ({ onClick, kind = 'plain', disabled = false, children, title }: ButtonProps): VNode =>
  h(
    'button',
    { type: 'button', class: `button ${kind}`, onClick, disabled, ...(title === undefined ? {} : { title }) },
    children,
  );
