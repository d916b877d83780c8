import { fail, ok, type Result } from '../../src/core/result.ts';

/** Whether a name fits a pattern, in which `*` stands for any number of characters and `?` for one. */
export const matches = (pattern: string, name: string): boolean => {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'u').test(name);
};

/** The names that any of the patterns takes, each once, in the order of `names`. Fault: `scenario-unknown` for a pattern that takes none. */
export const select = (patterns: readonly string[], names: readonly string[]): Result<readonly string[]> => {
  const idle = patterns.find((pattern) => !names.some((name) => matches(pattern, name)));
  if (idle !== undefined) {
    return fail('scenario-unknown', `no scenario is called "${idle}"`, 'dualtone lab list shows them all');
  }
  return ok(names.filter((name) => patterns.some((pattern) => matches(pattern, name))));
};
