/** Words in the reader's language: one mechanism for the page and for alarms. */
export const LANGUAGES = ['en', 'fr'] as const;
export type Language = (typeof LANGUAGES)[number];

export type Params = Readonly<Record<string, string | number>>;

/** `{name}` in a text becomes the parameter of that name; one that is missing stays visible. */
export const filled = (text: string, params: Params): string =>
  text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => (name in params ? String(params[name]) : whole));

/** Keys that have a form for one and a form for other numbers. */
type Countable<K extends string> = { [Each in K]: Each extends `${infer Base}_one` ? Base : never }[K];

export interface Translator<K extends string> {
  readonly language: Language;
  readonly t: (key: K, params?: Params) => string;
  /** The form for that many; `{n}` is the number. */
  readonly count: (key: Countable<K>, n: number, params?: Params) => string;
  /** Of a word that comes from the agent: its translation, or itself. */
  readonly word: (group: string, word: string) => string;
}

/** `words`: every key with its text in each language. */
export const createTranslator = <K extends string>(
  wordsByLanguage: Readonly<Record<Language, Readonly<Record<K, string>>>>,
  language: Language,
): Translator<K> => {
  const words: Readonly<Record<string, string>> = wordsByLanguage[language];
  const rules = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  return {
    language,
    t: (key, params = {}) => filled(words[key] ?? key, params),
    count: (key, n, params = {}) => {
      const form = rules.select(n) === 'one' ? 'one' : 'other';
      return filled(words[`${key}_${form}`] ?? key, { n: numbers.format(n), ...params });
    },
    word: (group, word) => words[`${group}.${word}`] ?? word,
  };
};
