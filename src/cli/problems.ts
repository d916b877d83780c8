import type { Problem } from '../config/parse.ts';

/** All problems of a file: place, sentence, remedy. */
export const problemLines = async (path: string, problems: readonly Problem[]): Promise<string> => {
  const { printProblem } = await import('../config/parse.ts');
  return problems.map((problem) => `${printProblem(path, problem)}\n`).join('');
};
