/** A dialog that keeps the focus, closes by Esc, and gives the focus back to where it came from. */

import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { h } from './h.ts';
import { useOwnId } from './own-id.ts';
import { useUi } from './ui.ts';

const FOCUSABLE =
  'a[href], button:not([disabled]), input:not([disabled]), select:not([disabled]), textarea:not([disabled]), summary';

const focusable = (dialog: HTMLElement): readonly HTMLElement[] => [...dialog.querySelectorAll<HTMLElement>(FOCUSABLE)];

/** From the last to the first and back, so that Tab never leaves. */
const keepInside = (event: KeyboardEvent, dialog: HTMLElement): void => {
  const all = focusable(dialog);
  const [first, last] = [all[0], all.at(-1)];
  const active = dialog.ownerDocument.activeElement;
  if (event.shiftKey && (active === first || active === dialog)) {
    event.preventDefault();
    last?.focus();
  } else if (!event.shiftKey && active === last) {
    event.preventDefault();
    first?.focus();
  }
};

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

export const Dialog = ({ title, onClose, children }: DialogProps): VNode => {
  const { t } = useUi();
  const ref = useRef<HTMLDialogElement>(null);
  const id = useOwnId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog === null) return;
    const before = dialog.ownerDocument.activeElement;
    if (!dialog.open) dialog.showModal();
    (dialog.querySelector<HTMLElement>('[data-first]') ?? focusable(dialog)[0])?.focus();
    return () => {
      dialog.close();
      if (before !== null && 'focus' in before && before.isConnected) (before as HTMLElement).focus();
    };
  }, []);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      event.preventDefault();
      onClose();
    } else if (event.key === 'Tab' && ref.current !== null) keepInside(event, ref.current);
  };
  return h(
    'dialog',
    {
      ref,
      'aria-labelledby': id,
      onKeyDown,
      // Esc by other ways than a key, such as a phone's back gesture.
      onCancel: (event: Event) => {
        event.preventDefault();
        onClose();
      },
    },
    h(
      'div',
      { class: 'dialog-head' },
      h('h2', { id }, title),
      h('button', { type: 'button', class: 'button close', onClick: onClose, 'aria-label': t('dialog.close') }, '✕'),
    ),
    children,
  );
};
