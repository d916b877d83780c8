/** Which rows follow. */

/** Patterns of families (or of single rows): `*` stands for any letters, and what is below a family that fits belongs to it. */
export interface FamilyRules {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/**
 * What is true on one node only and never follows: who it is and its keys, subscriptions in the middle of their dialogs, files in
 * a cache of its own, and our own rows.
 */
const nodesOwn: readonly string[] = ['pbx/UUID', 'dundi', 'subscription_persistence', 'MediaCache', 'dualtone'];

/** Says of a path (`DND/100`) whether it follows. */
export type Follows = (path: string) => boolean;

const patternOf = (families: readonly string[]): RegExp => {
  const each = families.map((family) =>
    family
      .replace(/^\/|\/$/g, '')
      .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
      .replace(/\*+/g, '.*'),
  );
  return each.length === 0 ? /(?!)/ : new RegExp(`^(?:${each.join('|')})(?:/|$)`, 'su');
};

export const followsBy = ({ include, exclude }: FamilyRules): Follows => {
  const wanted = patternOf(include);
  const unwanted = patternOf([...exclude, ...nodesOwn]);
  return (path) => wanted.test(path) && !unwanted.test(path);
};
