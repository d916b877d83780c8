/** Which of the patterns somebody waits for are concerned by a run, by one path each: a run of a million files stays small to tell. */
import { patternOf } from '../pattern.ts';

export interface Concerned {
  see(path: string): void;
  /** One path for each pattern that was hit since the last time. */
  take(): readonly string[];
}

export const createConcerned = (patterns: readonly string[]): Concerned => {
  const all = [...new Set(patterns)].map(patternOf);
  let open = all;
  let hit = new Set<string>();
  return {
    see: (path) => {
      const left = open.filter((pattern) => !pattern.test(path));
      if (left.length === open.length) return;
      open = left;
      hit.add(path);
    },
    take: () => {
      const paths = [...hit];
      open = all;
      hit = new Set();
      return paths;
    },
  };
};
