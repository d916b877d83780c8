/** Patterns of the configuration, in which `*` stands for any letters. */

/** Case counts. */
export const patternOf = (pattern: string): RegExp => {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'su');
};

/** Whether `name` fits the pattern. Most are plain names: a run compares some sixty of them with each of two hundred tables. */
export const matchesPattern = (pattern: string, name: string): boolean =>
  pattern.includes('*') ? patternOf(pattern).test(name) : pattern === name;
