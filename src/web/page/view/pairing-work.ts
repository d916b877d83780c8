/** Pairing from the page: tokens for other machines, shown once; a token of another machine, used here; how it stands. */

import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Fault, PairingTokens, PairingView, PairingWork, Result } from '../../contract.ts';
import { EMPTY, inviteOf, joinOf, type PairingDraft, wrongInInvite, wrongInJoin } from '../state/pairing-draft.ts';
import { h } from './h.ts';
import { Button, FaultBox, Field } from './parts.ts';
import { useUi } from './ui.ts';

const LOOK_MS = 2000;

interface TextProps {
  readonly label: string;
  readonly name: string;
  readonly value: string;
  readonly set: (value: string) => void;
  readonly hint?: string;
  readonly wrong?: string;
}

const Text = ({ label, name, value, set, hint, wrong }: TextProps): VNode =>
  h(Field, {
    label,
    ...(hint === undefined ? {} : { hint }),
    ...(wrong === undefined ? {} : { wrong }),
    children: (id, described) =>
      h('input', {
        id,
        type: 'text',
        value,
        autocomplete: 'off',
        spellcheck: false,
        ...described,
        'data-pairing': name,
        onInput: (event: Event) => set((event.currentTarget as HTMLInputElement).value),
      }),
  });

/** The tokens: on the screen until they are put away, and nowhere else. */
const Tokens = ({ told, onDone }: { readonly told: PairingTokens; readonly onDone: () => void }): VNode => {
  const { t, word, moment, state, announce } = useUi();
  const copy = async (token: string): Promise<void> => {
    await navigator.clipboard.writeText(token);
    announce(t('settings.copied'));
  };
  return h(
    'div',
    { class: 'note warning', 'data-tokens': true },
    h('p', null, t('pairing.once', { when: moment(told.until, state.now) })),
    ...told.tokens.map(({ for: as, kind, token, command }) =>
      h(
        'div',
        { key: as },
        h('h3', null, kind === 'node' ? word('role', as) : `${t('pairing.checkpoint')} ${as}`),
        h('p', null, t('pairing.give'), ' ', h('code', null, command)),
        h('p', null, h('code', { class: 'token', 'data-token': as }, token)),
        h(Button, { onClick: () => void copy(token) }, t('pairing.copy', { name: as })),
      ),
    ),
    h(Button, { kind: 'main', onClick: onDone }, t('pairing.put-away')),
  );
};

const Standing = ({ work, onEnd }: { readonly work: PairingWork; readonly onEnd: () => void }): VNode => {
  const { t, word, list, moment, state } = useUi();
  const { state: how, joined, missing, invited, until, fault, by, since } = work;
  const machines = (names: readonly string[]): string => list(names.map((name) => word('role', name)));
  return h(
    'div',
    { 'data-pairing-state': how },
    h('p', null, t(`pairing.did-${work.what}`, { by, when: moment(since, state.now) })),
    how === 'running' && invited.length > 0 && until !== null
      ? h(
          'p',
          null,
          t('pairing.waits', { who: machines(invited.map(({ for: as }) => as)), when: moment(until, state.now) }),
        )
      : null,
    how === 'done' ? h('p', null, t('pairing.done', { who: machines(joined) })) : null,
    missing.length > 0 ? h('p', null, t('pairing.missing', { who: machines(missing) })) : null,
    fault === null ? null : h(FaultBox, { fault }),
    how === 'running' ? h(Button, { onClick: onEnd }, t('pairing.end')) : null,
  );
};

const usePairing = () => {
  const { api, state } = useUi();
  const [view, setView] = useState<PairingView | null>(null);
  const [told, setTold] = useState<PairingTokens | null>(null);
  const [fault, setFault] = useState<Fault | null>(null);
  const [draft, setDraft] = useState<PairingDraft>(EMPTY);
  const isRunning = view?.work?.state === 'running';
  const look = async (): Promise<void> => {
    const asked = await api.pairing();
    if (asked.ok) setView(asked.value);
  };
  useEffect(() => void look(), []);
  // The page's own clock: there is no other timer to clear away.
  const beat = isRunning ? Math.floor(state.now / LOOK_MS) : null;
  useEffect(() => {
    if (beat !== null) void look();
  }, [beat]);
  const settle = async <T>(asked: Promise<Result<T>>, take: (value: T) => void): Promise<void> => {
    const result = await asked;
    setFault(result.ok ? null : result.error);
    if (result.ok) {
      setDraft(EMPTY);
      take(result.value);
    }
    await look();
  };
  return {
    view,
    told,
    fault,
    draft,
    isRunning,
    set: (name: keyof PairingDraft) => (value: string) => setDraft((old) => ({ ...old, [name]: value })),
    putAway: () => setTold(null),
    invite: (replace: boolean) => void settle(api.invite(inviteOf(draft, replace)), setTold),
    join: () => void settle(api.join(joinOf(draft)), setView),
    end: () => void settle(api.endPairing(), setView),
  };
};

export const PairingWorkCard = (): VNode | null => {
  const { t } = useUi();
  const { view, told, fault, draft, isRunning, set, putAway, invite, join, end } = usePairing();
  if (view === null) return null;
  const { node, peer, work } = view;
  const [inviteWrongs, joinWrongs] = [wrongInInvite(draft), wrongInJoin(draft)];
  const mayInvite = Object.keys(inviteWrongs).length === 0;
  const mayJoin = Object.keys(joinWrongs).length === 0 && draft.token.trim() !== '' && draft.own === node;
  const text = (name: keyof PairingDraft, label: string, hint?: string): VNode => {
    const wrong = inviteWrongs[name] ?? joinWrongs[name];
    const more = { ...(hint === undefined ? {} : { hint }), ...(wrong === undefined ? {} : { wrong: t(wrong) }) };
    return h(Text, { label, name, value: draft[name], set: set(name), ...more });
  };
  return h(
    'div',
    { class: 'column', 'data-pairing-work': true },
    h('div', { role: 'status' }, work === null ? null : h(Standing, { work, onEnd: end })),
    told === null ? null : h(Tokens, { told, onDone: putAway }),
    fault === null ? null : h(FaultBox, { fault }),
    isRunning
      ? null
      : h(
          'div',
          { class: 'column' },
          h('h3', null, t('pairing.invite')),
          h('p', { class: 'quiet' }, t('pairing.invite-help')),
          h(
            'div',
            { class: 'settings' },
            text('minutes', t('pairing.minutes')),
            text('checkpoint', t('pairing.new-checkpoint'), t('pairing.new-checkpoint-hint')),
            text('address', t('pairing.checkpoint-address')),
          ),
          h(Button, { kind: 'main', onClick: () => invite(false), disabled: !mayInvite }, t('pairing.make')),
          h('h3', null, t('pairing.replace')),
          h('p', { class: 'note warning' }, t('pairing.replace-help', { name: peer })),
          text('confirm', t('order.confirm', { name: peer })),
          h(
            Button,
            { kind: 'danger', onClick: () => invite(true), disabled: !mayInvite || draft.confirm !== peer },
            t('pairing.make-replace'),
          ),
          h('h3', null, t('pairing.join-here')),
          h('p', { class: 'note warning' }, t('pairing.join-help', { name: node })),
          text('token', t('pairing.token')),
          text('from', t('pairing.from'), t('pairing.from-hint')),
          text('own', t('order.confirm', { name: node })),
          h(Button, { kind: 'danger', onClick: join, disabled: !mayJoin }, t('pairing.join-do')),
        ),
  );
};
