/** What several checks ask for is asked once, and kept for a moment. */
import type { Millis } from '../core/words.ts';

/** Concurrent callers share one question. A question that threw is asked again. */
export const createMemo = <T>(ask: () => Promise<T>, keepMs: Millis, now: () => number): (() => Promise<T>) => {
  let asked: { readonly at: number; readonly answer: Promise<T> } | null = null;
  return () => {
    if (asked !== null && now() - asked.at < keepMs) return asked.answer;
    const mine = { at: now(), answer: ask() };
    asked = mine;
    mine.answer.catch(() => {
      if (asked === mine) asked = null;
    });
    return mine.answer;
  };
};
