/** Patterns of the configuration, in which `*` stands for any letters. */

/** Case counts. */
export const patternOf = (pattern: string): RegExp => {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'su');
};

/** Whether `name` fits the pattern. */
export const matchesPattern = (pattern: string, name: string): boolean => patternOf(pattern).test(name);
