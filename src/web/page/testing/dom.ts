/** A page in a made-up browser: its state is what the test says, and its requests are answered by the test. */
import { Window } from 'happy-dom';
import { render } from 'preact';
import { act } from 'preact/test-utils';
import type { Language } from '../../../language/translator.ts';
import type { Result, Session } from '../../contract.ts';
import type { Api } from '../net/api.ts';
import { initialState, type PageEvent, type PageState, reduce } from '../state/state.ts';
import { App } from '../view/app.ts';
import { h } from '../view/h.ts';

const window = new Window({ url: 'https://192.0.2.11:8443/#/overview' });

Object.assign(globalThis, { window, document: window.document, location: window.location });

const silent = async (): Promise<Result<never>> => ({
  ok: false,
  error: { code: 'login-needed', message: 'Nobody answers here.', remedy: 'Say what it answers.' },
});

/** Answers nothing but what `more` says. */
export const fakeApi = (more: Partial<Api> = {}): Api => ({
  session: silent,
  login: silent,
  logout: silent,
  preview: silent,
  command: silent,
  work: silent,
  jobs: silent,
  journal: silent,
  verify: silent,
  alarms: silent,
  testAlarm: silent,
  drills: silent,
  drillPreview: silent,
  drill: silent,
  drillStop: silent,
  config: silent,
  configPreview: silent,
  configWrite: silent,
  configUndo: silent,
  bothPreview: silent,
  bothWrite: silent,
  bothUndo: silent,
  restart: silent,
  users: silent,
  pairing: silent,
  invite: silent,
  join: silent,
  endPairing: silent,
  public: silent,
  ...more,
});

export interface Shown {
  readonly root: HTMLElement;
  readonly dispatch: (...events: readonly PageEvent[]) => Promise<void>;
  readonly find: (selector: string) => HTMLElement;
  readonly button: (text: string) => HTMLButtonElement;
  readonly click: (element: HTMLElement) => Promise<void>;
  readonly key: (name: string, shift?: boolean) => Promise<void>;
  readonly type: (element: HTMLElement, text: string) => Promise<void>;
  readonly focused: () => Element | null;
  readonly close: () => void;
}

const found = <T>(value: T | null | undefined, what: string): T => {
  if (value === null || value === undefined) throw new Error(`there is no ${what}`);
  return value;
};

/** What a person can do: each ends when the page has come to rest. */
const handsOf = (root: HTMLElement, settle: (what: () => void) => Promise<void>) => {
  const page = root.ownerDocument;
  const happened = (name: string, more: object = {}): Event =>
    Object.assign(new window.Event(name, { bubbles: true, cancelable: true }), more) as unknown as Event;
  return {
    find: (selector: string) => found(root.querySelector<HTMLElement>(selector), selector),
    button: (text: string) =>
      found(
        [...root.querySelectorAll('button')].find((each) => (each.textContent ?? '').includes(text)),
        `button ${text}`,
      ),
    click: (element: HTMLElement) => settle(() => element.click()),
    key: (name: string, shift = false) =>
      settle(() => {
        page.activeElement?.dispatchEvent(happened('keydown', { key: name, shiftKey: shift }));
      }),
    type: (element: HTMLElement, text: string) =>
      settle(() => {
        (element as HTMLInputElement).value = text;
        element.dispatchEvent(happened('input'));
      }),
    focused: () => page.activeElement,
  };
};

/** Draws the page for that session. */
export const show = async (
  session: Session | null,
  events: readonly PageEvent[],
  { api = fakeApi(), language = 'en' }: { readonly api?: Api; readonly language?: Language } = {},
): Promise<Shown> => {
  const root = document.createElement('div');
  document.body.append(root);
  let state: PageState = reduce(initialState(0, '#/overview'), { type: 'session', session });
  const nothing = (): void => undefined;
  const draw = (): void =>
    render(
      h(App, {
        state,
        api,
        language,
        theme: 'auto',
        setTheme: nothing,
        setLanguage: nothing,
        go: nothing,
        tryNow: nothing,
        checkSession: nothing,
        onIn: nothing,
      }),
      root,
    );
  const settle = async (what: () => void): Promise<void> => {
    await act(async () => what());
    // What the test's own promises answered.
    await act(async () => undefined);
  };
  const dispatch = (...news: readonly PageEvent[]): Promise<void> =>
    settle(() => {
      for (const event of news) state = reduce(state, event);
      draw();
    });
  await dispatch(...events);
  return {
    root,
    dispatch,
    ...handsOf(root, settle),
    close: () => {
      render(null, root);
      root.remove();
    },
  };
};
