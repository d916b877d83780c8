/** Words of the page in the reader's language. */
import {
  LANGUAGES,
  type Language,
  type Translator as TranslatorOf,
  createTranslator as translatorOf,
} from '../../../language/translator.ts';
import { en, type Key, type Words } from './en.ts';
import { fr } from './fr.ts';

const WORDS: Readonly<Record<Language, Words>> = { en, fr };

export type Translator = TranslatorOf<Key>;

export const createTranslator = (language: Language): Translator => translatorOf(WORDS, language);

/** The first of the languages that a browser asks for; English else. */
export const preferred = (asked: readonly string[]): Language => {
  for (const tag of asked) {
    const found = LANGUAGES.find((language) => tag.toLowerCase().split('-')[0] === language);
    if (found !== undefined) return found;
  }
  return 'en';
};
