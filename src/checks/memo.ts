/** What several checks ask for is asked once, and kept for a moment. */
import type { Millis } from '../core/words.ts';

export interface Memo<T> {
  (): Promise<T>;
  /** Who asks next has it fresh. */
  forget(): void;
}

/** Concurrent callers share one question. A question that threw, or whose answer is not worth keeping, is asked again. */
export const createMemo = <T>(
  ask: () => Promise<T>,
  keepMs: Millis,
  now: () => number,
  isWorthKeeping: (answer: T) => boolean = () => true,
): Memo<T> => {
  let asked: { readonly at: number; readonly answer: Promise<T> } | null = null;
  const forget = (): void => {
    asked = null;
  };
  const recall = (): Promise<T> => {
    if (asked !== null && now() - asked.at < keepMs) return asked.answer;
    const mine = { at: now(), answer: ask() };
    asked = mine;
    const drop = (): void => {
      if (asked === mine) asked = null;
    };
    mine.answer.then((answer) => (isWorthKeeping(answer) ? undefined : drop()), drop);
    return mine.answer;
  };
  return Object.assign(recall, { forget });
};
