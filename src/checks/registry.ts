/** All checks there are. Whoever knows a prerequisite adds it here: replication, profiles, switches, alarms. */
import type { Definition } from './check.ts';

export interface Registry {
  /** Throws for an id that is taken or odd: a mistake of the program. */
  add(family: string, definitions: readonly Definition[]): void;
  /** In the order in which they were added. */
  all(): readonly Definition[];
  families(): readonly { readonly family: string; readonly definitions: readonly Definition[] }[];
}

const ID = /^[a-z0-9]+(-[a-z0-9]+)*$/;

export const createRegistry = (): Registry => {
  const definitionsByFamily = new Map<string, Definition[]>();
  const ids = new Set<string>();
  return {
    add: (family, definitions) => {
      const list = definitionsByFamily.get(family) ?? [];
      for (const definition of definitions) {
        const { id, everyMs, timeoutMs } = definition;
        if (!ID.test(id) || id.length > 64) throw new Error(`"${id}" is no id of a check`);
        if (ids.has(id)) throw new Error(`two checks are called ${id}`);
        if (!(timeoutMs > 0 && timeoutMs <= everyMs * 2)) throw new Error(`${id} may take longer than its turn`);
        ids.add(id);
        list.push(definition);
      }
      definitionsByFamily.set(family, list);
    },
    all: () => [...definitionsByFamily.values()].flat(),
    families: () => [...definitionsByFamily].map(([family, definitions]) => ({ family, definitions })),
  };
};
