/** The words of alarms in their language. */

import type { Role } from '../../core/words.ts';
import { createFormat } from '../../language/format.ts';
import { lackFr } from '../../language/lacks-fr.ts';
import { createTranslator, type Language, type Translator } from '../../language/translator.ts';
import { type Phrase, phrasesEn } from './phrases-en.ts';
import { noticeTitlesFr, phrasesFr } from './phrases-fr.ts';
import type { Lack } from './words.ts';

export interface Teller extends Translator<Phrase> {
  readonly span: (ms: number) => string;
  readonly role: (role: Role) => string;
  /** What is in the way, in one line; the agent's own words where there are no others. */
  readonly lacks: (lacks: readonly Lack[]) => string;
  /** Null: the agent's own clause is the title. */
  readonly noticeTitle: (code: string) => string | null;
}

const createTeller = (language: Language): Teller => {
  const words = createTranslator({ en: phrasesEn, fr: phrasesFr }, language);
  const lackOf = ({ rule, text }: Lack): string => (language === 'fr' ? (lackFr(rule) ?? text) : text);
  return {
    ...words,
    span: createFormat(language).span,
    role: (role) => words.t(`role.${role}`),
    lacks: (lacks) => lacks.map(lackOf).join('; '),
    noticeTitle: (code) => (language === 'fr' ? (noticeTitlesFr[code] ?? null) : null),
  };
};

const TELLER: Readonly<Record<Language, Teller>> = { en: createTeller('en'), fr: createTeller('fr') };

export const tellerOf = (language: Language): Teller => TELLER[language];
