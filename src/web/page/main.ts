/** Where the page begins: the browser's own things, and nothing that decides. */
import { render } from 'preact';
import { LANGUAGES, type Language } from '../../language/translator.ts';
import { createController } from './controller.ts';
import { preferred } from './i18n/translate.ts';
import { createApi } from './net/api.ts';
import { App } from './view/app.ts';
import { h } from './view/h.ts';
import type { Theme } from './view/ui.ts';

/** What this browser keeps; without a storage it keeps nothing. */
const kept = (name: string): string | null => {
  try {
    return localStorage.getItem(`dualtone-${name}`);
  } catch {
    return null;
  }
};

const keep = (name: string, value: string): void => {
  try {
    localStorage.setItem(`dualtone-${name}`, value);
  } catch {
    // Forbidden by the browser: it holds for this visit.
  }
};

const themeOf = (name: string | null): Theme => (name === 'light' || name === 'dark' ? name : 'auto');
const languageOf = (name: string | null): Language =>
  LANGUAGES.find((each) => each === name) ?? preferred(navigator.languages);

const isPlace = (hash: string): boolean => hash === '' || hash.startsWith('#/');

const later = (ms: number, fire: () => void): (() => void) => {
  const timer = setTimeout(fire, ms);
  return () => clearTimeout(timer);
};

const go = (route: string): void => {
  location.hash = `#/${route}`;
};

const start = (root: HTMLElement): void => {
  let theme = themeOf(kept('theme'));
  let language = languageOf(kept('language'));
  let asked = false;
  const api = createApi(fetch.bind(globalThis));

  const setTheme = (next: Theme): void => {
    theme = next;
    keep('theme', next);
    redraw();
  };
  const setLanguage = (next: Language): void => {
    language = next;
    keep('language', next);
    redraw();
  };
  const draw = (): void => {
    asked = false;
    document.documentElement.lang = language;
    document.documentElement.dataset['theme'] = theme;
    const { state, tryNow, checkSession, enter } = controller;
    const chosen = { language, theme, setTheme, setLanguage };
    const onDoubt = (): void => void checkSession();
    render(h(App, { state: state(), api, ...chosen, go, tryNow, checkSession: onDoubt, onIn: enter }), root);
  };
  /** Once a frame at most, however much happens. */
  const redraw = (): void => {
    if (asked) return;
    asked = true;
    setTimeout(draw, 16);
  };
  const controller = createController({
    api,
    go,
    later,
    hash: () => location.hash,
    onChange: redraw,
    connect: (address) => new EventSource(address),
    now: () => Date.now(),
    chance: () => Math.random(),
  });
  addEventListener('hashchange', () => {
    if (isPlace(location.hash)) controller.dispatch({ type: 'route', hash: location.hash });
  });
  addEventListener('online', controller.tryNow);
  setInterval(() => controller.dispatch({ type: 'tick', now: Date.now() }), 1000);
  draw();
  void controller.checkSession();
};

const root = document.querySelector<HTMLElement>('#page');
if (root !== null) start(root);
