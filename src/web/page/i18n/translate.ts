/** Words of the page in the reader's language. */
import { en, type Key, type Words } from './en.ts';
import { fr } from './fr.ts';

export const LANGUAGES = ['en', 'fr'] as const;
export type Language = (typeof LANGUAGES)[number];

export const WORDS: Readonly<Record<Language, Words>> = { en, fr };

export type Params = Readonly<Record<string, string | number>>;

/** `{name}` in a text becomes the parameter of that name; one that is missing stays visible. */
export const filled = (text: string, params: Params): string =>
  text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => (name in params ? String(params[name]) : whole));

type Countable = { [K in Key]: K extends `${infer Base}_one` ? Base : never }[Key];

export interface Translator {
  readonly language: Language;
  readonly t: (key: Key, params?: Params) => string;
  /** The form for that many; `{n}` is the number. */
  readonly count: (key: Countable, n: number, params?: Params) => string;
  /** Of a word that comes from the agent: its translation, or itself. */
  readonly word: (group: string, word: string) => string;
}

export const createTranslator = (language: Language): Translator => {
  const words = WORDS[language];
  const rules = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  return {
    language,
    t: (key, params = {}) => filled(words[key], params),
    count: (key, n, params = {}) => {
      const form = rules.select(n) === 'one' ? 'one' : 'other';
      return filled(words[`${key}_${form}` as Key], { n: numbers.format(n), ...params });
    },
    word: (group, word) => (words as Readonly<Record<string, string>>)[`${group}.${word}`] ?? word,
  };
};

/** The first of the languages that a browser asks for; English else. */
export const preferred = (asked: readonly string[]): Language => {
  for (const tag of asked) {
    const found = LANGUAGES.find((language) => tag.toLowerCase().split('-')[0] === language);
    if (found !== undefined) return found;
  }
  return 'en';
};
