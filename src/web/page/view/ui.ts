/** What every part of the page gets from its surroundings. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Format } from '../../../language/format.ts';
import type { Language } from '../../../language/translator.ts';
import type { WebRole } from '../../contract.ts';
import type { Translator } from '../i18n/translate.ts';
import type { Api } from '../net/api.ts';
import type { PageState } from '../state/state.ts';

export type Theme = 'auto' | 'light' | 'dark';

export interface Ui extends Translator, Format {
  readonly state: PageState;
  readonly api: Api;
  readonly theme: Theme;
  readonly setTheme: (theme: Theme) => void;
  readonly setLanguage: (language: Language) => void;
  readonly go: (route: string) => void;
  readonly tryNow: () => void;
  /** Asks again who is logged in. */
  readonly checkSession: () => void;
  /** Said by a screen reader, once. */
  readonly announce: (text: string) => void;
}

const Context = createContext<Ui | null>(null);

export const UiProvider = Context.Provider;

/** Throws outside the page. */
export const useUi = (): Ui => {
  const ui = useContext(Context);
  if (ui === null) throw new Error('no surroundings');
  return ui;
};

const RANK: Readonly<Record<WebRole, number>> = { view: 1, operate: 2, admin: 3 };

/** Whether who is logged in may do what needs that role. */
export const may = ({ session }: PageState, role: WebRole): boolean =>
  session !== null && session !== undefined && RANK[session.role] >= RANK[role];
